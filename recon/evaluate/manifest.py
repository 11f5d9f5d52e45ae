"""Reads the list of photos and their ground-truth depth, ``pairs.json`` (docs/evaluation.md)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any

from recon.depth.measured import check_aspect
from recon.depth_map.read import DepthFile, read_depth
from recon.errors import ReconError
from recon.evaluate.error_model.fit import scene_of
from recon.strict_json import read_json, shown
from recon.types import Intrinsics, Photo

MANIFEST = "pairs.json"


class EvaluationError(ReconError):
    """The list of pairs or the folder of a report cannot be used."""


@dataclass(frozen=True)
class Pair:
    """A photo and its ground-truth depth, as file names."""

    name: str
    photo: Path
    depth: Path
    unit_m: float | None = None
    """Metres per stored unit; None: 0.001 for integers, 1 for floats."""
    camera_px: tuple[float, float, float, float] | None = None
    """fx, fy, cx, cy of the upright photo, px; the centre of the top-left pixel is (0.5, 0.5). None: unknown."""
    size_px: tuple[int, int] | None = None
    """Width and height of the upright photo according to the manifest."""
    kind: str = ""
    """The kind of sensor."""
    scene: str = ""
    """``indoor``, ``outdoor``, or any other label to group the report by."""
    place: str = ""
    """Pairs of one place are not independent samples; an error model counts them as one."""

    def camera(self, photo: Photo) -> Intrinsics | None:
        """The ground-truth camera of the upright photo, or None."""
        if self.camera_px is None:
            return None
        return Intrinsics(*self.camera_px, width=photo.width, height=photo.height, source="user")

    def read_truth(self, photo: Photo) -> DepthFile:
        """Reads the ground-truth depth on the grid of its file.

        Raises:
            ReconError: The file cannot be read, has no valid pixel, or shows another view.
        """
        if self.size_px is not None and self.size_px != (photo.width, photo.height):
            wanted = "x".join(map(str, self.size_px))
            raise EvaluationError(
                f"{self.photo}: the manifest gives {wanted} px, but the upright photo has "
                f"{photo.width}x{photo.height}."
            )
        truth = read_depth(self.depth, self.unit_m)
        check_aspect(self.depth, truth.z_m, photo)
        return truth


def read_manifest(path: Path) -> list[Pair]:
    """Reads a ``pairs.json`` file, or that of a folder. Does not check whether the listed files exist.

    Raises:
        EvaluationError: The file is missing, empty or not a list of pairs, or an entry is incomplete.
    """
    file = path / MANIFEST if path.is_dir() else path
    try:
        content = read_json(file)
    except OSError as error:
        problem = (
            f"{path} has no {MANIFEST}" if path.is_dir() else f"{file} cannot be read ({error.strerror})"
        )
        raise EvaluationError(
            f'{problem}. It lists photos and their ground-truth depth, e.g. {{"name": {{"rgb": "a.jpg", "depth": '
            '"a.png", "depth_units_per_metre": 1000, "K_fx_fy_cx_cy": [900, 900, 640, 480]}}.'
        ) from error
    except ValueError as error:
        raise EvaluationError(f"{file} is not a list of pairs: {error}.") from error
    if not isinstance(content, dict) or not content:
        raise EvaluationError(f"{file}: expected an object with one entry per pair, by name.")
    pairs = [_pair(name, entry, file) for name, entry in content.items()]
    return _with_places(pairs, content)


def _pair(name: str, entry: Any, file: Path) -> Pair:
    def wrong(problem: str) -> EvaluationError:
        return EvaluationError(f"{file}: {name[:60]}: {problem}.")

    if not isinstance(entry, Mapping):
        raise wrong('expected an object with "rgb" and "depth"')
    if not name or set(name) & set('/\\<>:"|?*') or name in (".", ".."):
        raise wrong("the name of a pair is used as a file name and contains invalid characters")
    for key in ("rgb", "depth"):
        if not isinstance(entry.get(key), str) or not entry[key]:
            raise wrong(f'"{key}" must be a file name, got {shown(entry.get(key))}')
    units = entry.get("depth_units_per_metre")
    if units is not None and not (_is_number(units) and units > 0):
        raise wrong(f'"depth_units_per_metre" must be a positive number, got {shown(units)}')
    camera = entry.get("K_fx_fy_cx_cy")
    if camera is not None:
        good = isinstance(camera, list) and len(camera) == 4 and all(_is_number(x) for x in camera)
        if not good or min(camera[:2]) <= 0:
            raise wrong(
                f'"K_fx_fy_cx_cy" must be four numbers in px, fx and fy positive, got {shown(camera)}'
            )
        first = entry.get("first_pixel_centre", 0.5)
        if first not in (0, 0.5):
            raise wrong(f'"first_pixel_centre" must be 0.5, or 0 (OpenCV), got {shown(first)}')
        moved = 0.5 - first
        camera = (float(camera[0]), float(camera[1]), camera[2] + moved, camera[3] + moved)
    size = entry.get("width_height")
    if size is not None and not (isinstance(size, list) and len(size) == 2 and all(map(_is_number, size))):
        raise wrong(f'"width_height" must be two numbers, got {shown(size)}')
    return Pair(
        name=name,
        photo=file.parent / entry["rgb"],
        depth=file.parent / entry["depth"],
        unit_m=None if units is None else 1 / units,
        camera_px=camera,
        size_px=None if size is None else (int(size[0]), int(size[1])),
        kind=str(entry.get("kind") or ""),
        scene=str(entry.get("scene") or ""),
    )


def _with_places(pairs: list[Pair], content: Mapping[str, Any]) -> list[Pair]:
    """Sets ``place`` from the entry; frames of a sequence (with poses and numbered names) share one place by
    default."""
    placed = []
    for pair in pairs:
        entry = content[pair.name]
        sequence = scene_of(pair.name, posed=entry.get("world_T_cam") is not None)
        placed.append(replace(pair, place=str(entry.get("place") or sequence or pair.name)))
    return placed


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
