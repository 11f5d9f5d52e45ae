"""The welcome page, and the progress display while a file is being opened."""

from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import shorten, wrap
from typing import Any

import numpy as np
from numpy.typing import NDArray
from open3d.visualization import gui
from PIL import Image, ImageOps

from recon_viewer.background.jobs import Job, Seen
from recon_viewer.drawing import open3d_geometry
from recon_viewer.model.samples import sample_of, samples
from recon_viewer.model.thumbnail import blank, thumbnail, tile_names
from recon_viewer.ui.left_click import on_left_click

_RECENT = 5
_LINES = 3
"""Of notes, the last ones."""
TITLE_PX = 40
_SAMPLE_EM, _RECENT_EM = (22.0, 15.0), (14.4, 10.0)
"""Width and height of the pictures; five recent files are about as wide as three samples."""
_EDGE_EM, _TILES_APART_EM = 3.0, 0.8
_TILE_LETTERS = 30
_THUMB_EM = 5.6, 4.2
"""Of what opens while another scene is shown."""
_BLUE = (0.16, 0.44, 0.72)


class Welcome:
    """What can be opened, as pictures; and what can be done with it."""

    def __init__(
        self,
        window: Any,
        recent: Sequence[str],
        act: Callable[[str], None],
        reopen: Callable[[Path], None],
        title_font: int,
        takes_drops: bool,
    ) -> None:
        self._em, self._reopen = window.theme.font_size, reopen
        em = self._em
        self._width_em = window.size.width / em - 2 * _EDGE_EM
        self.widget, self._page = (
            gui.Horiz(),
            gui.Vert(0.7 * em, gui.Margins(int(_EDGE_EM * em), int(2.5 * em), int(_EDGE_EM * em), 2 * em)),
        )
        # In the middle of a wide window.
        self.widget.add_stretch()
        self.widget.add_child(self._page)
        self.widget.add_stretch()
        self.widget.background_color = gui.Color(0.11, 0.12, 0.135)
        title = gui.Label("recon")
        title.font_id = title_font
        self._page.add_child(title)
        self._page.add_child(gui.Label("Turn one photo into a 3D scene with real dimensions."))
        self._open_button(act)
        row = [(one.title, one.photo) for one in samples()]
        if row:
            self._tiles("Try a sample, with measured depth", row, _SAMPLE_EM)
        there = [Path(name) for name in recent if Path(name).exists()][:_RECENT]
        if there:
            self._tiles("Recent", list(zip(tile_names(there), there, strict=True)), _RECENT_EM)
        self._page.add_fixed(int(0.5 * em))
        for line in (
            "Drag to look around, turn the wheel to zoom, Ctrl+click two points to measure between them.",
            "Set one length that you know, and the whole scene has the right size. Export to Blender, GLB, OBJ, PLY.",
            "Drop files here, or press Ctrl+V to open copied ones.  F1 shows all keys."
            if takes_drops
            else "Ctrl+V opens copied files.  F1 shows all keys.",
        ):
            self._page.add_child(_grey(line))
        self._page.add_stretch()
        window.add_child(self.widget)

    def _open_button(self, act: Callable[[str], None]) -> None:
        row, button = gui.Horiz(), gui.Button("Open photo")
        button.background_color = gui.Color(*_BLUE)
        button.horizontal_padding_em, button.vertical_padding_em = 2.0, 0.6
        button.tooltip = "Opens a photo, a scene (.npz) or an exported 3D file (Ctrl+O)"
        button.set_on_clicked(lambda: act("open"))
        row.add_child(button)
        row.add_stretch()
        self._page.add_child(row)

    def _tiles(self, title: str, entries: Sequence[tuple[str, Path]], size_em: tuple[float, float]) -> None:
        self._page.add_fixed(int(0.4 * self._em))
        self._page.add_child(gui.Label(title))
        row = gui.Horiz(_TILES_APART_EM * self._em)
        for text, path in entries:
            row.add_child(self._tile(text, path, fitted(size_em, len(entries), self._width_em)))
        row.add_stretch()
        self._page.add_child(row)

    def _tile(self, text: str, path: Path, size_em: tuple[float, float]) -> Any:
        size = int(size_em[0] * self._em), int(size_em[1] * self._em)
        picture: NDArray[np.uint8] | None = thumbnail(path, size)
        tile = gui.Vert(0.2 * self._em)
        image = gui.ImageWidget(open3d_geometry.image(blank(size) if picture is None else picture))
        button = gui.Button(shorten(text, _TILE_LETTERS, placeholder="...") or text[:_TILE_LETTERS])
        button.vertical_padding_em = 0.1

        image.set_on_mouse(on_left_click(lambda: self._reopen(path)))
        button.set_on_clicked(lambda: self._reopen(path))
        for widget in (image, button):
            widget.tooltip = "" if sample_of(path) else str(path)
            tile.add_child(widget)
        return tile


