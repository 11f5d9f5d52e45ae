"""Small valid files of every kind to mutate: exports of recon, and files from the test fixtures."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from recon.scene import Scene
from recon.types import Intrinsics, MetricDepth, Photo

_FIXTURES = Path(__file__).parents[2] / "tests" / "fixtures"
WIDTH, HEIGHT = 16, 12
_MOST_SEED_BYTES = 400_000


@dataclass(frozen=True)
class Seed:
    """A valid file."""

    name: str
    data: bytes
    companions: dict[str, bytes] = field(default_factory=dict)
    """Other files in its folder."""


def make_seeds(reader: str, folder: Path) -> list[Seed]:
    """The valid files for one reader (``readers.READERS``); ``folder`` is an empty scratch folder."""
    if str(_FIXTURES) not in sys.path:
        sys.path.insert(0, str(_FIXTURES))
    made = list(_MAKERS[reader](folder))
    return [seed for seed in made if len(seed.data) <= _MOST_SEED_BYTES]


def small_scene() -> Scene:
    """A depth ramp with a noise image and a provenance in which all parts are set."""
    draw = np.random.default_rng(0)
    z_m = np.linspace(1, 4, WIDTH * HEIGHT, dtype=np.float32).reshape(HEIGHT, WIDTH)
    rgb = draw.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    jpeg = _encoded(rgb, "JPEG")
    scene = Scene(
        photo=Photo(rgb, path="photo.jpg", jpeg_bytes=jpeg),
        intrinsics=Intrinsics(14, 14, WIDTH / 2, HEIGHT / 2, WIDTH, HEIGHT),
        depth=MetricDepth(z_m, z_m > 1.1, 0.1),
        sky=z_m <= 1.1,
    )
    provenance = {
        "generator": "recon", "photo": {"file": "photo.jpg", "width_px": WIDTH, "height_px": HEIGHT},
        "model": {"name": "preview", "revision": None, "unit_m": 0.001}, "focal": {"fx_px": 14.0, "source": "exif"},
        "error_model": {"estimator": "preview", "scale": 0.1, "smooth": 0.2, "reach": 0.3, "local": 0.0, "photos": 3,
                        "source": "s"},
        "calibration": {"scale": 1.5, "shift": 0.0, "covariance": [[0.1, 0], [0, 0]], "anchors": [[1, 2, 3, 4]]},
        "scale_interval": 0.1, "viewer": {"measured": [], "view": {"grid": False}},
        "crop": {"low_m": [0, 0, 0], "high_m": [1, 1, 1]},
    }  # fmt: skip
    from recon.provenance import Provenance

    return replace(scene, provenance=Provenance.from_dict(provenance))


def _files(folder: Path) -> Iterator[Seed]:
    """Each file in a folder and its subfolders, with the other files of its folder."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            others = {p.name: p.read_bytes() for p in path.parent.iterdir() if p.is_file() and p != path}
            yield Seed(path.name, path.read_bytes(), others)


