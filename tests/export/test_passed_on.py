"""A shared scene contains the image, but no metadata on who took it, where, or on which machine."""

import base64
import json
import re
from pathlib import Path

import numpy as np
import pytest
from picture_files import NOISE, encoded
from PIL import Image

import recon
from recon.export.registry import formats
from recon.options import Options
from recon.saved_options import options_as_values, without_folders
from recon.scene import Scene

OWNER, VIDEO = b"NAMEOFTHEOWNER", b"ftypmp42"


def motion_photo() -> bytes:
    tags = Image.Exif()
    tags[315] = OWNER.decode()
    return encoded(NOISE, "JPEG", exif=tags) + b"\0\0\0\x18" + VIDEO + bytes(100)


def scene(folder: Path, **options: object) -> Scene:
    private = folder / "folder-of-mine"
    private.mkdir()
    (private / "p.jpg").write_bytes(motion_photo())
    np.save(private / "d.npy", np.full(NOISE.shape[:2], 2, np.float32))
    return recon.reconstruct(private / "p.jpg", depth=private / "d.npy", fov=60.0, **options)


def held(path: Path) -> bytes:
    """All bytes of an output, those of a page's base64 text decoded as well."""
    files = [each for each in path.parent.rglob("*") if each.is_file()]
    data = b"".join(each.read_bytes() for each in files)
    return data + b"".join(base64.b64decode(m) for m in re.findall(rb"(?:[A-Za-z0-9+/]{4}){200,}", data))


@pytest.mark.parametrize("suffix", [*formats(), ".npz"])
@pytest.mark.parametrize("keep", [False, True])
def test_no_format_passes_on_what_is_private(suffix: str, keep: bool, tmp_path: Path) -> None:
    made = scene(tmp_path, keep_metadata=keep)
    out = tmp_path / "out"
    out.mkdir()
    data = held(made.save(out / f"a{suffix}"))
    assert VIDEO not in data and b"folder-of-mine" not in data
    if not keep:
        assert OWNER not in data
    elif b"\xff\xd8\xff" in data:
        assert OWNER in data, "asked for"


def test_a_scene_file_of_before_is_cleaned_when_it_is_read(tmp_path: Path) -> None:
    made = scene(tmp_path)
    made.save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as archive:
        arrays = {name: archive[name] for name in archive.files}
    arrays["jpeg"] = np.frombuffer(motion_photo(), np.uint8)
    np.savez(tmp_path / "b.npz", **arrays)
    loaded = Scene.load(tmp_path / "b.npz")
    assert loaded.photo.jpeg_bytes == made.photo.jpeg_bytes
    assert loaded.photo.jpeg_metadata == made.photo.jpeg_metadata != b""


def test_options_name_files_without_their_folders(tmp_path: Path) -> None:
    scene(tmp_path).save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as archive:
        options = json.loads(str(archive["metadata"]))["options"]
    assert options["depth"] == "d.npy"
    weights = tmp_path / "weights"
    weights.mkdir()
    given = Options(
        model=f"hf:{weights}", reference="hf:apple/DepthPro-hf", constraint_file=Path("/a/b/k.json")
    )
    shared = without_folders(options_as_values(given))
    assert shared["model"] == "hf:weights" and shared["constraint_file"] == "k.json"
    assert shared["reference"] == "hf:apple/DepthPro-hf"
