"""Opens a scene in Blender."""
