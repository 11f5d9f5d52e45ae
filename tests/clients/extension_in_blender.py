"""Run by the tests with Blender's module: installs the extension from a zip and presses its buttons.

Arguments: the zip, the program recon, a photo, a folder to write pictures to. Prints what happened as JSON.
"""

import json
import os
import shutil
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import bpy

archive, program, photo, folder = sys.argv[1:]
NAME = "bl_ext.user_default.recon"
scene = bpy.context.scene
seen: dict = {"version": bpy.app.version[:2]}


def refused(operator) -> str:
    """The error of an operator that must fail."""
    try:
        operator()
    except RuntimeError as error:
        return str(error)
    return "nothing was refused"


def pick_vertices(item, indices) -> None:
    """Selects vertices of a mesh in Edit Mode."""
    import bmesh  # can be found only after bpy

    bpy.context.view_layer.objects.active = item
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_mode(type="VERT")
    mesh = bmesh.from_edit_mesh(item.data)
    mesh.verts.ensure_lookup_table()
    for vertex in mesh.verts:
        vertex.select_set(False)
    for index in indices:
        mesh.verts[index].select_set(True)
    mesh.select_flush_mode()


def scene_mesh():
    """The mesh of the photo, the only one."""
    (item,) = [each for each in bpy.data.objects if each.type == "MESH"]
    return item


def vertex_at(item, x: float, y: float) -> int:
    """Of those that the camera sees nearest to a position in its picture, from 0 to 1, the nearest to the camera."""
    from bpy_extras.object_utils import world_to_camera_view as seen_at

    places = [seen_at(scene, scene.camera, item.matrix_world @ each.co) for each in item.data.vertices]
    return min(
        range(len(places)), key=lambda k: abs(places[k].x - x) + abs(1 - places[k].y - y) + 0.01 * places[k].z
    )


bpy.ops.extensions.package_install_files(
    filepath=archive, repo="user_default", enable_on_install=True, overwrite=True
)
operators, open_scene = import_module(f"{NAME}.operators"), import_module(f"{NAME}.open_scene")
preferences = bpy.context.preferences.addons[NAME].preferences

preferences.program = folder + "/nowhere"
seen["no program"] = refused(bpy.ops.recon.scene_from_photo)
preferences.program = program
seen["no photo"] = refused(bpy.ops.recon.scene_from_photo)
scene.recon.photo = os.path.join(folder, "text.jpg")
seen["text.jpg"] = refused(bpy.ops.recon.scene_from_photo)
seen["no scene"] = refused(bpy.ops.recon.measure)

scene.recon.photo, scene.recon.model, scene.recon.faces = photo, "preview", 20_000
seen["made"] = sorted(bpy.ops.recon.scene_from_photo())
seen["message"] = operators.State.message
seen["objects"] = sorted(each.type for each in bpy.data.objects)
seen["render"] = [scene.render.resolution_x, scene.render.resolution_y, scene.view_settings.view_transform]
open_scene._render(scene, Path(folder) / "render.png", "cycles")

seen["nothing picked"] = refused(bpy.ops.recon.measure)
item = scene_mesh()
a, b = vertex_at(item, 0.3, 0.75), vertex_at(item, 0.6, 0.75)
places = [item.matrix_world @ item.data.vertices[k].co for k in (a, b)]
seen["distance"] = (places[0] - places[1]).length
pick_vertices(item, (a, b))
seen["positions"] = operators.picked_pair(bpy.context, scene.camera).positions_px
seen["measured"] = sorted(bpy.ops.recon.measure())
seen["length"] = operators.State.message
bpy.ops.object.mode_set(mode="OBJECT")
for place in places:
    bpy.ops.object.empty_add(location=place)
for each in bpy.data.objects:
    each.select_set(each.type == "EMPTY")
bpy.ops.recon.measure()
seen["length of empties"] = operators.State.message

scene.recon.true_length = 1.5
one_more = SimpleNamespace(lengths=partial(operators.Recalibrate.lengths, None))
seen["words"] = operators.Recalibrate.words(one_more, bpy.context)
scene.camera["recon_known"] = "20,200:200,200=1m"
seen["words with a known length"] = operators.Recalibrate.words(one_more, bpy.context)
seen["then"] = [one_more.source.known, one_more.source.added, one_more.source.measured]
scene.camera["recon_known"] = ""
seen["recalibrated"] = sorted(bpy.ops.recon.recalibrate())
seen["recalibration"] = operators.State.message
shutil.copy(f"{folder}/room.rescaled.npz", f"{folder}/first.npz")
for each in bpy.data.objects:
    each.select_set(each.type == "EMPTY")
