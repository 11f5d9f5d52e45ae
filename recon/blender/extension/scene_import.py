"""Imports the scene of a photo, with its camera and colours, next to what the user's file holds."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import bpy

from . import open_scene
from .background import Failed

_PREFIX = "recon_"
RESCALED = ".rescaled.npz"
"""Ends the name of the scene file that Recalibrate writes."""
_STARTUP = {"Camera", "Cube", "Light"}


@dataclass(frozen=True)
class Source:
    """Where an imported scene comes from; its camera carries this as custom properties."""

    photo: str
    """Absolute paths; the mesh and the scene file lie next to the photo."""
    glb: str
    npz: str
    """As the model and ``known`` gave it: from here it is rescaled."""
    measured: str
    """The scene file with the lengths of the mesh: ``npz``, or the rescaled one next to it."""
    model: str
    depth: str
    """Measured depth instead of the model, or empty."""
    faces: int
    known: str = ""
    """The known lengths that went into the fit of ``npz``, with a semicolon between two, or empty."""
    added: str = ""
    """Those that rescaled ``npz`` to what is shown, likewise."""

    def __post_init__(self) -> None:
        photo, glb = Path(self.photo), Path(self.glb)
        if not photo.is_absolute() or glb.parent != photo.parent or glb.suffix != ".glb":
            raise ValueError("the mesh of a scene must end in .glb and lie next to its photo")
        scene_files = (str(glb.with_suffix(".npz")), str(glb.with_suffix(RESCALED)))
        if self.npz != scene_files[0] or self.measured not in scene_files:
            raise ValueError("the scene files of a mesh must be named as the mesh")

    @property
    def lengths(self) -> list[str]:
        """All known lengths of what is shown."""
        return [each.strip() for each in f"{self.known};{self.added}".split(";") if each.strip()]

    def with_lengths(self, lengths: Sequence[str]) -> "Source":
        """With other known lengths: in the fit of ``npz`` if some are there, otherwise on top of it."""
        joined = ";".join(lengths)
        if self.known:
            return replace(self, known=joined, added="", measured=self.npz)
        rescaled = str(Path(self.glb).with_suffix(RESCALED))
        return replace(self, added=joined, measured=rescaled if lengths else self.npz)

    @property
    def options(self) -> list[str]:
        """Of ``recon build``, without known lengths."""
        depth_from = ["--depth", self.depth] if self.depth else ["--model", self.model]
        return [*depth_from, "--faces", str(self.faces)]

    @classmethod
    def of(cls, camera: "bpy.types.Object | None") -> "Source":
        """The source of the active camera. A file of somebody else may hold anything: paths are checked.

        Raises:
            Failed: It is not the camera of such a scene.
        """
        carried = {} if camera is None else dict(camera.items())
        try:
            stated = [each for each in fields(cls) if _PREFIX + each.name in carried]
            texts = {each.name: str(carried[_PREFIX + each.name]) for each in stated if each.name != "faces"}
            # An older version did not say what has a default here.
            return cls(**texts, faces=int(carried[_PREFIX + "faces"]))
        except (KeyError, TypeError, ValueError) as error:
            raise Failed(
                "The active camera is not that of a photo: make a scene from a photo first."
            ) from error

    def mark(self, camera: "bpy.types.Object", objects: Sequence["bpy.types.Object"]) -> None:
        """Stores it in the camera, and marks the objects as its own."""
        for name, value in vars(self).items():
            camera[_PREFIX + name] = value
        for item in objects:
            item["recon_scene"] = self.glb


def free_files(photo: Path) -> tuple[Path, Path]:
    """A mesh and a scene file next to the photo: ``room.glb``, or ``room-2.glb`` if a file of that name exists."""
    count = 1
    while True:
        stem = photo.stem if count == 1 else f"{photo.stem}-{count}"
        glb, npz, rescaled = (photo.with_name(f"{stem}{suffix}") for suffix in (".glb", ".npz", RESCALED))
        if not any(file.exists() for file in (glb, npz, rescaled)):
            return glb, npz
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
