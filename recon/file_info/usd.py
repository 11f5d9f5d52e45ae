"""Reads USD, text, binary and package, by usd-core in a process with limits (``usd_stage``)."""

import json
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import numpy as np
from numpy.typing import NDArray

from recon.errors import SceneFileError, to_add
from recon.file_info.geometry import Contents, Part
from recon.file_info.info import CameraInfo, Extent, FileInfo, read_comments
from recon.file_info.referenced_files import allowed_folders
from recon.frames import Axes
from recon.limited_process import run_limited
from recon.temporary_folders import process_folder


def describe(path: Path) -> FileInfo:
    """Describes a USD file: every visible mesh and point cloud of its stage, in the stage's axes, in metres.

    Raises:
        SceneFileError: usd-core is not installed.
        ValueError: usd-core cannot read the file.
    """
    about, arrays = _read(path)
    extent = Extent()
    for part in range(about["parts"]):
        extent.add(arrays[f"points {part}"] * about["unit_m"])
    metadata: dict[str, Any] = {
        "camera": about["camera"] and CameraInfo(*about["camera"]),
        "axes": f"{about['up']} up",
        **read_comments(about["documentation"].splitlines()),
    }
    metadata |= {"unit": "m", "notes": (*metadata.get("notes", ()), *about["notes"], *extent.notes)}
    return FileInfo(
        path=path,
        format=f"USD, {path.suffix.lower().removeprefix('.')}",
        bytes=path.stat().st_size,
        points=about["points"],
        faces=about["faces"],
        colours=about["colours"],
        normals=about["normals"],
        **extent.fields,
        **metadata,
    )


def load(path: Path) -> Contents:
    """Loads every visible instance of every mesh and point cloud."""
    about, arrays = _read(path)
    parts = [
        Part(arrays[f"points {n}"], arrays.get(f"triangles {n}"), arrays.get(f"rgb {n}"))
        for n in range(about["parts"])
    ]
    axes: Axes = "z-up" if about["up"] == "Z" else "y-up"
    camera = read_comments(about["documentation"].splitlines()).get("camera")
    return Contents(parts, axes, about["unit_m"], tuple(about["notes"]), camera)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    if find_spec("pxr") is None:
        raise SceneFileError(f"{path}: reading USD needs usd-core: install it with {to_add('usd')}.")
    if path.suffix.lower() == ".usdz" and not is_zipfile(path):
        raise ValueError("the package has no end")
    with tempfile.TemporaryDirectory(prefix="usd-", dir=process_folder()) as folder:
        output = Path(folder) / "stage.npz"
        size = path.stat().st_size
        run_limited(
            "recon.file_info.usd_stage",
            (path, output, *allowed_folders()),
            file_bytes=size,
            library="usd-core",
        )
        # Of our own process: as large as the stage that it was allowed to read.
        with np.load(output, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    return json.loads(str(arrays.pop("about"))), arrays
