"""The pictures of sample_data/: modelled, lit and rendered by these scripts with Blender's Cycles (`bpy`)."""