def _photos(folder: Path) -> Iterator[Seed]:
    carrying = import_module("embedded_depth_files")
    from PIL import Image, PngImagePlugin

    rgb = np.random.default_rng(1).integers(0, 256, (24, 32, 3), np.uint8)
    tags = Image.Exif()
    tags[274], tags[0x8769] = 6, {37386: 4.2, 41989: 26, 41486: 4000.0, 41488: 3}
    png_info = PngImagePlugin.PngInfo()
    png_info.add_text("Comment", "text " * 50, zip=True)
    png_info.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    profile = _profile()
    grey16 = np.arange(24 * 32, dtype=np.uint16).reshape(24, 32) * 80
    for name, pixels, kind, how in (
        ("a.jpg", rgb, "JPEG", {"exif": tags, "icc_profile": profile}),
        ("p.jpg", rgb, "JPEG", {"progressive": True}),
        ("a.png", rgb, "PNG", {"pnginfo": png_info, "exif": tags, "icc_profile": profile}),
        ("g.png", grey16, "PNG", {}),
        ("a.webp", rgb, "WEBP", {"exif": tags}),
        ("a.tif", rgb, "TIFF", {"compression": "tiff_lzw", "tiffinfo": {274: 6}}),
        ("g.tif", grey16, "TIFF", {}),
        ("a.bmp", rgb, "BMP", {}),
        ("a.gif", rgb, "GIF", {}),
    ):
        yield Seed(name, _encoded(pixels, kind, **how))
    import pillow_heif

    held = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(rgb)).save(held, quality=90)
    yield Seed("a.heic", held.getvalue())
    yield Seed("a.avif", _encoded(rgb, "AVIF"))
    photo, codes = carrying.photo_jpeg(32, 24), np.arange(12 * 16, dtype=np.uint8).reshape(12, 16)
    map_png, map_jpeg = carrying.picture_of(codes), carrying.picture_of(codes, "JPEG")
    yield Seed("gdepth.jpg", carrying.gdepth_jpeg(photo, map_png))
    yield Seed("dynamic.jpg", carrying.dynamic_jpeg(photo, map_png))
    yield Seed("apple.jpg", carrying.apple_jpeg(photo, map_jpeg, carrying.apple_xmp()))
    yield Seed("apple.heic", carrying.apple_heic(rgb, codes, carrying.apple_xmp()))


def _profile() -> bytes:
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _encoded(pixels: Any, kind: str, **how: Any) -> bytes:
    from PIL import Image

    held = io.BytesIO()
    Image.fromarray(pixels).save(held, kind, **how)
    return held.getvalue()


def _depth_files(folder: Path) -> Iterator[Seed]:
    import OpenEXR

    z = np.linspace(0.5, 8, 48, dtype=np.float32).reshape(6, 8)
    for name, kind, pixels in (
        ("a.png", "PNG", (z * 1000).astype(np.uint16)),
        ("a.tif", "TIFF", z),
        ("b.tiff", "TIFF", (z * 1000).astype(np.uint16)),
    ):  # fmt: skip
        yield Seed(name, _encoded(pixels, kind))
    np.save(folder / "a.npy", z)
    np.savez(folder / "a.npz", depth_m=z, valid=z > 1)
    np.savez_compressed(folder / "b.npz", whatever=z[None], K=np.eye(3))
    for name, channels in (("a.exr", {"Z": z}), ("b.exr", {"Depth.V": z, "Combined.R": z, "Normal.Z": z})):
        for compression in (OpenEXR.ZIP_COMPRESSION, OpenEXR.PIZ_COMPRESSION):
            header = {"compression": compression, "type": OpenEXR.scanlineimage}
            with OpenEXR.File(header, channels) as file:
                file.write(str(folder / f"{compression}-{name}".replace("Compression.", "")))
    yield from _files(folder)


def _scenes(folder: Path) -> Iterator[Seed]:
    from recon.constraint_text import parse_at, parse_length_between
    from recon.options import Options

    small_scene().save(folder / "a.npz")
    known = Options(
        at=(parse_at("8,6=2m"),), length=(parse_length_between("1,1:9,9=1m"),), depth=Path("d.png")
    )
    small_scene().with_options(known).save(folder / "b.npz")
    yield from _files(folder)


def _exports(folder: Path) -> Iterator[Seed]:
    scene = small_scene()
    for name in (
        "a.ply", "a.glb", "a.obj", "a.stl", "a.pcd", "a.xyz", "a.las", "a.laz", "a.html", "a.usda", "a.usdc",
        "a.usdz", "a.textured.ply", "a.npz", "a.spz",
    ):  # fmt: skip
        own = folder / name.replace(".", "-")
        own.mkdir()
        scene.save(own / name)
        companions = {p.name: p.read_bytes() for p in own.iterdir() if p.name != name}
        yield Seed(name, (own / name).read_bytes(), companions)
    import trimesh

    box = trimesh.creation.box()
    for name in ("b.ply", "b.stl", "b.obj", "b.glb"):
        box.export(folder / name)
        yield Seed(name, (folder / name).read_bytes())
    held = trimesh.Scene([box]).export(file_type="gltf")
    yield Seed("b.gltf", held["model.gltf"], {k: v for k, v in held.items() if k != "model.gltf"})
    (folder / "c.ply").write_bytes(box.export(file_type="ply", encoding="ascii"))
    yield Seed("c.ply", (folder / "c.ply").read_bytes())
    yield from _photos(folder)