seen["measured in"] = operators.Measure.words(SimpleNamespace(), bpy.context)[1]
seen["objects after"] = sorted(each.type for each in bpy.data.objects)

# A second length is added to the first; each can be removed.
second = [
    item.matrix_world @ item.data.vertices[k].co
    for item in [scene_mesh()]
    for k in (vertex_at(item, 0.4, 0.8), vertex_at(item, 0.8, 0.8))
]
for empty, place in zip([each for each in bpy.data.objects if each.type == "EMPTY"], second, strict=True):
    empty.location = place
bpy.context.view_layer.update()
for each in bpy.data.objects:
    each.select_set(each.type == "EMPTY")
scene.recon.true_length = 1.05 * (second[0] - second[1]).length
source_of = operators.Source.of
seen["second"] = [
    sorted(bpy.ops.recon.recalibrate()),
    operators.State.message,
    source_of(scene.camera).lengths,
]
rows, layout = [], MagicMock()
layout.row.side_effect = lambda: rows.append(MagicMock()) or rows[-1]
import_module(f"{NAME}.panel")._lengths(layout, scene.camera)
seen["rows"] = [(row.label.call_args.kwargs["text"], row.operator.return_value.index) for row in rows]
seen["removed"] = []
for index in (0, 0):
    done = sorted(bpy.ops.recon.remove_length(index=index))
    left = source_of(scene.camera)
    seen["removed"].append([done, left.lengths, left.measured])

bpy.data.objects["Empty"].location = (
    scene.camera.matrix_world @ open_scene.Matrix.Translation((0, 0, 1)).translation
)
bpy.context.view_layer.update()
for each in bpy.data.objects:
    each.select_set(each.type == "EMPTY")
seen["behind"] = refused(bpy.ops.recon.measure)

stranger = bpy.data.objects.new("stranger", bpy.data.cameras.new("stranger"))
mine = scene.camera
scene.collection.objects.link(stranger)
for name, value in mine.items():
    stranger[name] = value
scene.camera = stranger
seen["tampered"] = {}
for name, value in (
    ("glb", "/home/someone/else.glb"),
    ("npz", "room.sh"),
    ("measured", "/etc/hosts"),
    ("photo", "-o"),
    ("faces", "many"),
):
    kept = stranger["recon_" + name]
    stranger["recon_" + name] = value
    seen["tampered"][name] = refused(bpy.ops.recon.recalibrate)
    stranger["recon_" + name] = kept
del stranger["recon_added"]
seen["older version"] = source_of(stranger).lengths
bpy.data.objects.remove(stranger)
scene.camera = mine

# A button as a window presses it: the operator returns at once, and a timer looks after the run.
timers, reports = [], []
manager = SimpleNamespace(
    event_timer_add=lambda seconds, window: timers.append(window) or "timer",
    event_timer_remove=lambda timer: timers.clear(),
    modal_handler_add=lambda operator: None,
    windows=(),
)
context = SimpleNamespace(
    window_manager=manager, window=None, scene=scene, preferences=bpy.context.preferences, mode="OBJECT"
)


class Pressed(operators.InBackground):
    """An operator outside a window."""

    def words(self, context):
        return ["doctor"]

    def report(self, kind, message):
        reports.append(message)


button, tick, move = Pressed(), SimpleNamespace(type="TIMER"), SimpleNamespace(type="MOUSEMOVE")
seen["pressed"] = sorted(button.invoke(context, None))
seen["while it runs"] = [
    sorted(button.modal(context, move)),
    bpy.ops.recon.scene_from_photo.poll(),
    len(timers),
]
bpy.ops.recon.cancel()
operators.State.run.wait()
seen["cancelled"] = [sorted(button.modal(context, tick)), reports, len(timers), operators.State.run is None]

bpy.ops.preferences.addon_disable(module=NAME)
seen["left"] = hasattr(bpy.types.Scene, "recon")
print(json.dumps(seen), flush=True)
# Blender 4.2's module crashes while Python ends once an operator was registered; Blender itself does not.
os._exit(0)
