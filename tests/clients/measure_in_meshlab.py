"""Run by the tests with MeshLab's module: opens each file and prints a list of what MeshLab sees."""

import json
import sys

import pymeshlab


def measure(path: str) -> dict:
    """What MeshLab holds after it has opened the file."""
    meshes = pymeshlab.MeshSet()
    meshes.load_new_mesh(path)
    mesh = meshes.current_mesh()
    box = mesh.bounding_box()
    has_texture = mesh.has_vertex_tex_coord() or mesh.has_wedge_tex_coord()
    colours = mesh.vertex_color_matrix() if mesh.has_vertex_color() else None
    return {
        "low": box.min().tolist(),
        "high": box.max().tolist(),
        "points": mesh.vertex_number(),
        "faces": mesh.face_number(),
        "first_rgb": None if colours is None else [round(255 * value) for value in colours[0][:3]],
        "first_normal": mesh.vertex_normal_matrix()[0].tolist(),
        "has_texture": bool(has_texture),
    }


seen = [measure(path) for path in sys.argv[1:]]
print()
print(json.dumps(seen))
