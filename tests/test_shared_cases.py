"""The small inputs of ../shared/cases, each with the right value: one line a case."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from PIL import Image

from recon.file_info import describe, read_geometry
from recon.photo.read import read_photo
from recon.types import Mesh, Photo, PointCloud
from recon.video.reader import Clip
from recon_cli.group import recon

CASES = Path(__file__).resolve().parents[2] / "shared" / "cases" / "files"
FAR_M = (2.12, 4.05)
"""1st and 99th percentile of the depth that most cases hold."""


def command(folder: Path, *words: str) -> Result:
    """Runs ``recon`` on files of the folder, which are named with an @."""
    return CliRunner().invoke(recon, [str(folder / w[1:]) if w.startswith("@") else w for w in words])


def photo(folder: Path, name: str) -> Photo:
    return read_photo(folder / name)


def raw(folder: Path, name: str) -> NDArray[np.uint8]:
    """As Pillow shows it, which follows no colour."""
    return np.asarray(Image.open(folder / name).convert("RGB"))


def depth_is(folder: Path, file: str, part: str) -> bool:
    words = ("--depth", f"@{file}", "--fov", "60", "-o", "@z.npy")
    done = command(folder, "depth", "@photo.png", *words)
    assert done.exit_code == 0 and part in done.output, done.output
    ends = np.nanpercentile(np.load(folder / "z.npy"), (1, 99))
    return bool(np.abs(ends - FAR_M).max() < 0.01)


def refused(folder: Path, *words: str, says: str) -> bool:
    done = command(folder, *words)
    assert done.exit_code == 1 and "unexpected" not in done.output, done.output
    return says in done.output


def shown(folder: Path, name: str) -> tuple[int, int, list[float], tuple[str, ...]]:
    """Points, triangles, size and notes of a model as the viewer gets it."""
    found, notes = read_geometry(folder / name)
    points = found.vertices if isinstance(found, Mesh) else found.points
    size = (points.max(axis=0) - points.min(axis=0)).astype(float)
    return len(points), len(found.faces) if isinstance(found, Mesh) else 0, size.round(3).tolist(), notes


def info_of(folder: Path, name: str) -> dict[str, Any]:
    return describe(folder / name).as_dict()


def has(folder: Path, name: str, points: int, faces: int, **values: Any) -> bool:
    found = info_of(folder, name)
    return (found["points"], found["faces"]) == (points, faces) and all(
        np.allclose(found[key], value, atol=1e-6) if key == "size" else found[key] == value
        for key, value in values.items()
    )


def doubted(folder: Path) -> bool:
    seen = photo(folder, "p.jpg")
    return seen.exif_focal_px is None and any("no camera has" in note for note in seen.warnings)


def one_focal_length(folder: Path) -> bool:
    found = []
    for name in ("landscape.jpg", "portrait.jpg"):
        done = command(folder, "build", f"@{name}", "--model", "preview", "-o", f"@{name}.ply", "--json")
        found.append(json.loads(done.stdout)["scene"]["focal"]["fx_px"])
    return bool(np.allclose(found, [346.4, 346.4], atol=0.1))


def jfif_is_taken(folder: Path) -> bool:
    words = ("--model", "preview", "--format", "ply", "-o", "@out")
    done = command(folder, "build", "@photos", *words)
    assert done.exit_code == 0, done.output
    return (
        len(list((folder / "out").glob("*.ply"))) == 2
        and info_of(folder / "photos", "a.jfif")["width_px"] > 0
    )


def motion_photo_is_left_behind(folder: Path) -> bool:
    words = ("--model", "preview", "--fov", "60", "--stride", "8", "-o", "@m.glb")
    done = command(folder, "build", "@motion.jpg", *words)
    assert done.exit_code == 0, done.output
    return b"ftypmp42" not in (folder / "m.glb").read_bytes()


def gamma_is_followed(folder: Path) -> bool:
    linear = raw(folder, "p.png") / 255
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return bool(np.abs(photo(folder, "p.png").rgb - 255 * srgb).max() <= 0.6)


def adobe_rgb_is_converted(folder: Path) -> bool:
    linear = (raw(folder, "p.jpg") / 255) ** (563 / 256)
    red = 1.3984 * linear[..., 0] - 0.3984 * linear[..., 1]
    srgb = np.where(red <= 0.0031308, 12.92 * red, 1.055 * red.clip(0) ** (1 / 2.4) - 0.055)
    return bool(np.abs(photo(folder, "p.jpg").rgb[..., 0] - 255 * srgb.clip(0, 1)).max() <= 1)


def video(folder: Path, name: str) -> tuple[list[Photo], list[float], list[str]]:
    clip = Clip.open(folder / name)
    frames = list(clip.frames())
    return [each.photo for each in frames], [each.time_s for each in frames], clip.warnings


def cover_is_no_video(folder: Path) -> bool:
    frames, _, warnings = video(folder, "clip.mp4")
    return [(each.width, each.height) for each in frames] == [(160, 120)] * 6 and warnings == []


def mirrored_is_mirrored(folder: Path) -> bool:
    mirrored, upright = video(folder, "clip.mp4")[0], video(folder, "upright.mp4")[0]
    return len(mirrored) == 6 and all(
        np.abs(a.rgb[:, ::-1].astype(int) - b.rgb).mean() < 1 for a, b in zip(mirrored, upright, strict=True)
    )


def size_change_is_read_on(folder: Path) -> bool:
    frames, times, warnings = video(folder, "clip.ts")
    sizes = {(each.width, each.height) for each in frames}
    return len(sizes) == 2 and 0.6 < times[-1] < 0.8 and any("change their size" in each for each in warnings)


def relative_with_8_bits(folder: Path) -> bool:
    words = ("--relative-depth", "@d.png", "--fov", "60", "--at", "10,10=2.3m", "--at", "70,50=3.9m")
    done = command(folder, "build", "@photo.png", *words, "-o", "@s.ply")
    return done.exit_code == 0 and "8 bits" in done.output


def cloud_far_from_the_origin(folder: Path) -> bool:
    found, notes = read_geometry(folder / "m.las")
    points = found.vertices if isinstance(found, Mesh) else found.points
    # Upright: the file's y is the depth of the cam frame.
    return all(len(np.unique(points[:, axis])) == 200 for axis in (0, 2)) and any(
        "moved" in n or "shift" in n for n in notes
    )


def surrounds_the_camera(folder: Path) -> bool:
    """A panorama becomes a scene all around, and is refused where one view is meant."""
    done = command(folder, "build", "@pano.jpg", *PREVIEW)
    assert done.exit_code == 0, done.output
    found, _ = read_geometry(folder / "p.ply")
    assert isinstance(found, PointCloud)
    all_around = (found.points.min(axis=0) < 0).all() and (found.points.max(axis=0) > 0).all()
    return bool(all_around) and refused(
        folder,
        "calibrate",
        "@pano.jpg",
        "--model",
        "preview",
        "--length",
        "1,1:9,9=1m",
        "-o",
        "@c.json",
        says="panorama",
    )


STRIP = ("--model", "preview", "-o", "@s.glb")
PREVIEW = ("--model", "preview", "-o", "@p.ply")
DEPTH = ("--depth", "@depth.exr", "--fov", "60", "-o", "@z.npy")
QUAD = [1.0, 0.5, 0.0]
RIGHT: dict[str, Callable[[Path], bool]] = {
    "avif-hdr": lambda f: any("HDR" in note for note in photo(f, "p.avif").warnings),
    "bmp-alpha-zero": lambda f: 60 < photo(f, "p.bmp").rgb.mean() < 200 and photo(f, "p.bmp").present is None,
    "default-fov-portrait": one_focal_length,
    "depth-npz-arr0": lambda f: depth_is(f, "d.npz", "arr_0"),
    "depth-npz-mask-of-bytes": lambda f: depth_is(f, "d.npz", "depth"),
    "depth-npz-own-key": lambda f: depth_is(f, "d.npz", "depth_map"),
    "depth-tiff-float64": lambda f: depth_is(f, "d.tif", "float64"),
    "exif-sensor-2mm": doubted,
    "exif-sensor-95mm": doubted,
    "exr-file-output-V": lambda f: depth_is(f, "depth.exr", "Depth.V"),
    "exr-luminance-chroma": lambda f: refused(f, "depth", "@photo.png", *DEPTH, says="BY, RY, Y"),
    "exr-multipart": lambda f: depth_is(f, "depth.exr", "depth: Z"),
    "exr-normal-pass": lambda f: depth_is(f, "depth.exr", "ViewLayer.Depth.Z"),
    "exr-normals-only": lambda f: refused(f, "depth", "@photo.png", *DEPTH, says="N.X, N.Y, N.Z"),
    "exr-vector-pass": lambda f: depth_is(f, "depth.exr", "ViewLayer.Depth.Z"),
    "folder-jfif": jfif_is_taken,
    "info-glb-no-scenes": lambda f: has(f, "m.glb", 3, 1) and bool(info_of(f, "m.glb")["notes"]),
    "info-glb-quantized": lambda f: has(f, "m.glb", 3, 1, size=[1.0, 1.0, 0.0], unit="m"),
    "info-gltf-texture-in-folder": lambda f: has(f, "m.gltf", 3, 1, notes=[]),
    "info-gltf-web-address": lambda f: has(f, "m.gltf", 3, 1) and "URL" in str(info_of(f, "m.gltf")["notes"]),
    "info-obj-comment-is-colour": lambda f: has(f, "m.obj", 3, 1, colours="none"),
    "info-obj-indented": lambda f: has(f, "m.obj", 3, 1),
    "info-obj-map-in-folder": lambda f: has(f, "m.obj", 3, 1, colours="texture", notes=[]),
    "info-obj-map-options": lambda f: has(f, "m.obj", 3, 1, colours="texture", notes=[]),
    "info-ply-blank-lines": lambda f: has(f, "m.ply", 3, 0),
    "info-ply-texture-missing": lambda f: "gone.png is missing" in str(info_of(f, "m.ply")["notes"]),
    "info-ply-vertex-list": lambda f: has(f, "m.ply", 3, 0, size=[2.0, 1.0, 0.0]),
    "info-stl-capitals": lambda f: has(f, "m.stl", 3, 1),
    "info-stl-trailing-bytes": lambda f: has(f, "m.stl", 3, 1),
    "info-unit-stl": lambda f: has(f, "cube_20mm.stl", 3, 1, size=[20.0, 20.0, 0.0], unit=None),
    "jpeg-adobe-rgb-by-exif": adobe_rgb_is_converted,
    "motion-photo-in-glb": motion_photo_is_left_behind,
    "panorama-gpano": surrounds_the_camera,
    "png-gamma": gamma_is_followed,
    "preview-strip-crash": lambda f: refused(f, "build", "@strip.png", *STRIP, says="too narrow"),
    "preview-strip-crash-6px": lambda f: refused(f, "build", "@strip.png", *STRIP, says="too narrow"),
    "relative-8-bit": relative_with_8_bits,
    "render-gltf": lambda f: shown(f, "m.gltf")[:2] == (3, 1),
    "tiff-12-bits": lambda f: abs(photo(f, "p.tif").rgb.mean() - 152.7) < 0.5,
    "tiff-12-in-16-maxsample": lambda f: abs(photo(f, "p.tif").rgb.mean() - 152.7) < 0.5,
    "tiff-16-white-is-zero": lambda f: abs(photo(f, "p.tif").rgb.mean() - 152.7) < 0.5,
    "video-cover-art-first": cover_is_no_video,
    "video-mirrored": mirrored_is_mirrored,
    "video-size-changes": size_change_is_read_on,
    "view-glb-interleaved": lambda f: shown(f, "m.glb")[1] >= 1,
    "view-glb-node-scale": lambda f: has(f, "m.glb", 3, 1, size=QUAD) and shown(f, "m.glb")[2] == QUAD,
    "view-glb-quantized": lambda f: shown(f, "m.glb")[2] == [1.0, 1.0, 0.0],
    "view-las-utm": cloud_far_from_the_origin,
    "view-obj-quads": lambda f: has(f, "m.obj", 6, 2) and shown(f, "m.obj")[1] == 4,
    "view-ply-longer-face-lines": lambda f: refused(f, "info", "@m.ply", says="damaged at face 2"),
    "view-usd-quads": lambda f: shown(f, "m.usda")[:2] == (4, 2),
    "view-usd-rotation": lambda f: shown(f, "m.usdc")[2] == [2.121, 1.414, 0.0],
    "view-xyz-cloudcompare-header": lambda f: shown(f, "m.xyz")[0] == 3,
}


@pytest.mark.data
@pytest.mark.parametrize("name", RIGHT)
def test_every_shared_case_gives_the_right_value(name: str, tmp_path: Path) -> None:
    if not CASES.is_dir():
        pytest.skip("../shared/cases is not here")
    folder = tmp_path / name
    shutil.copytree(CASES / name, folder)
    assert RIGHT[name](folder)


@pytest.mark.data
def test_no_shared_case_is_left_out() -> None:
    if not CASES.is_dir():
        pytest.skip("../shared/cases is not here")
    assert {each.name for each in CASES.iterdir()} == set(RIGHT)
