"""Reads USD, text, binary and package, by usd-core."""

import os
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import numpy as np

from recon.errors import SceneFileError
from recon.file_info.info import CameraInfo, Colours, Extent, FileInfo, read_comments


def read(path: Path) -> FileInfo:
    """Describes a USD file: every mesh and point cloud of its stage, in the stage's axes, in metres.

    Raises:
        SceneFileError: usd-core is not installed.
        ValueError: usd-core cannot read the file.
    """
    try:
        from pxr import Tf, Usd
    except ImportError as error:
        raise SceneFileError(
            f'{path}: reading USD needs usd-core: install it by pip install "recon[usd]".'
        ) from error
    if path.suffix.lower() == ".usdz" and not is_zipfile(path):
        raise ValueError("the package has no end")
    try:
        return _describe(path, Usd.Stage.Open(os.fspath(path)))
    except Tf.ErrorException as error:
        raise ValueError("usd-core cannot read it") from error


def _describe(path: Path, stage: Any) -> FileInfo:
    from pxr import UsdGeom

    unit_m, up = UsdGeom.GetStageMetersPerUnit(stage), UsdGeom.GetStageUpAxis(stage)
    places, extent = UsdGeom.XformCache(), Extent()
    points, faces, normals, camera = 0, 0, False, None
    colours: Colours = "none"
    for prim in stage.Traverse():
        if prim.IsA(UsdGeom.Camera) and camera is None:
            camera = _camera(UsdGeom.Camera(prim))
        if not prim.IsA(UsdGeom.PointBased):
            continue
        shape = UsdGeom.PointBased(prim)
        file_T_prim = np.array(places.GetLocalToWorldTransform(prim)).T
        corners = np.array(shape.GetPointsAttr().Get() or np.empty((0, 3)), np.float64)
        extent.add((corners @ file_T_prim[:3, :3].T + file_T_prim[:3, 3]) * unit_m)
        points += len(corners)
        faces += len(prim.GetAttribute("faceVertexCounts").Get() or ()) if prim.IsA(UsdGeom.Mesh) else 0
        normals = normals or bool(shape.GetNormalsAttr().Get())
        colours = _stronger(colours, _colours(prim))
    told = {
        "camera": camera,
        "axes": f"{up} up",
        **read_comments(stage.GetRootLayer().documentation.splitlines()),
    }
    told["notes"] = (*told.get("notes", ()), *extent.notes)
    return FileInfo(
        path=path,
        format=f"USD, {path.suffix.lower().removeprefix('.')}",
        bytes=path.stat().st_size,
        points=points,
        faces=faces,
        colours=colours,
        normals=normals,
        **extent.fields,
        **told,
    )


def _colours(prim: Any) -> Colours:
    from pxr import UsdGeom, UsdShade

    material, _ = UsdShade.MaterialBindingAPI(prim).ComputeBoundMaterial()
    if material and any(
        UsdShade.Shader(child).GetIdAttr().Get() == "UsdUVTexture"
        for child in material.GetPrim().GetAllChildren()
    ):
        return "texture"
    return "vertex" if UsdGeom.Gprim(prim).GetDisplayColorAttr().Get() else "none"


def _stronger(one: Colours, other: Colours) -> Colours:
    order: list[Colours] = ["none", "vertex", "texture"]
    return max(one, other, key=order.index)


def _camera(camera: Any) -> CameraInfo:
    lens = camera.GetCamera(0)
    return CameraInfo(lens.GetFieldOfView(lens.FOVHorizontal), lens.GetFieldOfView(lens.FOVVertical))
