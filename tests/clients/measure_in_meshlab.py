"""Run by the tests with MeshLab's module: opens a file and prints what MeshLab sees."""

import json
import sys

import pymeshlab

meshes = pymeshlab.MeshSet()
meshes.load_new_mesh(sys.argv[1])
mesh = meshes.current_mesh()
box = mesh.bounding_box()
has_texture = mesh.has_vertex_tex_coord() or mesh.has_wedge_tex_coord()
print()
print(
    json.dumps(
        {
            "low": box.min().tolist(),
            "high": box.max().tolist(),
            "points": mesh.vertex_number(),
            "faces": mesh.face_number(),
            "first_rgb": [round(255 * value) for value in mesh.vertex_color_matrix()[0][:3]]
            if mesh.has_vertex_color()
            else None,
            "first_normal": mesh.vertex_normal_matrix()[0].tolist(),
            "has_texture": bool(has_texture),
        }
    )
)
