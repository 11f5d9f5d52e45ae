"""Files dropped onto a window, by a program that drags them as file managers do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("Xlib", reason="python-xlib is for Linux")

from drag_source import DragSource
from Xlib import X
from Xlib import display as x11

from recon_viewer.background.dropped_files import DropTarget, drop_target

pytestmark = pytest.mark.display


@pytest.fixture
def window(display: dict[str, str]) -> Iterator[tuple[str, Any, Any]]:
    """The display's name, a connection to it and a window there."""
    connection = x11.Display(display["DISPLAY"])
    made = connection.screen().root.create_window(0, 0, 99, 99, 0, X.CopyFromParent)
    connection.sync()
    yield display["DISPLAY"], connection, made
    connection.close()


def _dropped(
    window: tuple[str, Any, Any], kind: str, content: bytes, more: tuple[str, ...] = ()
) -> tuple[list[Path], DragSource]:
    name, connection, made = window
    target, files = DropTarget(connection, made), list[Path]()
    connection.sync()
    source = DragSource(name, made.id, kind, content)
    try:
        source.drop(lambda: files.extend(target.poll()), more)
    finally:
        source.close()
    return files, source


def test_dropped_files_arrive_in_order(window: tuple[str, Any, Any], tmp_path: Path) -> None:
    photos = [tmp_path / "a photo.jpg", tmp_path / "é.png"]
    for photo in photos:
        photo.touch()
    text = "".join(f"{photo.as_uri()}\r\n" for photo in photos)
    files, source = _dropped(window, "text/uri-list", f"# a comment\r\n{text}".encode())
    assert files == photos and source.accepted and source.finished


def test_files_are_found_among_many_types(window: tuple[str, Any, Any], tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    more = ("text/plain", "text/html", "application/x-other")
    files, _ = _dropped(window, "text/uri-list", (tmp_path / "a.jpg").as_uri().encode(), more)
    assert files == [tmp_path / "a.jpg"]


def test_what_is_no_file_is_not_taken(window: tuple[str, Any, Any]) -> None:
    files, source = _dropped(window, "text/plain", b"hello")
    assert files == [] and source.accepted is False


def test_addresses_of_no_file_open_nothing(window: tuple[str, Any, Any]) -> None:
    files, source = _dropped(
        window, "text/uri-list", b"https://example.org/a.jpg\r\nfile:///no/such/file.jpg\r\n"
    )
    assert files == [] and source.finished


def test_without_a_window_or_a_display_there_is_no_target(
    display: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", display["DISPLAY"])
    assert drop_target() is None
    monkeypatch.setenv("DISPLAY", ":987")
    assert drop_target() is None
    monkeypatch.setattr("sys.platform", "win32")
    assert drop_target() is None


def test_the_mouse_is_seen_until_the_window_is_gone(window: tuple[str, Any, Any]) -> None:
    _, connection, made = window
    target = DropTarget(connection, made)
    connection.screen().root.warp_pointer(30, 40)
    seen = target.pointer()
    assert seen is not None and seen[:2] == (30, 40)
    made.destroy()
    connection.sync()
    assert target.pointer() is None
