"""Files dropped onto the window under X11: Open3D does not ask for them, so that a proxy does (XDND, version 5)."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from recon_viewer.background.x_server import x_server
from recon_viewer.model.pasted import pasted_paths

_VERSION = 5
_FILES = "text/uri-list"
_EVERYWHERE = 0
"""Asks for a message after each move: no rectangle."""
_WANTS = 1


class DropTarget:
    """Takes the drops for a window of this process; nothing blocks, ``poll`` handles what has arrived.

    The window's property ``XdndProxy`` names a hidden window of ours, which gets the messages in its place.
    """

    def __init__(self, display: Any, window: Any) -> None:
        """``display``: of python-xlib; ``window``: what the user sees."""
        from Xlib import X, Xatom

        self._display, self._x = display, X
        self._atoms = {
            name: display.intern_atom(name)
            for name in (
                "XdndAware", "XdndProxy", "XdndEnter", "XdndPosition", "XdndStatus", "XdndLeave", "XdndDrop",
                "XdndFinished", "XdndSelection", "XdndActionCopy", "XdndTypeList", _FILES,
            )
        }  # fmt: skip
        root = display.screen().root
        self._proxy = root.create_window(0, 0, 1, 1, 0, X.CopyFromParent, event_mask=X.PropertyChangeMask)
        for target in (window, self._proxy):
            target.change_property(self._atoms["XdndAware"], Xatom.ATOM, 32, [_VERSION])
            target.change_property(self._atoms["XdndProxy"], Xatom.WINDOW, 32, [self._proxy.id])
        self._window = window
        self._source: Any = None
        self._takes = False
        display.flush()

    def poll(self) -> list[Path]:
        """The files of drops that are complete; usually none."""
        dropped: list[Path] = []
        while self._display.pending_events():
            event = self._display.next_event()
            if event.type == self._x.ClientMessage:
                self._heard(event)
            elif event.type == self._x.SelectionNotify and self._source is not None:
                dropped += self._received(event)
        return dropped

    def pointer(self) -> tuple[int, int, int] | None:
        """Position and buttons of the mouse, over any widget, which Open3D does not report; None: no window."""
        from Xlib.error import XError

        try:
            seen = self._window.query_pointer()
        except (XError, OSError):
            return None
        return seen.win_x, seen.win_y, seen.mask

    def close(self) -> None:
        """Ends the connection."""
        with suppress(OSError):
            self._display.close()

    def _heard(self, event: Any) -> None:
        kind, data = event.client_type, event.data[1]
        if kind == self._atoms["XdndEnter"]:
            self._source = self._display.create_resource_object("window", data[0])
            self._takes = self._atoms[_FILES] in self._offered(data)
        elif kind == self._atoms["XdndPosition"] and self._source is not None:
            action = self._atoms["XdndActionCopy"] if self._takes else 0
            self._answer("XdndStatus", [_WANTS if self._takes else 0, _EVERYWHERE, _EVERYWHERE, action])
        elif kind == self._atoms["XdndLeave"]:
            self._source = None
        elif kind == self._atoms["XdndDrop"] and self._source is not None:
            if self._takes:
                files, selection = self._atoms[_FILES], self._atoms["XdndSelection"]
                self._proxy.convert_selection(selection, files, selection, data[2])
                self._display.flush()
            else:
                self._finish(False)

    def _offered(self, data: Any) -> list[int]:
        """The atoms of the offered types; more than three are in a property of the source."""
        if not data[1] & 1:
            return list(data[2:5])
        listed = self._source.get_full_property(self._atoms["XdndTypeList"], self._x.AnyPropertyType)
        return [] if listed is None else list(listed.value)

    def _received(self, event: Any) -> list[Path]:
        given = None
        if event.property:
            given = self._proxy.get_full_property(event.property, self._x.AnyPropertyType)
        self._finish(given is not None)
        if given is None:
            return []
        text = given.value if isinstance(given.value, bytes) else bytes(given.value)
        return pasted_paths(text.decode("utf-8", "replace"))

    def _finish(self, done: bool) -> None:
        self._answer("XdndFinished", [int(done), self._atoms["XdndActionCopy"] if done else 0, 0, 0])
        self._source = None

    def _answer(self, kind: str, values: list[int]) -> None:
        from Xlib.protocol import event

        # In the name of the window that the source sees.
        message = event.ClientMessage(
            window=self._source, client_type=self._atoms[kind], data=(32, [self._window.id, *values])
        )
        self._source.send_event(message)
        self._display.flush()


def drop_target() -> DropTarget | None:
    """For the window of this process; None where there is none to be found, no X11, or no python-xlib."""
    opened = x_server()
    if opened is None:
        return None
    from Xlib.error import XError

    try:
        window = _window_of(opened, opened.screen().root, os.getpid())
        return None if window is None else DropTarget(opened, window)
    except (XError, OSError):
        return None


def _window_of(display: Any, parent: Any, process: int) -> Any:
    """The first window below another one that says to be of that process."""
    from Xlib import X

    said = display.intern_atom("_NET_WM_PID")
    for child in parent.query_tree().children:
        owner = child.get_full_property(said, X.AnyPropertyType)
        if owner is not None and process in owner.value:
            return child
        found = _window_of(display, child, process)
        if found is not None:
            return found
    return None
