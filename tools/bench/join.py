"""Figures of joined photos: poses, recovered scale, and whether its 95 % interval contains the truth.

python -m tools.bench.join walks [--photos 2 5 10] [--seeds 3]     pycolmap's own poses on generated walks
python -m tools.bench.join kinect FOLDER [--photos 2 5 20]     7-Scenes frames with measured depth
python -m tools.bench.join fit [--photos 50]     time and memory of the fit alone
python -m tools.bench.join photos FOLDER --photos 50     2-megapixel photos for `recon join FOLDER --fov 68`
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from recon.errors import CalibrationError
from recon.frames import Transform
from recon.join.join_photos import join_photos
from recon.join.joined_scene import JoinedScene
from recon.join.joint_fit import joint_fit
from recon.join.photo_set import NamedPhoto
from recon.join.posed_view import PosedView
from recon.join.poses import Poses
from recon.join.view_problem import view_problem
from recon.journal import Journal
from recon.options import Options
from recon.photo.read import read_photo
from recon.types import DepthEstimate, DepthKind, Intrinsics, Photo
from tools.bench.timing import table
from tools.sequences.spoiled import spoiled, true_length
from tools.sequences.walk import walk


class _Truth:
    """An estimator that knows the depth of the photos."""

    name = "measured"
    gives: DepthKind = "metric"

    def __init__(self, views: Sequence[PosedView]) -> None:
        self._depth = {view.photo.name: view.depth for view in views}

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        return DepthEstimate(self._depth[photo.name], self.name)


@dataclass(frozen=True)
class _Errors:
    """Of joined photos against the truth, relative to the first of them."""

    registered: int
    place_cm: float
    turn_deg: float
    scale: float
    """Of the distances between the cameras: 0.01 is 1 % too long."""
    interval: float


def _errors(scene: JoinedScene, views: Sequence[PosedView]) -> _Errors:
    by_name = {view.photo.name: view.world_T_cam for view in views}
    true_first = np.linalg.inv(by_name[scene.views[0].photo.name])
    places, turns, ratios = [], [], []
    for view in scene.views[1:]:
        truth: Transform = true_first @ by_name[view.photo.name]
        places.append(np.linalg.norm(view.centre_m - truth[:3, 3]))
        cos = (np.trace(view.world_T_cam[:3, :3].T @ truth[:3, :3]) - 1) / 2
        turns.append(np.degrees(np.arccos(np.clip(cos, -1, 1))))
        ratios.append(np.linalg.norm(view.centre_m) / np.linalg.norm(truth[:3, 3]))
    return _Errors(
        len(scene.views),
        100 * float(np.sqrt(np.mean(np.square(places)))),
        float(np.sqrt(np.mean(np.square(turns)))),
        float(np.median(ratios)) - 1,
        scene.scale_interval or 0.0,
    )


def _joined(views: Sequence[PosedView], poses: Poses | None, *, known_camera: bool) -> JoinedScene:
    photos = [NamedPhoto(str(view.photo.name), view.photo, str(view.photo.name)) for view in views]
    k = views[0].intrinsics
    options = Options(intrinsics=(k.fx, k.fy, k.cx, k.cy) if known_camera else None)
    return join_photos(photos, options, Journal(), poses=poses, estimator=_Truth(views))


def _row(
    title: str, views: Sequence[PosedView], poses: Poses | None = None, *, known_camera: bool = True
) -> list[str]:
    began = time.perf_counter()
    try:
        found = _errors(_joined(views, poses, known_camera=known_camera), views)
    except CalibrationError as error:
        return [title, f"0 of {len(views)}", str(error)[:60], "", "", "", ""]
    seconds = time.perf_counter() - began
    return [
        title,
        f"{found.registered} of {len(views)}",
        f"{found.place_cm:.2f} cm",
        f"{found.turn_deg:.2f}°",
        f"{100 * found.scale:+.2f} %",
        f"± {100 * found.interval:.1f} %",
        f"{seconds:.0f} s",
    ]


_TITLES = ("photos", "joined", "place, RMS", "turn, RMS", "scale", "95 % interval", "time")


def walks(counts: Sequence[int], seeds: int) -> str:
    """Generated walks with true depth of a sensor, and poses of pycolmap."""
    rows = []
    for count in counts:
        for seed in range(seeds):
            views = walk(count, seed=seed, width=480, height=360).views
            rows.append(_row(f"{count}, walk {seed}", views))
            print(rows[-1], file=sys.stderr, flush=True)
    return table(_TITLES, rows)


def kinect(folder: Path, counts: Sequence[int]) -> str:
    """Frames of 7-Scenes with the depth of the sensor and pycolmap's poses.

    The focal length of the dataset is that of the depth camera, which the photos were not registered to.
    """
    pairs = json.loads((folder / "pairs.json").read_text("utf-8"))
    names = sorted(name for name in pairs if name.startswith("7scenes_"))
    views = [_frame(folder, pairs[name]) for name in names]
    rows = []
    for count in counts:
        # Neighbours stand a centimetre apart.
        some = [views[k] for k in np.linspace(0, len(views) - 1, count).round().astype(int)]
        for known in (True, False):
            focal = "585 px" if known else "estimated"
            rows.append(_row(f"{count}, focal length {focal}", some, known_camera=known))
            print(rows[-1], file=sys.stderr, flush=True)
    return table(_TITLES, rows)


def _frame(folder: Path, pair: dict) -> PosedView:
    from recon.depth.measured import Measured

    photo = read_photo(folder / pair["rgb"])
    fx, fy, cx, cy = pair["K_fx_fy_cx_cy"]
    # The dataset has the centre of the first pixel at 0.
    camera = Intrinsics(fx, fy, cx + 0.5, cy + 0.5, photo.width, photo.height)
    unit_m = 1 / pair["depth_units_per_metre"]
    depth = Measured(folder / pair["depth"], unit_m).estimate(photo, focal_px=None, journal=Journal()).depth
    turn, _, other = np.linalg.svd(np.array(pair["world_T_cam"])[:3, :3])
    world_T_cam = np.array(pair["world_T_cam"])
    world_T_cam[:3, :3] = turn @ other
    return PosedView(photo, camera, world_T_cam, depth)  # type: ignore[arg-type]


def photos(folder: Path, count: int) -> str:
    """Writes the photos of a walk around a room, 6 degrees apart."""
    folder.mkdir(parents=True, exist_ok=True)
    for view in walk(count, width=1632, height=1224).views:
        place = folder / str(view.photo.name)
        Image.fromarray(view.photo.rgb).save(place.with_suffix(".jpg"), quality=92)
    return f"{count} photos in {folder}"


def fit(count: int) -> str:
    """The fit alone, for relative depth with one known length."""
    views = walk(3, width=160, height=120).views
    rng = np.random.default_rng(0)
    known = true_length(views[0], (20.5, 60.5), (140.5, 70.5))
    datas = [
        spoiled(views[k % 3], rng, kind="relative", unit_m=2.0, constraints=(known,) if k == 0 else ())
        for k in range(count)
    ]
    began = time.process_time()
    problems = [view_problem(each) for each in datas]
    prepared = time.process_time() - began
    fitted = joint_fit(problems, unit_sigma=None)
    total = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return (
        f"{count} photos: {prepared:.1f} s of the processor to prepare them, {total - prepared:.1f} s for the "
        f"joint fit, {peak:.0f} MB peak, scale {100 * (fitted.metres_per_unit / 2 - 1):+.1f} %"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("walks", "kinect", "fit", "photos"))
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--photos", type=int, nargs="+", default=[2, 5, 10])
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    if given.what == "kinect":
        print(kinect(given.folder, given.photos))
    elif given.what == "photos":
        print(photos(given.folder, given.photos[0]))
    elif given.what == "walks":
        print(walks(given.photos, given.seeds))
    else:
        print(fit(given.photos[0]))
