"""Photos of odd names go through every format, and come back under their own names."""

import json
import os
from pathlib import Path

import pytest
from photo_folders import build, make_photos

from recon.export.registry import formats
from recon.file_info import describe
from recon.scene import Scene

NAMES = {
    "quotes": "a'b\"c`d$(e)",
    "line feed": "a\nb\rc",
    "markup": "<img src=x onerror=alert(1)>&amp;%20#?".replace("/", ""),
    "escape": "\x1b]0;owned\x07\x1b[31m",
    "right to left": "שלום \u202egnp",
    "long": "n" * 251,
    "long letters": "日" * 83,
    "dashes": "--help",
}
APART = ("textured.ply", "usda")
"""They would share their name or the texture next to them with another format."""
TOGETHER = tuple(name for each in formats() if (name := each.removeprefix(".")) not in APART)


@pytest.mark.parametrize("suffixes", [TOGETHER, APART], ids=["together", "apart"])
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_every_format_is_written_and_read_back(name: str, suffixes: tuple[str, ...], tmp_path: Path) -> None:
    make_photos(tmp_path, [name[:-1] if name == "n" * 251 else name])
    name = next((tmp_path / "photos").iterdir()).name.removesuffix(".jpg")
    done = build(tmp_path, "--format", f"{','.join(suffixes)},npz", "--stride", "4", "--json")
    assert not set(done.stderr) & {"\x1b", "\x07", "\r", "\u202e"}
    if len(os.fsencode(name)) > 245:
        assert done.exit_code == 1 and "too long" in done.stderr, done.stderr
        return
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["ok"] is True
    out = tmp_path / "out"
    assert not [path for path in out.iterdir() if path.name.startswith(".") and not name.startswith(".")]
    scene = Scene.load(out / f"{name}.npz")
    assert scene.photo.name == f"{name}.jpg"
    for suffix in suffixes:
        found = describe(out / f"{name}.{suffix}")
        assert found.points > 1000, suffix
        assert not found.low or all(abs(value) < 20 for value in found.low), suffix


NO_TEXT = os.fsdecode(b"\xff\xfe\x80")
"""Bytes that are not UTF-8: Linux allows them in a name."""


def test_a_name_that_is_no_text_is_kept_by_formats_that_can(tmp_path: Path) -> None:
    make_photos(tmp_path, [NO_TEXT])
    done = build(tmp_path, "--format", "ply,pcd,stl,npz,glb", "--stride", "4")
    assert done.exit_code == 0, done.stderr
    for suffix in (".ply", ".pcd", ".stl", ".npz", ".glb"):
        assert describe(tmp_path / "out" / f"{NO_TEXT}{suffix}").points > 1000


@pytest.mark.parametrize("suffix", ["obj", "usdz"])
def test_formats_of_text_in_utf_8_say_so(suffix: str, tmp_path: Path) -> None:
    make_photos(tmp_path, [NO_TEXT])
    done = build(tmp_path, "--format", suffix, "--stride", "4")
    assert done.exit_code == 1 and f".{suffix} cannot store a name that is not UTF-8" in done.stderr, (
        done.stderr
    )
    assert not list((tmp_path / "out").glob("*.part"))
