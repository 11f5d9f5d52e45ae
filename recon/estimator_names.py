"""Names of estimators that more than their own file has to know: what a scene's provenance calls them."""

from pathlib import Path

PREVIEW = "preview"
"""The embedded network, whose scenes are called rough wherever they are shown."""
DEPTH_PRO = "depthpro"
MEASURED = "measured"
"""A sensor's depth from a file."""
RELATIVE_FILE = "relative-file"
"""Another program's relative depth from a file."""
CARRIED = "photo"
"""Depth inside the photo's own file."""
HUB = "hf:"
"""Before a repository of the hub, or a local folder of weights."""


def without_folder(name: str) -> str:
    """The name for files that are passed on: of a local path its last part, as folders tell whose machine it was.

    ``hf:apple/DepthPro-hf`` is the name of a repository and stays, unless there is such a folder here.
    """
    prefix = HUB if name.startswith(HUB) else ""
    path = Path(name.removeprefix(prefix)).expanduser()
    try:
        is_path = path.is_absolute() or path.exists()
    except OSError:
        is_path = False
    return prefix + path.name if is_path else name