def fitted(size: tuple[float, float], count: int, room: float) -> tuple[float, float]:
    """Width and height of each of so many tiles, em: smaller where a row of them is wider than its room."""
    zoom = min(1.0, (room - (count - 1) * _TILES_APART_EM) / (count * size[0]))
    return zoom * size[0], zoom * size[1]


def _grey(text: str) -> Any:
    label = gui.Label(text)
    label.text_color = gui.Color(0.68, 0.71, 0.76)
    return label


PROGRESS_EM = 40.0, 9.0
"""Width, and height that it has room for."""


class Progress:
    """Shows the file being opened, its progress and decisions, and a cancel button."""

    def __init__(self, window: Any, cancel: Callable[[], None]) -> None:
        em = window.theme.font_size
        self.widget = gui.Vert(0.5 * em, gui.Margins(em, 0.6 * em, em, 0.6 * em))
        self.widget.background_color = gui.Color(0.2, 0.22, 0.26)
        self._size = int(_THUMB_EM[0] * em), int(_THUMB_EM[1] * em)
        self._thumb = gui.ImageWidget(open3d_geometry.image(blank(self._size)))
        self._thumb.visible = False
        self._seen: Seen | None = None
        self._stage = gui.Label("")
        self._bar = gui.ProgressBar()
        self._notes = gui.Label("")
        row = gui.Horiz()
        row.add_child(self._stage)
        row.add_stretch()
        stop = gui.Button("Cancel")
        stop.tooltip = "Cancels opening (Esc)"
        stop.vertical_padding_em = 0.1
        stop.set_on_clicked(cancel)
        row.add_child(stop)
        below = gui.Horiz(em)
        below.add_child(self._thumb)
        below.add_child(self._notes)
        for widget in (row, self._bar, below):
            self.widget.add_child(widget)
        self.widget.visible = False
        self._shown: tuple[str, float, str] | None = None
        window.add_child(self.widget)

    def show(self, job: Job | None, *, small: bool) -> bool:
        """Shows the state of a job, with its picture if ``small``; None hides the display.

        Returns whether it has changed: four times a second at most while only the time goes on, since frames of
        software drivers cost memory.
        """
        shown = None if job is None else _progress_of(job, 76 if small else 90)
        changed = self._show_picture(job.seen if job is not None and small else None) or shown != self._shown
        self._shown = shown
        self.widget.visible = shown is not None
        if shown is not None and changed:
            self._stage.text, self._bar.value, self._notes.text = shown
        return changed

    def _show_picture(self, seen: Seen | None) -> bool:
        if seen is self._seen:
            return False
        self._seen, self._thumb.visible = seen, seen is not None
        if seen is not None:
            fitted = ImageOps.fit(Image.fromarray(seen.picture), self._size, Image.Resampling.BOX)
            self._thumb.update_image(open3d_geometry.image(np.asarray(fitted)))
        return True


def _progress_of(job: Job, letters: int) -> tuple[str, float, str]:
    """Stage, position of the bar and notes."""
    # If the progress is unknown, animate the bar, in quarters of a second.
    has_share = job.share is not None and job.opened is None
    position = round(job.share or 0.0, 2) if has_share else (int(4 * job.seconds) % 8) / 8
    notes = "\n".join([line for note in job.notes for line in wrap(note.text, letters)][-_LINES:])
    stage = job.stage if job.opened is None else "Drawing the scene"
    return f"{job.path.name}: {stage} ... {job.seconds:.0f} s", position, notes
