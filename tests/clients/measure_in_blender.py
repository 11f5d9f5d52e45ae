"""Run by the tests with Blender's module: opens files with the importer's defaults and prints what is in each."""

import json
import sys
from pathlib import Path

import bpy

IMPORTERS = {
    ".glb": bpy.ops.import_scene.gltf,
    ".obj": bpy.ops.wm.obj_import,
    ".ply": bpy.ops.wm.ply_import,
    ".stl": bpy.ops.wm.stl_import,
    ".usda": bpy.ops.wm.usd_import,
    ".usdc": bpy.ops.wm.usd_import,
    ".usdz": bpy.ops.wm.usd_import,
}


def measure(path: Path) -> dict:
    """What an empty scene holds after the import."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    IMPORTERS[path.suffix](filepath=str(path))
    (mesh,) = [item for item in bpy.data.objects if item.type == "MESH"]
    corners = [mesh.matrix_world @ vertex.co for vertex in mesh.data.vertices]
    colours = mesh.data.color_attributes.get("Col")
    cameras = [item for item in bpy.data.objects if item.type == "CAMERA"]
    return {
        "low": [min(corner[axis] for corner in corners) for axis in range(3)],
        "high": [max(corner[axis] for corner in corners) for axis in range(3)],
        "points": len(corners),
        "faces": len(mesh.data.polygons),
        "first_rgb": [round(255 * value) for value in colours.data[0].color_srgb[:3]] if colours else None,
        "uv_layers": len(mesh.data.uv_layers),
        "pictures": [list(image.size) for image in bpy.data.images if image.size[0]],
        "cameras": [list(item.matrix_world.translation) for item in cameras],
    }


print(json.dumps([measure(Path(path)) for path in sys.argv[1:]]))