def _constraint_files(folder: Path) -> Iterator[Seed]:
    entries = [
        {"at": [812, 440], "distance": "2.4m", "sigma": "3cm"},
        {"from": [1, 2], "to": [30, 40], "length": "6ft 8in", "sigma": "1%"},
        {"rectangle": [[0, 0], [10, 0], [10, 20], [0, 20]], "width": "0.9m", "height": "2.03m"},
        {"camera_height": "1.6m"},
    ]
    yield Seed("a.json", json.dumps(entries).encode())
    yield Seed("b.json", json.dumps({"constraints": entries}).encode())


def _calibrations(folder: Path) -> Iterator[Seed]:
    from recon.calibration.calibration import Calibration, Residual, dumps

    residual = Residual("--at 1,2=3m", 3.0, 3.1, 0.01, 0.05, True)
    made = Calibration(
        "relative", 0.5, 0.01, ((1e-4, 0.0), (0.0, 1e-6)), 0.05, 0.1, float("inf"), 0.1, "m", "r", photo="a.jpg",
        width=640, height=480, focal_px=500.0, constraints=(residual,), anchors=((1.0, 2.0, 0.1, 0.2),),
    )  # fmt: skip
    yield Seed("a.json", dumps(made).encode())
    yield Seed("b.json", dumps(replace(made, kind="metric", shift=0.0, max_depth_m=20.0)).encode())


def _error_models(folder: Path) -> Iterator[Seed]:
    from recon.calibration.error_models import dump_error_models
    from recon.error_model import ErrorModel

    made = ErrorModel("preview", 0.2, 0.4, 0.3, 0.01, 30, "photos", 0.2)
    yield Seed("a.json", dump_error_models({"preview": made}).encode())


def _manifests(folder: Path) -> Iterator[Seed]:
    entry = {
        "rgb": "a.jpg", "depth": "a.png", "depth_units_per_metre": 1000, "K_fx_fy_cx_cy": [900, 900, 640, 480],
        "first_pixel_centre": 0, "width_height": [1280, 960], "kind": "k", "scene": "indoor", "place": "p",
        "world_T_cam": None,
    }  # fmt: skip
    yield Seed("pairs.json", json.dumps({"a": entry, "b": {"rgb": "b.jpg", "depth": "b.png"}}).encode())


def _records(folder: Path) -> Iterator[Seed]:
    from recon.batch.file_check import describe_file
    from recon.batch.run_log import Record

    photo = folder / "a.jpg"
    photo.write_bytes(b"1")
    with Record(folder, {"a": 1}) as record:
        record.open()
        (folder / "a.ply").write_bytes(b"x" * 100)
        record.begin("a.jpg", ["a.ply"])
        record.end("a.jpg", [photo], ["a.ply"], {"a.ply": describe_file(folder / "a.ply")}, seconds=1.0)
        record.begin("b.jpg", ["b.ply"])
        record.fail("b.jpg", ValueError("x"), frame=3)
    yield Seed("batch.jsonl", (folder / "batch.jsonl").read_bytes(), {"a.ply": b"x" * 100})


