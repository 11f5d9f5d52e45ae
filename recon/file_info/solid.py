"""Describes 3MF files, such as the reliefs of recon: size in millimetres, and number of triangles."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, XMLPullParser

import numpy as np

from recon.file_info.geometry import MOST_POINTS
from recon.file_info.info import Extent, FileInfo

_MODEL = "3D/3dmodel.model"
_UNITS_MM = {
    "micron": 0.001,
    "millimeter": 1.0,
    "centimeter": 10.0,
    "inch": 25.4,
    "foot": 304.8,
    "meter": 1000.0,
}
_READ = 1 << 20
_BATCH = 100_000
_COLOURED = ("color", "basematerials", "texture2d")


def read(path: Path) -> FileInfo:
    """Describes the model in a 3MF package; parts are where their own coordinates put them."""
    extent, triangles, count, notes = Extent(), 0, 0, list[str]()
    points, scale, coloured = list[tuple[float, ...]](), 1.0, False
    for element in _elements(path):
        tag = element.tag.rpartition("}")[2]
        if tag == "vertex":
            points.append(tuple(float(element.get(axis, "nan")) for axis in "xyz"))
            count += 1
            if len(points) == _BATCH:
                extent.add(np.array(points))
                points.clear()
            if count > MOST_POINTS:
                raise ValueError(f"it has over {MOST_POINTS:,} points")
        elif tag == "triangle":
            triangles += 1
        elif tag == "model":
            scale = _UNITS_MM[element.get("unit", "millimeter")]
        elif tag in ("item", "component") and element.get("transform") is not None:
            notes = ["its parts are moved or turned; the extent is that of the parts as they are stored"]
        coloured = coloured or tag in _COLOURED
    if points:
        extent.add(np.array(points))
    extent.low, extent.high = extent.low * scale, extent.high * scale
    return FileInfo(
        path=path,
        format="3MF",
        bytes=path.stat().st_size,
        points=count,
        faces=triangles,
        unit="mm",
        colours="vertex" if coloured else "none",
        notes=(*notes, *extent.notes),
        **extent.fields,
    )


def _elements(path: Path) -> Iterator[Element]:
    """The elements of the model as they end, each without what is in it."""
    parser: Any = XMLPullParser(("start", "end"))
    above: list[Element] = []
    with zipfile.ZipFile(path) as archive, archive.open(_MODEL) as file:
        while block := file.read(_READ):
            parser.feed(block)
            for event, element in parser.read_events():
                if event == "start":
                    above.append(element)
                    continue
                above.pop()
                yield element
                if above:
                    del above[-1][:]  # a model has millions of them
        parser.close()
