"""A scene in Blender."""
