"""USD, written with usd-core: the mesh with the photo as texture, and the photo's camera; metres, y up.

``.usdz`` is a package that contains the texture; ``.usdc`` (binary) and ``.usda`` (text) have a separate texture
file.

UsdPreviewSurface has no unlit mode. The photo already contains the lighting, so it is used as ``emissiveColor`` on a
black surface: exact in Blender, and not lit again in any viewer.
"""

import json
import os
import shutil
import struct
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.export.checks import describe_lines, textured_mesh_of, unit_normals
from recon.export.format import Content, Format
from recon.export.texture import plain_name, texture_jpeg
from recon.frames import Transform, apply, gl_T_cam, rotate
from recon.options import Shape
from recon.threads import blocks
from recon.types import Intrinsics, Mesh

_APERTURE_WIDTH_M = 0.036
"""Width of the camera's film. Only its ratio to the focal length matters; full frame is the usual reference."""
_TENTHS = 10
"""USD camera sizes are in tenths of the scene unit (UsdGeomCamera)."""
_ALIGNMENT_BYTES = 64
"""Alignment of the contents of a usdz, for memory mapping (Usdz file format specification)."""
_LOCAL_HEADER_BYTES = 30
"""Size of a zip's local header before the file name (APPNOTE 4.3.7)."""
_EXTRA_HEADER = struct.Struct("<HH")
"""Header of a zip's extra field: id and length (APPNOTE 4.5.1)."""
_PADDING_ID = 0x1986
"""Id of an extra field used as padding, as in USD's own writer."""
_COPIED_BYTES = 1 << 20


def sidecars(path: Path, shape: Shape = "mesh") -> tuple[Path, ...]:
    """The texture of ``my scene.usdc`` is ``my_scene_usd_texture.jpg``; a package has none."""
    return () if path.suffix.lower() == ".usdz" else (path.with_name(_texture_name(path)),)


def _texture_name(path: Path) -> str:
    return f"{plain_name(path.stem)}_usd_texture.jpg"


def write(content: Content, path: Path) -> None:
    """Writes a mesh with texture coordinates at ``path``, always y-up (``content.axes`` is ignored).

    Raises:
        ExportError: no faces.
        ValueError: the geometry is not a mesh, or has no texture coordinates.
    """
    mesh, uv = textured_mesh_of(content)
    content = replace(content, axes="y-up")
    texture = path.with_name(_texture_name(path))
    texture.write_bytes(texture_jpeg(content.photo))
    if path.suffix.lower() != ".usdz":
        _write_stage(content, mesh, uv, path, texture.name)
        return
    scene = path.with_name(f"{plain_name(path.stem)}.usdc")
    _write_stage(content, mesh, uv, scene, texture.name)
    _package(path, (scene, texture))


def _package(path: Path, files: tuple[Path, ...]) -> None:
    """Writes a usdz: an uncompressed zip whose first file is the scene, with contents aligned to 64 bytes.

    Uses Python's zipfile, since USD's writer reports success on a full disk and stores the current time.
    """
    with path.open("wb") as stream, zipfile.ZipFile(stream, "w") as package:
        for file in files:
            name = zipfile.ZipInfo(file.name)
            begins = stream.tell() + _LOCAL_HEADER_BYTES + len(file.name.encode()) + _EXTRA_HEADER.size
            padding = -begins % _ALIGNMENT_BYTES
            name.extra = _EXTRA_HEADER.pack(_PADDING_ID, padding) + bytes(padding)
            name.file_size = file.stat().st_size
            with file.open("rb") as source, package.open(name, "w") as held:
                shutil.copyfileobj(source, held, _COPIED_BYTES)
    for file in files:
        file.unlink()


def _write_stage(content: Content, mesh: Mesh, uv: NDArray[np.float32], path: Path, texture: str) -> None:
    from pxr import Sdf, Usd, UsdGeom

    # In memory first: the library caches a stage that is opened on a path.
    stage = Usd.Stage.CreateInMemory()
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
    root = UsdGeom.Xform.Define(stage, "/scene")
    stage.SetDefaultPrim(root.GetPrim())
    layer = stage.GetRootLayer()
    layer.documentation = "\n".join(describe_lines(content))
    layer.customLayerData = {"recon": json.dumps(content.provenance.as_dict(), default=str)}
    surface = _define_mesh(stage, content, mesh, uv)
    _define_material(stage, surface, Sdf.AssetPath(f"./{texture}"))
    _define_camera(stage, content, mesh)
    layer.Export(os.fspath(path))


