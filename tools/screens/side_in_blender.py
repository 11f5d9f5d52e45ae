"""Runs in Blender's Python: renders a scene file from the right of the photo's camera.

Arguments: the file, the picture to write, and open_scene.py.
"""

import runpy
import sys

import bpy
from mathutils import Matrix, Vector

runpy.run_path(sys.argv[3])["main"]([sys.argv[1]])
scene = bpy.context.scene
pose = scene.camera.matrix_world
place = pose.translation + pose.to_3x3() @ Vector((1.0, 0.5, 0.0))
looks = pose @ Vector((0.0, 0.0, -4.0)) - place
scene.camera.matrix_world = Matrix.LocRotScale(place, looks.to_track_quat("-Z", "Y"), None)
scene.render.engine = "CYCLES"
scene.cycles.device, scene.cycles.samples, scene.cycles.max_bounces = "CPU", 9, 0
scene.cycles.use_denoising = False
scene.render.resolution_percentage = 70
scene.render.film_transparent = False
scene.world = bpy.data.worlds.new("grey")
scene.world.use_nodes = True
scene.world.node_tree.nodes["Background"].inputs[0].default_value = (0.05, 0.05, 0.05, 1)
scene.render.image_settings.file_format = "PNG"
scene.render.filepath = sys.argv[2]
bpy.ops.render.render(write_still=True)
