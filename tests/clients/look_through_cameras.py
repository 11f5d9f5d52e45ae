"""Run by the tests with Blender's module: renders a GLB of several photos through each of its cameras."""

import importlib.util
import json
import sys
from pathlib import Path

import bpy

script, path, folder = (Path(argument) for argument in sys.argv[1:])
spec = importlib.util.spec_from_file_location("open_scene", script)
open_scene = importlib.util.module_from_spec(spec)
sys.modules["open_scene"] = open_scene
spec.loader.exec_module(open_scene)

scene = open_scene._empty_scene()
open_scene.open_gltf(path, scene)
open_scene.show_colours_as_they_are(scene)
names = sorted(item.name for item in bpy.data.objects if item.type == "CAMERA")
for name in names:
    scene.camera = bpy.data.objects[name]
    open_scene._render(scene, folder / f"{name}.png", "cycles")
print(json.dumps({"cameras": names}))
