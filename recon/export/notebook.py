"""A scene's web page inside a notebook, or in the browser where there is no notebook."""

import sys
import webbrowser
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from recon.temporary_folders import page_folder


@dataclass(frozen=True)
class Page:
    """A self-contained web page; as the last line of a notebook's cell it shows itself."""

    html: str = field(repr=False)
    height_px: int = 500
    """Of the frame in the notebook."""

    def _repr_html_(self) -> str:
        """What Jupyter shows: a frame that holds the page itself, so that the notebook needs no other file."""
        style = f"width: 100%; height: {self.height_px}px; border: 0"
        return f'<iframe srcdoc="{escape(self.html)}" style="{style}" allowfullscreen></iframe>'

    def open(self) -> Path:
        """Opens the page in the browser, from a file in the system's temporary folder.

        Returns:
            The file.
        """
        with page_folder() as folder:
            path = folder / "scene.html"
            path.write_text(self.html, "utf-8")
        webbrowser.open(path.as_uri())
        return path


def in_notebook() -> bool:
    """Whether this runs in a kernel of Jupyter's, which shows the value of a cell's last line."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")
