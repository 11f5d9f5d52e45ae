"""Imports the scene of a photo, with its camera and colours, next to what the user's file holds."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bpy

from . import open_scene
from .background import Failed

_STARTUP = {"Camera", "Cube", "Light"}


@dataclass(frozen=True)
class Source:
    """Where an imported scene comes from; its camera carries this as custom properties."""

    photo: str
    glb: str
    npz: str
    words: tuple[str, ...]
    """The options of ``recon build`` without known lengths."""

    @classmethod
    def of(cls, camera: "bpy.types.Object | None") -> "Source":
        """The source of the active camera.

        Raises:
            Failed: It is not the camera of such a scene.
        """
        if camera is None or "recon_source" not in camera:
            raise Failed("The active camera is not that of a photo: make a scene from a photo first.")
        fields = json.loads(camera["recon_source"])
        return cls(**{**fields, "words": tuple(fields["words"])})

    def mark(self, camera: "bpy.types.Object", objects: Sequence["bpy.types.Object"]) -> None:
        """Stores it in the camera, and marks the objects as its own."""
        camera["recon_source"] = json.dumps(vars(self))
        for item in objects:
            item["recon_scene"] = self.glb


def free_files(photo: Path) -> tuple[Path, Path]:
    """A mesh and a scene file next to the photo, neither of which exists: ``room.glb``, else ``room-2.glb``."""
    count = 1
    while True:
        stem = photo.stem if count == 1 else f"{photo.stem}-{count}"
        files = photo.with_name(f"{stem}.glb"), photo.with_name(f"{stem}.npz")
        if not any(file.exists() for file in files):
            return files
        count += 1


def import_scene(context: "bpy.types.Context", source: Source) -> None:
    """Imports the mesh, or replaces the one that was imported from the same file, and looks through its camera."""
    if context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    _remove([item for item in bpy.data.objects if item.get("recon_scene") == source.glb] or _startup())
    before = set(bpy.data.objects)
    camera = open_scene.open_gltf(Path(source.glb), context.scene)
    objects = [item for item in bpy.data.objects if item not in before]
    _collect(objects, Path(source.photo).name, context.scene)
    open_scene.show_colours_as_they_are(context.scene)
    if camera is None:
        raise Failed("The scene is imported; it has no camera, since a panorama has none.")
    source.mark(camera, objects)
    context.scene.camera = camera
    open_scene.look_through_camera()


def _startup() -> list["bpy.types.Object"]:
    """The objects of Blender's start-up file if nothing else is there: its cube would stand in the scene."""
    names = {item.name for item in bpy.data.objects}
    return list(bpy.data.objects) if names == _STARTUP and not bpy.data.filepath else []


def _remove(objects: Sequence["bpy.types.Object"]) -> None:
    """Removes objects, and of their meshes, materials and pictures those that nothing else uses then."""
    data = [item.data for item in objects if item.data is not None]
    materials = [each for mesh in data for each in getattr(mesh, "materials", ()) if each is not None]
    nodes = [node for each in materials if each.node_tree is not None for node in each.node_tree.nodes]
    pictures = [node.image for node in nodes if node.type == "TEX_IMAGE" and node.image is not None]
    bpy.data.batch_remove(objects)
    for kind in (data, materials, pictures):
        bpy.data.batch_remove({each for each in kind if each.users == 0})


def _collect(objects: Sequence["bpy.types.Object"], name: str, scene: "bpy.types.Scene") -> None:
    """Moves objects into a collection with the photo's name."""
    collection = scene.collection.children.get(name)
    if collection is None:
        collection = bpy.data.collections.new(name)
        scene.collection.children.link(collection)
    for item in objects:
        for old in tuple(item.users_collection):
            old.objects.unlink(item)
        collection.objects.link(item)
