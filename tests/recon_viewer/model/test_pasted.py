"""Files named by the clipboard."""

from pathlib import Path

import pytest

from recon_viewer.model.pasted import pasted_paths


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "a.jpg", tmp_path / "b c%20.jpg"]
    for path in paths:
        path.write_bytes(b"")
    return paths


@pytest.mark.parametrize("form", ["{}", "  {}\r", "'{}'", '"{}"'])
def test_paths_are_taken_as_terminals_and_file_managers_copy_them(form: str, photos: list[Path]) -> None:
    assert pasted_paths("\n".join(form.format(path) for path in [*photos, photos[0]])) == photos


def test_addresses_of_files_are_decoded(photos: list[Path]) -> None:
    assert pasted_paths("\n".join(path.as_uri() for path in photos)) == photos


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "a.jpg",
        "/none/such.jpg",
        "~nobody-of-that-name/x",
        "'",
        "\0",
        "x" * 5000,
        "/" + "x" * 5000,
    ],
)
def test_other_text_names_no_file(text: str) -> None:
    assert pasted_paths(text) == []
