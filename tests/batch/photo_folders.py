"""Folders of small photos with measured depth, and ``recon`` run on them."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import CliRunner, Result
from PIL import Image
from synthetic import floor_and_wall, with_box

from recon_cli.commands import recon

Z = with_box(floor_and_wall(), slice(30, 90), slice(50, 100), 2.0)


def make_photos(folder: Path, names: Iterable[str], *, suffix: str = ".jpg", scale: int = 1) -> None:
    """Writes ``photos/NAME`` and ``depths/NAME.png``, 160 x 120 px times ``scale``."""
    (folder / "photos").mkdir(exist_ok=True)
    (folder / "depths").mkdir(exist_ok=True)
    for k, name in enumerate(names):
        rgb = np.random.default_rng(k).integers(0, 256, (120 * scale, 160 * scale, 3)).astype(np.uint8)
        Image.fromarray(rgb).save(folder / "photos" / f"{name}{suffix}")
        z_mm = np.rint(Z * 1000 * (1 + 0.05 * k)).repeat(scale, 0).repeat(scale, 1)
        Image.fromarray(np.minimum(z_mm, 65_000).astype(np.uint16)).save(folder / "depths" / f"{name}.png")


def words_of(folder: Path, *words: str) -> list[str]:
    """Words that begin with ``@`` become paths in the folder."""
    return [str(folder / word[1:]) if word.startswith("@") else word for word in words]


def run(folder: Path, *words: str, stdin: bytes | None = None) -> Result:
    """Runs ``recon`` in this process."""
    return CliRunner().invoke(recon, words_of(folder, *words), input=stdin)


def build(folder: Path, *words: str, stdin: bytes | None = None) -> Result:
    """``recon build photos/ -o out/`` with measured depth."""
    return run(
        folder,
        "build",
        "@photos",
        "-o",
        "@out",
        "--depth",
        "@depths",
        "--focal-px",
        "200",
        *words,
        stdin=stdin,
    )


def start(folder: Path, *words: str, program: str | None = None) -> "subprocess.Popen[str]":
    """Runs ``recon`` as a process of its own; ``program`` is run before it."""
    code = (
        ["-c", f"{program}\nfrom recon_cli.main import main\nmain()"] if program else ["-m", "recon_cli.main"]
    )
    command = [sys.executable, *code, *words_of(folder, *words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def names_in(folder: Path) -> list[str]:
    """The files below a folder, hidden ones too, without the record."""
    found = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    return sorted(name for name in found if name != "batch.jsonl")


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """The record's lines about photos."""
    lines = [json.loads(line) for line in (folder / "batch.jsonl").read_text().splitlines()]
    return [line for line in lines if line["kind"] == "photo"]