def _define_mesh(stage: Any, content: Content, mesh: Mesh, uv: NDArray[np.float32]) -> Any:
    from pxr import Sdf, UsdGeom, Vt

    prim = UsdGeom.Mesh.Define(stage, "/scene/mesh")
    points = np.concatenate([apply(content.file_T_cam, mesh.vertices[r]) for r in blocks(len(mesh.vertices))])
    prim.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(points))
    prim.CreateExtentAttr(Vt.Vec3fArray.FromNumpy(np.stack([points.min(axis=0), points.max(axis=0)])))
    prim.CreateFaceVertexCountsAttr(Vt.IntArray.FromNumpy(np.full(len(mesh.faces), 3, np.int32)))
    prim.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(mesh.faces.reshape(-1)))
    prim.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    prim.CreateDoubleSidedAttr(True)
    if mesh.normals is not None:
        facing = rotate(content.file_T_cam, unit_normals(mesh.normals, mesh.vertices))
        prim.CreateNormalsAttr(Vt.Vec3fArray.FromNumpy(facing))
        prim.SetNormalsInterpolation(UsdGeom.Tokens.vertex)
    # USD's t is measured upwards from the bottom of the image.
    st = np.stack([uv[:, 0], 1 - uv[:, 1]], axis=1)
    primvar = UsdGeom.PrimvarsAPI(prim).CreatePrimvar(
        "st", Sdf.ValueTypeNames.TexCoord2fArray, UsdGeom.Tokens.vertex
    )
    primvar.Set(Vt.Vec2fArray.FromNumpy(st))
    return prim


def _define_material(stage: Any, surface: Any, texture: Any) -> None:
    from pxr import Gf, Sdf, UsdShade

    types = Sdf.ValueTypeNames
    material = UsdShade.Material.Define(stage, "/scene/photo")

    def shader(name: str, kind: str, **inputs: tuple[Any, Any]) -> Any:
        node = UsdShade.Shader.Define(stage, f"/scene/photo/{name}")
        node.CreateIdAttr(kind)
        for key, (value_type, value) in inputs.items():
            socket = node.CreateInput(key, value_type)
            if isinstance(value, UsdShade.Output):
                socket.ConnectToSource(value)
            else:
                socket.Set(value)
        return node

    st = shader("st", "UsdPrimvarReader_float2", varname=(types.String, "st"))
    picture = shader(
        "picture",
        "UsdUVTexture",
        file=(types.Asset, texture),
        st=(types.Float2, st.CreateOutput("result", types.Float2)),
        sourceColorSpace=(types.Token, "sRGB"),
        wrapS=(types.Token, "clamp"),
        wrapT=(types.Token, "clamp"),
    )
    black = Gf.Vec3f(0.0)
    preview = shader(
        "surface",
        "UsdPreviewSurface",
        emissiveColor=(types.Color3f, picture.CreateOutput("rgb", types.Float3)),
        diffuseColor=(types.Color3f, black),
        useSpecularWorkflow=(types.Int, 1),
        specularColor=(types.Color3f, black),
        roughness=(types.Float, 1.0),
        ior=(types.Float, 1.0),
    )
    material.CreateSurfaceOutput().ConnectToSource(preview.CreateOutput("surface", types.Token))
    UsdShade.MaterialBindingAPI.Apply(surface.GetPrim()).Bind(material)


def _define_camera(stage: Any, content: Content, mesh: Mesh) -> None:
    from pxr import Gf, Sdf, UsdGeom

    depths = mesh.vertices[:, 2]
    prim = UsdGeom.Camera.Define(stage, "/scene/photo_camera")
    for name, value in lens(content.intrinsics).items():
        getattr(prim, f"Create{name[0].upper()}{name[1:]}Attr")(value)
    nearest, farthest = float(depths.min()), float(depths.max())
    prim.CreateClippingRangeAttr(Gf.Vec2f(max(1e-3, min(0.1, 0.5 * nearest)), max(100.0, 2 * farthest)))
    # A USD camera looks along -z with y up, like the gl frame; Gf matrices are for row vectors.
    file_T_gl: Transform = content.file_T_cam @ gl_T_cam.T
    prim.AddTransformOp().Set(Gf.Matrix4d(*file_T_gl.T.reshape(-1).tolist()))
    for key in ("fx", "fy", "cx", "cy", "width", "height"):
        # Blender imports this namespace; a USD camera has no image size.
        attribute = prim.GetPrim().CreateAttribute(f"userProperties:{key}", Sdf.ValueTypeNames.Double)
        attribute.Set(float(getattr(content.intrinsics, key)))


def lens(camera: Intrinsics) -> dict[str, float]:
    """The photo's camera as UsdGeomCamera attributes, in tenths of a metre.

    The offsets are from the optical axis to the centre of the film, right and up.
    """
    width = _TENTHS * _APERTURE_WIDTH_M
    focal_length = width * camera.fx / camera.width
    return {
        "focalLength": focal_length,
        "horizontalAperture": width,
        "verticalAperture": focal_length * camera.height / camera.fy,
        "horizontalApertureOffset": focal_length * (camera.width / 2 - camera.cx) / camera.fx,
        "verticalApertureOffset": focal_length * (camera.cy - camera.height / 2) / camera.fy,
    }


def _format(suffix: str, name: str) -> Format:
    return Format(
        suffix=suffix,
        name=name,
        shapes=("mesh",),
        write=write,
        sidecars=sidecars,
        fixed_axes="y-up",
        instead="Most programs do not show points of a USD file; write the cloud as .ply.",
        needs=("pxr", "usd"),
    )


FORMATS = (
    _format(".usda", "USD text, with texture"),
    _format(".usdc", "USD binary, with texture"),
    _format(".usdz", "USD package"),
)
