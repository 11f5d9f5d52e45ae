"""What was typed into the file dialog."""

from pathlib import Path

import pytest

from recon_viewer.model.typed_path import typed_path


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("/home/me/scene.glb", "/home/me/scene.glb"),
        ("/home/me//data/out/scene.glb", "/data/out/scene.glb"),
        ("/home/me/../you/./scene.glb", "/home/you/scene.glb"),
        ("/home/me/sub/scene.glb", "/home/me/sub/scene.glb"),
        (r"C:\me/D:\out.glb", r"D:\out.glb"),
    ],
)
def test_an_absolute_path_is_not_glued_to_the_folder(text: str, meant: str) -> None:
    assert typed_path(text) == Path(meant)


def test_the_home_folder_can_be_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert typed_path("/somewhere/~/a.ply") == Path("/home/me/a.ply")
