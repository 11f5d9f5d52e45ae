"""Reads recon's own web pages from the JSON data near their beginning."""

from pathlib import Path
from typing import Any

import numpy as np

from recon.file_info.info import CameraInfo, Extent, FileInfo
from recon.strict_json import parse_json
from recon.types import Intrinsics

_BEFORE, _AFTER, _END = b'<script type="application/json" id="data">', b"</script>", b"</html>"
_REACH = 1 << 20  # bytes: the page's style comes before the data, its geometry after it
_NAMES = ("fx", "fy", "cx", "cy", "width", "height", "source")


def read(path: Path) -> FileInfo:
    """Describes a page written by the .html writer; the geometry itself is not unpacked."""
    data = _data(path)
    arrays, camera, extent = data["arrays"], data["camera"], Extent()
    extent.add(np.array([data["low_m"], data["high_m"]], np.float64))
    is_mesh = data["shape"] == "mesh"
    return FileInfo(
        path=path,
        format=f"web page, {'mesh' if is_mesh else 'cloud'}",
        bytes=path.stat().st_size,
        points=_count(arrays, "position"),
        faces=_count(arrays, "face") if is_mesh else 0,
        colours="texture" if is_mesh else "vertex",
        camera=CameraInfo.from_intrinsics(Intrinsics(*(camera[name] for name in _NAMES))),
        axes=str(data["axes"]),
        unit="m",
        provenance={"generator": data["generator"], **data["provenance"]},
        **extent.fields,
    )


def _data(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        start = file.read(_REACH)
        size = file.seek(0, 2)
        file.seek(max(0, size - 64))
        if not file.read().rstrip().endswith(_END):
            raise ValueError("its end is missing")
    _, opened, rest = start.partition(_BEFORE)
    text, closed, _ = rest.partition(_AFTER)
    if not opened or not closed:
        raise ValueError("it was not written by recon")
    data: dict[str, Any] = parse_json(text)
    return data


def _count(arrays: dict[str, Any], name: str) -> int:
    count = arrays[name]["count"]
    if not isinstance(count, int) or count < 0:
        raise ValueError(f"its count of {name}s is {count}")
    return count
