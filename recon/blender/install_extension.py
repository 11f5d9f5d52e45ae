"""Runs inside Blender (4.2 or newer): installs the extension from a zip and enables it.

blender --background --python install_extension.py -- extension.zip /path/of/recon
"""

import sys

import bpy


def main(path: str, program: str) -> None:
    """Installs it into the user's own extensions, and sets the path of the program recon."""
    if bpy.app.version < (4, 2, 0):
        sys.exit(f"recon: Blender {bpy.app.version_string} has no extensions; use 4.2 or newer")
    repositories = bpy.context.preferences.extensions.repos
    own = next((each.module for each in repositories if each.enabled and not each.use_remote_url), None)
    if own is None:
        sys.exit("recon: no local repository of extensions is enabled in Blender's preferences")
    bpy.ops.extensions.package_install_files(filepath=path, repo=own, enable_on_install=True, overwrite=True)
    name = f"bl_ext.{own}.recon"
    if name not in bpy.context.preferences.addons:
        sys.exit("recon: Blender did not enable the extension")
    bpy.context.preferences.addons[name].preferences.program = program
    bpy.ops.wm.save_userpref()


if __name__ == "__main__":
    main(*sys.argv[-2:])
