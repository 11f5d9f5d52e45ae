"""Reads USD, text, binary and package, by usd-core in a child process with limits (``usd_stage``)."""

import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import numpy as np
from numpy.typing import NDArray

from recon.errors import SceneFileError
from recon.file_info.geometry import Contents, Part
from recon.file_info.info import CameraInfo, Extent, FileInfo, read_comments
from recon.frames import Axes

_LEAST_BYTES, _BYTES_PER_BYTE = 2 << 30, 60
"""Of memory: this much, and so much more for each byte of the file."""
_LEAST_S, _BYTES_PER_S = 10.0, 1_000_000
"""Of a processor's time: this much, and a second more for so many bytes."""
_PATIENCE = 6
"""How many times longer it may take on a machine that has other work."""


def describe(path: Path) -> FileInfo:
    """Describes a USD file: every mesh and point cloud that its stage shows, in the stage's axes, in metres.

    Raises:
        SceneFileError: usd-core is not installed.
        ValueError: usd-core cannot read the file.
    """
    about, arrays = _read(path)
    extent = Extent()
    for part in range(about["parts"]):
        extent.add(arrays[f"points {part}"] * about["unit_m"])
    told: dict[str, Any] = {
        "camera": about["camera"] and CameraInfo(*about["camera"]),
        "axes": f"{about['up']} up",
        **read_comments(about["documentation"].splitlines()),
    }
    told |= {"unit": "m", "notes": (*told.get("notes", ()), *about["notes"], *extent.notes)}
    return FileInfo(
        path=path,
        format=f"USD, {path.suffix.lower().removeprefix('.')}",
        bytes=path.stat().st_size,
        points=about["points"],
        faces=about["faces"],
        colours=about["colours"],
        normals=about["normals"],
        **extent.fields,
        **told,
    )


def load(path: Path) -> Contents:
    """Every mesh and point cloud at every place where the stage shows it."""
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
        raise SceneFileError(f'{path}: reading USD needs usd-core: install it by pip install "recon[usd]".')
    if path.suffix.lower() == ".usdz" and not is_zipfile(path):
        raise ValueError("the package has no end")
    size = path.stat().st_size
    limit_s = _LEAST_S + size / _BYTES_PER_S
    root = str(Path(__file__).parents[2])
    search_path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    with tempfile.TemporaryDirectory(prefix="recon-usd-") as folder:
        output = Path(folder) / "stage.npz"
        command = [sys.executable, "-m", "recon.file_info.usd_stage", os.fspath(path), os.fspath(output)]
        try:
            ended = subprocess.run(
                [*command, str(_LEAST_BYTES + _BYTES_PER_BYTE * size), str(ceil(limit_s))],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False,
                timeout=_PATIENCE * limit_s, env={**os.environ, "PYTHONPATH": search_path},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise ValueError("usd-core takes longer for it than a file of its size should") from None
        if ended.returncode or not output.exists():
            raise ValueError(_problem(ended.stderr))
        with np.load(output, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    return json.loads(str(arrays.pop("about"))), arrays


def _problem(stderr: bytes) -> str:
    """The child's own sentence, which stands last; a crash leaves none."""
    last = stderr.decode("utf-8", "replace").splitlines()[-1:]
    try:
        return str(json.loads(last[0])["problem"])
    except (IndexError, ValueError, KeyError, TypeError):
        return "usd-core crashed on it, or asked for more time or memory than a file of its size should"
