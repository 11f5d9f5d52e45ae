"""Extracts the visible geometry of a USD stage with usd-core; the child process of ``recon.file_info.usd``.

``python -m recon.file_info.usd_stage MOST_BYTES MOST_SECONDS FILE OUTPUT.npz [ALLOWED...]`` writes the arrays and a
description in JSON; files outside the folders ALLOWED are not used. It is a separate process, since damaged files
crash usd-core, or make it allocate any amount of memory.
"""

import json
import sys
from collections.abc import Iterator
from io import BytesIO
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pxr import Ar, Gf, Usd, UsdGeom, UsdShade, UsdUtils

from recon.file_info.colours import from_linear, sampled
from recon.file_info.geometry import MOST_POINTS, fan
from recon.file_info.referenced_files import is_allowed, only_within
from recon.limited_process import fail, limit

_MOST_PRIMS = 1_000_000
_LONGEST_SHOWN, _MOST_NAMES = 120, 5
Place = tuple[Any, Gf.Matrix4d]
"""A prim, and the matrix from its points to the stage; Gf's matrices are for row vectors."""


class VisibleGeometry:
    """Collects the geometry of a stage that a renderer would show."""

    def __init__(self, stage: Any) -> None:
        self.stage, self.time = stage, Usd.TimeCode.EarliestTime()
        self.places = UsdGeom.XformCache(self.time)
        self.arrays: dict[str, NDArray[Any]] = {}
        self.notes: list[str] = []
        self.points = self.faces = self.parts = 0
        self.normals, self.colours = False, "none"
        self.camera: tuple[float, float] | None = None

    def walk(self) -> None:
        """Visits everything once, and instances at their places."""
        for prim, world in self._places(self.stage.GetPseudoRoot()):
            if prim.IsA(UsdGeom.Camera):
                lens = UsdGeom.Camera(prim).GetCamera(self.time)
                field = lens.GetFieldOfView(lens.FOVHorizontal), lens.GetFieldOfView(lens.FOVVertical)
                self.camera = self.camera or field
            elif prim.IsA(UsdGeom.PointBased) and _is_visible(prim):
                self._add(prim, world)
            elif prim.IsA(UsdGeom.Gprim) and _is_visible(prim):
                self._note(f"its {_plain(prim.GetTypeName())} prims are not read: convert them to meshes")
        if self.stage.GetCompositionErrors():
            self._note("a file or prim that it refers to is missing, and left out" + self._missing())

    def _missing(self) -> str:
        """The names of missing files of scenes, in brackets."""
        _, _, unresolved = UsdUtils.ComputeAllDependencies(self.stage.GetRootLayer().realPath)
        names = [_plain(path.rpartition("/")[2]) for path in unresolved if ".usd" in path.lower()]
        return f" ({', '.join(names[:_MOST_NAMES])})" if names else ""

    def _places(self, root: Any) -> Iterator[Place]:
        prims = iter(Usd.PrimRange(root, Usd.TraverseInstanceProxies()))
        for count, prim in enumerate(prims):
            if count > _MOST_PRIMS:
                raise ValueError(f"it has over {_MOST_PRIMS:,} parts")
            if prim.IsA(UsdGeom.PointInstancer):
                prims.PruneChildren()
                if _is_visible(prim):
                    yield from self._copies(prim)
            else:
                yield prim, self.places.GetLocalToWorldTransform(prim)

    def _copies(self, prim: Any) -> Iterator[Place]:
        """The instances of a point instancer: one prototype per point."""
        instancer, world = UsdGeom.PointInstancer(prim), self.places.GetLocalToWorldTransform(prim)
        which = instancer.GetProtoIndicesAttr().Get(self.time) or ()
        moves = instancer.ComputeInstanceTransformsAtTime(self.time, self.time)
        roots = [self.stage.GetPrimAtPath(path) for path in instancer.GetPrototypesRel().GetTargets()]
        inside = [
            [(each, place * self.places.GetLocalToWorldTransform(root).GetInverse())
             for each, place in self._places(root)]
            for root in roots
        ]  # fmt: skip
        for proto, move in zip(which, moves, strict=False):
            for each, place in inside[proto]:
                yield each, place * move * world

    def _add(self, prim: Any, world: Gf.Matrix4d) -> None:
        shape = UsdGeom.PointBased(prim)
        points = np.array(shape.GetPointsAttr().Get(self.time) or np.empty((0, 3)), np.float64)
        self.points += len(points)
        if self.points > MOST_POINTS:
            raise ValueError(f"it has over {MOST_POINTS:,} points")
        matrix = np.array(world)
        self._keep("points", points @ matrix[:3, :3] + matrix[3, :3])
        self.normals = self.normals or bool(shape.GetNormalsAttr().Get(self.time))
        corners = None
        if prim.IsA(UsdGeom.Mesh):
            mesh = UsdGeom.Mesh(prim)
            counts = np.array(mesh.GetFaceVertexCountsAttr().Get(self.time) or (), np.int64)
            corners = np.array(mesh.GetFaceVertexIndicesAttr().Get(self.time) or (), np.int64)
            if (counts < 0).any() or counts.sum() != len(corners):
                raise ValueError("its faces are incomplete")
            self.faces += len(counts)
            left_handed = mesh.GetOrientationAttr().Get() == UsdGeom.Tokens.leftHanded
            triangles = fan(counts, corners)
            mirrored = bool(np.linalg.det(matrix[:3, :3]) < 0)
            self._keep("triangles", triangles[:, ::-1] if left_handed != mirrored else triangles)
        self._colour(prim, len(points), corners)
        self.parts += 1

    def _colour(self, prim: Any, count: int, corners: NDArray[np.int64] | None) -> None:
        texture = _texture_of(prim)
        shown = UsdGeom.Gprim(prim).GetDisplayColorPrimvar()
        if texture is not None:
            self.colours = "texture"
            uv = _per_point(UsdGeom.PrimvarsAPI(prim), _coordinates(prim), count, corners, self.time)
            picture = _opened(texture)
            if picture is None:
                self._note(f"the texture {texture.path} is missing or cannot be read")
            elif uv is not None:
                self._keep("rgb", sampled(picture, uv))
        elif shown and shown.HasValue():
            self.colours = "vertex" if self.colours == "none" else self.colours
            linear = _spread(shown, count, corners, self.time)
            if linear is not None:
                self._keep("rgb", from_linear(linear))

    def _keep(self, name: str, array: NDArray[Any]) -> None:
        self.arrays[f"{name} {self.parts}"] = array

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def about(self) -> dict[str, Any]:
        """The description that the parent process needs in addition to the arrays."""
        return {
            "points": self.points, "faces": self.faces, "normals": self.normals, "colours": self.colours,
            "camera": self.camera, "parts": self.parts, "notes": self.notes,
            "unit_m": UsdGeom.GetStageMetersPerUnit(self.stage), "up": str(UsdGeom.GetStageUpAxis(self.stage)),
            "documentation": self.stage.GetRootLayer().documentation,
        }  # fmt: skip


