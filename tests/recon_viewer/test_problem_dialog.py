"""What the window asks about in a dialog; no display."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
from viewer_scenes import room
from waiting import settled

from recon_viewer.controller import Controller
from recon_viewer.model.state import Pick

pytest.importorskip("open3d", reason="Open3D is not installed, or lacks its system libraries")

Answer = tuple[str, Callable[[], None]]


class _Asked:
    """Keeps what it is to show."""

    is_open = False
    help = about = MagicMock()

    def __init__(self) -> None:
        self.shown: list[tuple[str, list[Answer]]] = []

    def message(self, title: str, text: str, answers: Sequence[Answer] = ()) -> None:
        """Keeps it."""
        self.shown.append((text, list(answers)))


def test_a_doubtful_size_can_be_undone_where_it_is_doubted() -> None:
    from recon_viewer.ui.actions import Actions

    controller, dialogs = Controller(), _Asked()
    try:
        controller.add_scene(room(), "room")
        key = settled(controller).state.active
        assert key is not None
        actions = Actions(
            SimpleNamespace(
                controller=controller, dialogs=dialogs, glide=MagicMock(), linking=MagicMock(),
                listen=MagicMock(), refresh=MagicMock(),
            ),  # type: ignore[arg-type]
            MagicMock(),
        )  # fmt: skip
        controller.say("the disk is full", problem=True, window=True)
        controller.use("known length")
        for x in (40.5, 120.5):
            controller.pick(Pick(key, (x, 80.5), (0, 0, 1)))
        before = controller.state
        assert controller.rescaling.add_known("20 m")
        settled(controller)
        for _ in range(3):
            actions.show_problem()
        (full, no_answers), (doubted, answers) = dialogs.shown
        assert "disk" in full and not no_answers and "undo" in doubted
        ((name, undo),) = answers
        assert name == "Undo" and controller.state.layers != before.layers
        undo()
        assert controller.state.layers == before.layers
    finally:
        controller.close()
