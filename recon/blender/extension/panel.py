"""The panel in the sidebar of the 3D view."""

from textwrap import wrap

import bpy

from .background import Failed
from .operators import State
from .scene_import import Source


class Panel(bpy.types.Panel):
    """Choose a photo, make its scene, measure in it."""

    bl_idname = "VIEW3D_PT_recon"
    bl_label = "Scene from Photo"
    bl_space_type, bl_region_type, bl_category = "VIEW_3D", "UI", "recon"

    def draw(self, context: "bpy.types.Context") -> None:
        """The fields, the buttons, and what recon says."""
        layout, chosen = self.layout, context.scene.recon
        layout.use_property_split, layout.use_property_decorate = True, False
        for name in ("photo", "model", "known_length", "depth", "faces"):
            layout.prop(chosen, name)
        layout.operator("recon.scene_from_photo", icon="IMAGE_DATA")
        camera = context.scene.camera
        if camera is not None and "recon_npz" in camera:
            layout.separator()
            layout.operator("recon.measure", icon="DRIVER_DISTANCE")
            layout.prop(chosen, "true_length")
            layout.operator("recon.recalibrate", icon="FILE_REFRESH")
            _lengths(layout, camera)
        if State.run is not None:
            layout.separator()
            _text(layout, context, State.run.status, "TIME")
            layout.operator("recon.cancel", icon="CANCEL")
        elif State.message:
            layout.separator()
            _text(layout, context, State.message, "ERROR" if State.is_error else "INFO")


def _lengths(layout: "bpy.types.UILayout", camera: "bpy.types.Object") -> None:
    """The known lengths of the scene, each with a button that removes it."""
    try:
        lengths = Source.of(camera).lengths
    except Failed:
        return
    for index, length in enumerate(lengths):
        row = layout.row()
        places, _, value = length.rpartition("=")
        row.label(text=f"{value}: {places.replace(':', ' to ')}", icon="FIXED_SIZE")
        row.operator("recon.remove_length", text="", icon="X").index = index


def _text(layout: "bpy.types.UILayout", context: "bpy.types.Context", text: str, icon: str) -> None:
    """Text over several lines, as wide as the sidebar."""
    column = layout.column(align=True)
    letters = max(20, int(context.region.width / (7 * context.preferences.system.ui_scale)))
    for number, line in enumerate(wrap(text, letters)):
        column.label(text=line, icon="NONE" if number else icon)


CLASSES = (Panel,)
