"""An extension of Blender (4.2 or newer): a scene from a photo, with a sidebar panel.

It runs inside Blender, whose Python has none of recon's libraries: nothing here imports recon. The installed program
``recon`` does the work, in a process of its own. ``recon blender --zip FILE`` makes the zip that Blender installs.
"""

import bpy

from . import operators, panel, settings

_CLASSES = (*settings.CLASSES, *operators.CLASSES, *panel.CLASSES)


def register() -> None:
    """Called by Blender when the extension is enabled."""
    for each in _CLASSES:
        bpy.utils.register_class(each)
    bpy.types.Scene.recon = bpy.props.PointerProperty(type=settings.Settings)


def unregister() -> None:
    """Called by Blender when the extension is disabled, and when Blender quits."""
    operators.stop_all()
    del bpy.types.Scene.recon
    for each in reversed(_CLASSES):
        bpy.utils.unregister_class(each)
