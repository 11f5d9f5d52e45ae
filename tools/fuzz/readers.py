"""Every file reader, as a function of the file. The only exception that it may raise is ``ReconError``."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from recon.types import MetricDepth, Photo, RelativeDepth

Read = Callable[[Path], None]


def photo(path: Path) -> None:
    """A photo, with its embedded depth if there is any."""
    from recon.photo.read import read_photo

    photo = read_photo(path, max_pixels=20_000_000)
    if photo.carried is not None:
        photo.carried.read()


def depth(path: Path) -> None:
    """A depth file of any format."""
    from recon.depth_map.read import read_depth

    read_depth(path)


def scene(path: Path) -> None:
    """A scene file, and what is derived from it."""
    from recon.scene import Scene

    scene = Scene.load(path)
    scene.cloud()
    json.dumps(scene.provenance.as_dict(), allow_nan=False)


def info(path: Path) -> None:
    """Files of ``recon info`` and the viewer: exported files, photos, scenes."""
    from recon.file_info.describe import describe, is_geometry, read_geometry

    description = describe(path)
    description.rows()
    json.dumps(description.as_dict())
    if is_geometry(path) and path.suffix != ".html":
        read_geometry(path)


def constraints(path: Path) -> None:
    """``--constraints``."""
    from recon.constraint_text import read_constraints

    read_constraints(path)


def calibration(path: Path) -> None:
    """``--calibration``, and its use."""
    from recon.calibration.calibration import apply, load

    calibration = load(path)
    valid = np.ones((6, 8), bool)
    ramp = np.linspace(0.5, 20, 48, dtype=np.float32).reshape(6, 8)
    apply(
        calibration,
        RelativeDepth(np.reciprocal(ramp), valid)
        if calibration.kind == "relative"
        else MetricDepth(ramp, valid),
    )


def error_model(path: Path) -> None:
    """``--error-model``."""
    from recon.calibration.error_models import read_error_models

    for model in read_error_models(path).values():
        model.covariance(np.array([[1.0, 2.0], [3.0, 4.0]]), width=8, height=6, calibrated=True)


def manifest(path: Path) -> None:
    """``recon eval``'s list."""
    from recon.evaluate.manifest import read_manifest

    for pair in read_manifest(path):
        pair.camera(Photo(np.zeros((6, 8, 3), np.uint8)))


def record(path: Path) -> None:
    """A folder's batch.jsonl, with ``--resume``."""
    from recon.batch.run_log import Record

    with Record(path.parent, {"a": 1}) as run_log:
        for output in ("a.ply", "b.ply"):
            if run_log.is_done(output, [path]):
                run_log.changed(output)
            run_log.is_ours(output)
            run_log.other_settings([output])


def rows(path: Path) -> None:
    """An evaluation's rows.jsonl, with ``--resume``."""
    from recon.evaluate.evaluate_pair import Settings
    from recon.evaluate.results_file import RowFile

    list(RowFile(path, Settings(), resume=True))


def reference(path: Path) -> None:
    """``--reference``: a CSV file, or one file of a COLMAP model."""
    from recon.depth.sparse_points import SparsePoints
    from recon.journal import Journal

    where = path if path.suffix == ".csv" else path.parent
    picture = Photo(np.zeros((60, 80, 3), np.uint8), path="photo.jpg")
    SparsePoints(where).estimate(picture, focal_px=None, journal=Journal())


def checkpoint(path: Path) -> None:
    """``--model hf:FOLDER``."""
    from recon.depth.estimator import RunOptions
    from recon.depth.hub.checkpoint_cache import Snapshot
    from recon.depth.registry import create

    create(f"hf:{path.parent}", RunOptions(offline=True))
    kind = json.loads((path.parent / "config.json").read_bytes()).get("model_type")
    if kind == "depth_anything":
        from recon.depth.depth_anything import load

        load(Snapshot(path.parent))


def viewer(path: Path) -> None:
    """The saved settings of the viewer; damaged ones are ignored."""
    from recon_viewer.model.settings import load

    load(path)


def video(path: Path) -> None:
    """The first frames of a video."""
    from recon.video.reader import Clip

    for _, _frame in zip(range(2), Clip.open(path).frames(), strict=False):
        pass


READERS: dict[str, Read] = {
    each.__name__: each
    for each in (
        photo, depth, scene, info, constraints, calibration, error_model, manifest, record, rows, reference,
        checkpoint, viewer, video,
    )
}  # fmt: skip