def _rows(folder: Path) -> Iterator[Seed]:
    from recon.errors import Failure
    from recon.evaluate.evaluate_pair import Settings
    from recon.evaluate.results_file import RowFile
    from recon.evaluate.row import Measures, Row

    file = RowFile(folder / "rows.jsonl", Settings(), resume=False)
    measures = Measures(
        "p",
        "metric",
        1.0,
        100,
        0.9,
        500.0,
        "exif",
        510.0,
        0.02,
        0.3,
        None,
        {"metric": {"abs_rel": 0.1, "rmse": None}},
    )
    file.add(Row("m", "a", "k", "s", measures, ("w",)))
    file.add(Row("m", "b", "k", "s", Failure("E", "x")))
    yield Seed("rows.jsonl", (folder / "rows.jsonl").read_bytes())


def _references(folder: Path) -> Iterator[Seed]:
    yield Seed("a.csv", b"x,y,depth\n10.5,20.5,3.2\n11,21,3.3\n40,30,2\n")
    cameras, images = "1 PINHOLE 80 60 70 70 40 30\n", "1 1 0 0 0 0 0 0 1 photo.jpg\n10 20 1 30 40 2\n"
    points = "1 0 0 3 0 0 0 0.1 1 0\n2 1 1 4 0 0 0 0.1 1 1\n"
    text = folder / "text"
    text.mkdir()
    for name, content in (("cameras.txt", cameras), ("images.txt", images), ("points3D.txt", points)):
        (text / name).write_text(content)
    yield from _files(text)
    try:
        import pycolmap
    except ImportError:
        return
    binary = folder / "binary"
    binary.mkdir()
    pycolmap.Reconstruction(str(text)).write_binary(str(binary))
    yield from _files(binary)


def _checkpoints(folder: Path) -> Iterator[Seed]:
    import torch
    from safetensors.torch import save_file

    from recon.depth.nets.depth_anything import AnyConfig, DepthAnythingNet

    backbone = {
        "model_type": "dinov2", "hidden_size": 8, "num_hidden_layers": 4, "num_attention_heads": 2, "patch_size": 14,
        "image_size": 28, "mlp_ratio": 2, "out_indices": [1, 2, 3, 4], "reshape_hidden_states": False,
    }  # fmt: skip
    config = {
        "model_type": "depth_anything", "backbone_config": backbone, "reassemble_hidden_size": 8,
        "neck_hidden_sizes": [4, 4, 4, 4], "fusion_hidden_size": 4, "head_hidden_size": 4, "max_depth": 20,
        "depth_estimation_type": "metric",
    }  # fmt: skip
    torch.manual_seed(0)
    state = {
        name: one.contiguous() for name, one in DepthAnythingNet(AnyConfig.of(config)).state_dict().items()
    }
    save_file(state, folder / "model.safetensors")
    weights, config_json = (folder / "model.safetensors").read_bytes(), json.dumps(config).encode()
    names = dict.fromkeys(state, "model.safetensors")
    index = json.dumps({"metadata": {"total_size": 1}, "weight_map": dict(list(names.items())[:6])}).encode()
    yield Seed("config.json", config_json, {"model.safetensors": weights})
    yield Seed("model.safetensors", weights, {"config.json": config_json})
    yield Seed("model.safetensors.index.json", index, {"config.json": config_json})


def _settings(folder: Path) -> Iterator[Seed]:
    from recon_viewer.model.settings import Settings, save

    save(Settings(recent=("a.jpg", "b.npz")), folder / "viewer.json")
    yield from _files(folder)


def _videos(folder: Path) -> Iterator[Seed]:
    clips = import_module("clips")
    for name in ("a.mp4", "b.mkv", "c.mov"):
        clips.write(folder / name, [0, 40, 80])
    yield from _files(folder)


_MAKERS: dict[str, Callable[[Path], Iterator[Seed]]] = {
    "photo": _photos,
    "depth": _depth_files,
    "scene": _scenes,
    "info": _exports,
    "constraints": _constraint_files,
    "calibration": _calibrations,
    "error_model": _error_models,
    "manifest": _manifests,
    "record": _records,
    "rows": _rows,
    "reference": _references,
    "checkpoint": _checkpoints,
    "viewer": _settings,
    "video": _videos,
}
