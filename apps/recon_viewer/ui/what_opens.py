"""Follows the file that opens: large before the first scene, then in the progress display alone."""

from recon_viewer.background.jobs import Job
from recon_viewer.controller import Controller
from recon_viewer.ui.opening_page import OpeningPage
from recon_viewer.ui.welcome import Progress

_LATE_FRAMES = 3
"""The frame in which a picture is new may still show the last one."""


class WhatOpens:
    """Feeds the page and the progress display."""

    def __init__(self, controller: Controller, page: OpeningPage, progress: Progress) -> None:
        self._controller, self._page, self._progress = controller, page, progress
        self._first: Job | None = None
        """What opens while there is no scene, until it is drawn."""
        self._late_frames = 0

    def is_first(self, *, shows_scene: bool) -> bool:
        """Whether the first scene is on its way; ``shows_scene``: a layer is drawn, not only opened."""
        # Asked before the first tick, too: a photo of the command line opens without the welcome page.
        waits = self._controller.job is not None or bool(self._controller.state.layers)
        return not shows_scene and (waits or self._first is not None)

    def tick(self, *, shows_scene: bool) -> tuple[bool, bool]:
        """Called many times a second; returns whether the layout has changed, and whether to draw."""
        job, has_layers = self._controller.job, bool(self._controller.state.layers)
        if shows_scene:
            self._first = None
        elif not has_layers:
            # None if it was cancelled, or failed.
            self._first = job
        seen = None if self._first is None else self._first.seen
        changed, self._page.seen = seen is not self._page.seen, seen
        self._late_frames = _LATE_FRAMES if changed else max(self._late_frames - 1, 0)
        late = self._late_frames > 0
        shown = job or self._first
        if shown is not None or self._progress.widget.visible:
            changed = self._progress.show(shown, small=self._first is None) or changed
        return changed, changed or late
