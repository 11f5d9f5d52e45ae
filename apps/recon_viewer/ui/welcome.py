"""The welcome page, and the progress display while a file is being opened."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

from open3d.visualization import gui

import recon
from recon.options import Options
from recon_viewer.background.jobs import Job

_SAMPLE = "living_room"
_RECENT = 6
_NOTES = 5


def sample() -> tuple[Path, Options] | None:
    """The sample photo with its measured depth and camera; None if the sample data is not installed."""
    folder = Path(recon.__file__).resolve().parent.parent / "sample_data"
    try:
        entry = json.loads((folder / "pairs.json").read_text("utf-8"))[_SAMPLE]
        fx, fy, cx, cy = (float(value) for value in entry["K_fx_fy_cx_cy"])
        return folder / entry["rgb"], Options(depth=folder / entry["depth"], intrinsics=(fx, fy, cx, cy))
    except (OSError, ValueError, KeyError):
        return None


class Welcome:
    """The welcome page."""

    def __init__(
        self, window: Any, recent: Sequence[str], act: Callable[[str], None], reopen: Callable[[Path], None]
    ) -> None:
        em = window.theme.font_size
        self.widget = gui.Vert(0.6 * em, gui.Margins(2 * em, 2 * em, 2 * em, 2 * em))
        self.widget.background_color = gui.Color(0.13, 0.14, 0.16)
        self._title("recon", gui.Color(0.55, 0.8, 1.0))
        self.widget.add_child(
            gui.Label("Turn one photograph into a metric 3D scene: look around, measure, export.")
        )
        self.widget.add_fixed(int(0.5 * em))
        self._button("Open a photo, a scene or a 3D file...  (Ctrl+O)", lambda: act("open"))
        if sample() is not None:
            self._button("Open the sample: a living room with measured depth", lambda: act("sample"))
        there = [Path(name) for name in recent if Path(name).exists()][:_RECENT]
        if there:
            self.widget.add_fixed(int(0.5 * em))
            self.widget.add_child(gui.Label("Recent"))
        for path in there:
            self._button(path.name, lambda path=path: reopen(path), tip=str(path))  # type: ignore[misc]
        self.widget.add_fixed(int(0.5 * em))
        for line in (
            "Drag: orbit.  Ctrl+drag: pan.  Wheel: zoom.",
            "Ctrl+click two points: their distance in metres.  F1: all shortcuts.",
        ):
            self.widget.add_child(gui.Label(line))
        window.add_child(self.widget)

    def _title(self, text: str, colour: Any) -> None:
        label = gui.Label(text)
        label.text_color = colour
        self.widget.add_child(label)

    def _button(self, text: str, on_click: Callable[[], None], tip: str = "") -> None:
        row = gui.Horiz()
        button = gui.Button(text)
        button.tooltip = tip
        button.set_on_clicked(on_click)
        row.add_child(button)
        row.add_stretch()
        self.widget.add_child(row)


class Progress:
    """Shows the file being opened, its progress and decisions, and a cancel button."""

    def __init__(self, window: Any, cancel: Callable[[], None]) -> None:
        em = window.theme.font_size
        self.widget = gui.Vert(0.5 * em, gui.Margins(em, em, em, em))
        self.widget.background_color = gui.Color(0.2, 0.22, 0.26)
        self._stage = gui.Label("")
        self._bar = gui.ProgressBar()
        self._notes = gui.Label("")
        row = gui.Horiz()
        row.add_stretch()
        stop = gui.Button("Cancel")
        stop.tooltip = "Cancels opening (Esc)"
        stop.set_on_clicked(cancel)
        row.add_child(stop)
        for widget in (self._stage, self._bar, self._notes, row):
            self.widget.add_child(widget)
        self.widget.visible = False
        window.add_child(self.widget)

    def show(self, job: Job | None) -> None:
        """Shows the state of a job; None hides the display."""
        self.widget.visible = job is not None
        if job is None:
            return
        self._stage.text = f"{job.path.name}: {job.stage} ... {job.seconds:.0f} s"
        # If the progress is unknown, animate the bar.
        self._bar.value = job.share if job.share is not None else (job.seconds % 2.0) / 2.0
        self._notes.text = "\n".join(fill(note.text, 90) for note in job.notes[-_NOTES:])
