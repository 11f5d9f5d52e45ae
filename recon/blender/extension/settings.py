"""What the user sets: the panel's fields, stored in Blender's scene, and the preferences of the extension."""

import os
import shutil
from collections.abc import Iterator

import bpy
from bpy.props import FloatProperty, IntProperty, StringProperty

_SUGGESTED = (
    "auto",
    "preview",
    "depthpro",
    "moge2-vits",
    "moge2-vitl",
    "da3-metric-large",
    "dav2-metric-indoor-small",
)


def _models(settings: object, context: object, text: str) -> Iterator[str]:
    return (name for name in _SUGGESTED if text.lower() in name)


class Settings(bpy.types.PropertyGroup):
    """The fields of the panel."""

    photo: StringProperty(name="Photo", description="The photo to make a scene of", subtype="FILE_PATH")
    depth: StringProperty(
        name="Depth",
        description="Measured depth of the photo, instead of a model (optional)",
        subtype="FILE_PATH",
    )
    model: StringProperty(
        name="Model",
        description="A depth model: a name from `recon models`; auto takes the best one that is installed",
        default="auto",
        search=_models,
        search_options={"SUGGESTION"},
    )
    known_length: StringProperty(
        name="Known length",
        description="Optional: two positions in px of the photo and their distance, as 812,440:1020,441=1.42m, "
        "or several with semicolons between. Or leave it empty, pick two vertices of the scene afterwards, and "
        "recalibrate",
    )
    faces: IntProperty(
        name="Triangles",
        description="The most triangles of the mesh",
        default=300_000,
        min=1000,
        max=20_000_000,
    )
    true_length: FloatProperty(
        name="True length",
        description="The true distance of the two picked points",
        default=1.0,
        min=0.001,
        subtype="DISTANCE",
        unit="LENGTH",
    )


class Preferences(bpy.types.AddonPreferences):
    """The preferences of the extension."""

    bl_idname = __package__

    program: StringProperty(
        name="Program recon",
        description="Path of the installed program recon; empty: the one on the PATH",
        subtype="FILE_PATH",
    )

    def draw(self, context: "bpy.types.Context") -> None:
        """The path, and whether a program is there."""
        self.layout.prop(self, "program")
        found = find_program(self.program)
        if found is None:
            self.layout.label(text="Not found: install recon, or choose its path", icon="ERROR")
        else:
            self.layout.label(text=found, icon="CHECKMARK")


def find_program(chosen: str) -> str | None:
    """The program recon: the chosen one, else on the PATH, else where pip installs for one user."""
    if chosen:
        return shutil.which(bpy.path.abspath(chosen))
    return shutil.which("recon") or shutil.which(os.path.expanduser("~/.local/bin/recon"))


def program(context: "bpy.types.Context") -> str | None:
    """The program according to the preferences."""
    return find_program(context.preferences.addons[__package__].preferences.program)


CLASSES = (Settings, Preferences)
