"""Makes the zip of the Blender extension: `recon blender --zip FILE`, or this module with a folder."""

import sys
import zipfile
from importlib import resources
from pathlib import Path

from recon.version import __version__

_MANIFEST, _VERSION = "blender_manifest.toml", 'version = "0.0.0"'
_DATE = (2026, 1, 1, 0, 0, 0)
"""Of every file: the same sources make the same zip."""


def write_extension(path: Path) -> None:
    """Writes the zip that Blender 4.2 or newer installs, with the version of this recon."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(_files().items()):
            archive.writestr(zipfile.ZipInfo(name, _DATE), text, zipfile.ZIP_DEFLATED)


def _files() -> dict[str, str]:
    """The text of each file of the extension."""
    folder = resources.files("recon.blender").joinpath("extension")
    files = {
        each.name: each.read_text("utf-8")
        for each in folder.iterdir()
        if each.name.endswith((".py", ".toml"))
    }
    files[_MANIFEST] = files[_MANIFEST].replace(_VERSION, f'version = "{__version__}"')
    return files


if __name__ == "__main__":
    write_extension(Path(sys.argv[1]) / f"recon-blender-{__version__}.zip")
