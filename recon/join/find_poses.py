"""Finds where photos of one place were taken from, by pycolmap: features, matches and incremental mapping."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
from numpy.typing import NDArray

from recon.errors import CalibrationError, to_add
from recon.join.alike_pairs import most_pairs
from recon.join.bundle import bundle_of
from recon.join.bundle_covariance import pose_covariance
from recon.join.joined_scene import LeftOut
from recon.join.poses import CameraPose, Poses
from recon.journal import Journal
from recon.limited_process import run_limited
from recon.strict_npz import open_npz
from recon.temporary_folders import process_folder
from recon.threads import cores
from recon.types import FocalSource, Intrinsics, Photo

_LONGEST_PX = 1600
"""Features of larger pictures cost time and improve the poses hardly."""
_S_PER_PICTURE, _S_PER_PAIR = 60, 10
"""Limit of processor time, for machines that are busy or slow."""
_KNOWN_FOCAL, _GUESSED_FOCAL = 0.01, 0.2
"""Standard deviation of the logarithm of a focal length that is known (35 mm equivalents are rounded to 1 mm), and of
one that is guessed (95 % of the fields of view from 43 to 81 degrees)."""
_LENS = 0.02
"""Standard deviation of the radial distortion of a lens of which nothing is known: about 1 % at the corners."""
_HELP = (
    "photos of one place need overlap (each shows at least half of what another shows), texture (not bare walls), "
    "and a step to the side between them, not only a turn; or give the poses with --poses"
)


def find_poses(
    photos: Sequence[Photo],
    cameras: Sequence[Intrinsics | None],
    journal: Journal,
    *,
    undistorted: bool = False,
) -> Poses:
    """The poses of the photos that can be placed, up to one common scale, and points that several of them show.

    Args:
        photos: Two or more.
        cameras: The known camera of each photo, which is kept; None: estimated, one for all photos of one size.
        journal: Receives the progress.
        undistorted: Whether the distortion of the lens is known, and was removed.

    Raises:
        CalibrationError: pycolmap is not installed, or it could not place two of the photos.
    """
    if find_spec("pycolmap") is None:
        raise CalibrationError(
            f"finding where the photos were taken needs pycolmap: {to_add('join')}; or give the poses with --poses"
        )
    with tempfile.TemporaryDirectory(prefix="join-", dir=process_folder()) as folder:
        _write(Path(folder), photos, cameras)
        output = Path(folder) / "poses.npz"
        seconds = _S_PER_PICTURE * len(photos) + _S_PER_PAIR * most_pairs(len(photos))
        with journal.stage(f"Finding the poses of {len(photos)} photos"):
            try:
                run_limited(
                    "recon.join.mapping_process",
                    (folder, output, str(cores())),
                    file_bytes=seconds * 1_000_000,
                    library="pycolmap",
                )
                with open_npz(output) as archive:
                    arrays = {name: archive.read(name) for name in archive.names}
            except (OSError, ValueError) as error:
                raise CalibrationError(f"the poses of the photos could not be found: {error}") from error
    return _poses(arrays, photos, cameras, lens_sigma=0.0 if undistorted else _LENS)


def _write(folder: Path, photos: Sequence[Photo], cameras: Sequence[Intrinsics | None]) -> None:
    """The pictures, reduced, and the list of cameras: one for each known camera, and one for each size else."""
    (folder / "images").mkdir()
    groups: dict[Any, dict[str, Any]] = {}
    for index, (photo, camera) in enumerate(zip(photos, cameras, strict=True)):
        width, height = _reduced(photo)
        name = f"{index:06}.png"
        bgr = cv2.cvtColor(photo.rgb, cv2.COLOR_RGB2BGR)
        if (width, height) != (photo.width, photo.height):
            bgr = cv2.resize(bgr, (width, height), interpolation=cv2.INTER_AREA)
        if not cv2.imwrite(str(folder / "images" / name), bgr, [cv2.IMWRITE_PNG_COMPRESSION, 1]):
            raise CalibrationError(f"the folder for temporary files, {folder.parent}, cannot be written")
        size = {"width": photo.width, "height": photo.height}
        used = (camera or Intrinsics.default(**size)).resized(width=width, height=height)
        params = [used.fx, used.fy, used.cx, used.cy] if camera else [used.fx, used.cx, used.cy]
        key = (width, height, *params)
        groups.setdefault(key, {"names": [], "params": params, "known": camera is not None})
        groups[key]["names"].append(name)
    (folder / "cameras.json").write_text(json.dumps(list(groups.values())), "utf-8")


def _reduced(photo: Photo) -> tuple[int, int]:
    """Width and height of the picture for the features, px."""
    factor = min(1.0, _LONGEST_PX / max(photo.width, photo.height))
    return max(round(photo.width * factor), 1), max(round(photo.height * factor), 1)


def _poses(
    arrays: Mapping[str, NDArray[Any]],
    photos: Sequence[Photo],
    cameras: Sequence[Intrinsics | None],
    *,
    lens_sigma: float,
) -> Poses:
    names = [str(name) for name in arrays.get("names", ())]
    if len(names) < 2:
        raise CalibrationError(f"fewer than two of the {len(photos)} photos show the same things: {_HELP}")
    by_photo, focal_sigmas = {}, []
    for row, name in enumerate(names):
        index = int(Path(name).stem)
        photo, of_it = photos[index], arrays["image"] == row
        width, height = _reduced(photo)
        fx, fy, cx, cy = map(float, arrays["params"][row])
        # Two views determine no focal length, so that the guess was kept.
        source: FocalSource = "fit" if len(photos) > 2 else "default"
        found = Intrinsics(fx, fy, cx, cy, width, height, source)
        kept = _GUESSED_FOCAL if source == "default" else None
        focal_sigmas.append(kept if cameras[index] is None else _KNOWN_FOCAL)
        by_photo[index] = CameraPose(
            world_T_cam=arrays["world_T_cam"][row],
            intrinsics=cameras[index] or found.resized(width=photo.width, height=photo.height),
            points_px=arrays["px"][of_it] * (photo.width / width, photo.height / height),
            points_z=arrays["z"][of_it],
        )
    missing = [index for index in range(len(photos)) if index not in by_photo]
    left_out = tuple(
        LeftOut(photos[index].name or f"photo {index + 1}", "it shares too few details with the other photos")
        for index in missing
    )
    # The names are sorted, and with them the indices.
    covariance = pose_covariance(bundle_of(arrays, range(len(names)), focal_sigmas, lens_sigma=lens_sigma))
    return Poses(by_photo, "pycolmap", left_out=left_out, covariance=covariance)