def _plain(name: Any) -> str:
    """A name of the file for a note."""
    text = "".join(letter for letter in str(name) if letter.isprintable())
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _is_visible(prim: Any) -> bool:
    """Whether a prim is neither hidden nor a helper object of the program that wrote it."""
    shape = UsdGeom.Imageable(prim)
    purpose = shape.ComputePurpose()
    return shape.ComputeVisibility() != "invisible" and purpose not in ("guide", "proxy")


def _texture_of(prim: Any) -> Any:
    """The asset of the texture in the material; None if there is none."""
    material, _ = UsdShade.MaterialBindingAPI(prim).ComputeBoundMaterial()
    for child in Usd.PrimRange(material.GetPrim()) if material else ():
        shader = UsdShade.Shader(child)
        if shader and shader.GetIdAttr().Get() == "UsdUVTexture":
            file = shader.GetInput("file")
            return file.Get() if file else None
    return None


def _opened(asset: Any) -> Image.Image | None:
    """Opens a texture next to the file, or within its package."""
    path = asset.resolvedPath
    opened = Ar.GetResolver().OpenAsset(Ar.ResolvedPath(path)) if path and _is_allowed(path) else None
    if opened is None:
        return None
    try:
        with Image.open(BytesIO(opened.GetBuffer())) as picture:
            return picture.convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError):
        return None


def _is_allowed(path: str) -> bool:
    """Of a file, or of one in a package such as ``a.usdz[b.png]``."""
    return is_allowed(Path(Ar.SplitPackageRelativePathOuter(path)[0]))


def _coordinates(prim: Any) -> str:
    """The name of its texture coordinates: ``st`` by convention, otherwise the first primvar of this type."""
    named = [each.GetPrimvarName() for each in UsdGeom.PrimvarsAPI(prim).GetPrimvars()
             if each.GetTypeName().cppTypeName == "VtArray<GfVec2f>"]  # fmt: skip
    return "st" if "st" in named or not named else str(named[0])


def _per_point(api: Any, name: str, count: int, corners: Any, time: Any) -> NDArray[np.float64] | None:
    primvar = api.GetPrimvar(name)
    return _spread(primvar, count, corners, time) if primvar and primvar.HasValue() else None


def _spread(
    primvar: Any, count: int, corners: NDArray[np.int64] | None, time: Any
) -> NDArray[np.float64] | None:
    """A primvar's values, one per point (the last, if there are several); None if per face, or damaged."""
    flat = primvar.ComputeFlattened(time)
    values = np.array(flat if flat is not None else (), np.float64)
    if values.ndim != 2 or not len(values):
        return None
    if len(values) == 1:
        return np.tile(values, (count, 1))
    if len(values) == count:
        return values
    if corners is not None and len(values) == len(corners):
        spread = np.zeros((count, values.shape[1]))
        spread[corners] = values
        return spread
    return None


def _visible(path: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Description and arrays of a stage."""
    stage = Usd.Stage.Open(path)
    unit_m = UsdGeom.GetStageMetersPerUnit(stage)
    if not 0 < unit_m < inf:
        raise ValueError(f"it states {unit_m:g} m per unit")
    shown = VisibleGeometry(stage)
    shown.walk()
    if not all(_is_allowed(layer.realPath) for layer in stage.GetUsedLayers() if layer.realPath):
        raise ValueError("it refers to a file outside the allowed folders")
    return shown.about(), shown.arrays


def main() -> int:
    """Reads one stage; a message on stderr and 1 where it cannot be read."""
    most_bytes, most_s, path, output, *allowed = sys.argv[1:]
    limit(most_bytes, most_s)
    try:
        with only_within([Path(each) for each in allowed]):
            about, arrays = _visible(path)
        np.savez(output, about=np.array(json.dumps(about)), **arrays)  # type: ignore[arg-type]
    except MemoryError:
        return fail("it asks for more memory than a file of its size should")
    except Exception as error:  # the border of the process: the parent words what went wrong
        first = (str(error).splitlines() or [""])[0]
        return fail(first if isinstance(error, ValueError) else "usd-core cannot read it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
