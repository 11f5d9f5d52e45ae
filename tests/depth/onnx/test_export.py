"""An exported file gives the depth of the network that it was made of."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from recon.depth import registry
from recon.depth.estimator import RunOptions
from recon.depth.onnx.export import Exported, export
from recon.depth.onnx.graph_info import read_info
from recon.depth.onnx.graphs import graph_of
from recon.errors import ExportError, ModelUnavailable
from recon.journal import Journal
from recon.photo.read import read_photo
from recon.types import DepthEstimate, MetricDepth, Photo, RelativeDepth

SAMPLES = Path(__file__).parents[3] / "sample_data"
Made = tuple[Path, Exported]


@pytest.fixture(scope="module")
def photo() -> Photo:
    """4:3, as the networks' inputs."""
    return read_photo(SAMPLES / "living_room.jpg")


def estimate(name: str, photo: Photo, focal_px: float | None = None, **run: object) -> DepthEstimate:
    options = RunOptions(**run)  # type: ignore[arg-type]
    return registry.create(name, options).estimate(photo, focal_px=focal_px, journal=Journal())


def test_the_preview_is_the_same(exported_preview: Made, photo: Photo) -> None:
    path, done = exported_preview
    maps = ["log_inverse", "sky", "variance"]
    assert [each.output for each in done.differences] == [*maps, *(f"close_{each}" for each in maps)]
    assert all(each.largest < 1e-3 for each in done.differences) and done.bytes == path.stat().st_size
    for focal_px in (None, 900.0):
        own = estimate("preview", photo, focal_px)
        ours = estimate(f"onnx:{path}", photo, focal_px)
        assert isinstance(own.depth, MetricDepth) and isinstance(ours.depth, MetricDepth)
        assert ours.depth.log_sigma is not None and own.depth.log_sigma is not None
        # Rounding may move a pixel of an outline from one surface to the other.
        assert (ours.depth.valid == own.depth.valid).mean() > 0.999
        known = ours.depth.valid & own.depth.valid
        for one, other, tolerance in (
            (ours.depth.z_m, own.depth.z_m, 2e-3),
            (ours.depth.log_sigma, own.depth.log_sigma, 5e-3),
        ):
            assert (np.abs(one / other - 1)[known] < tolerance).mean() > 0.999
        assert (ours.focal_used_px, ours.revision) == (own.focal_used_px, own.revision)
        for key in ("processing_width", "processing_height"):
            assert ours.details[key] == own.details[key]


def test_relative_depth_is_the_same_and_stays_relative(
    exported_relative: Made, relative_folder: Path, photo: Photo
) -> None:
    path, done = exported_relative
    (difference,) = done.differences
    assert difference.largest < 1e-4 * difference.high and (done.width, done.height) == (98, 70)
    estimator = registry.create(f"onnx:{path}", RunOptions())
    assert estimator.gives == "relative"
    # 7:5, as the exported input, so that nothing is padded.
    cut = Photo(np.ascontiguousarray(photo.rgb[:820, :1148]))
    ours = estimator.estimate(cut, focal_px=None, journal=Journal())
    own = estimate(f"hf:{relative_folder}", cut, processing_size=70, backend="fast")
    assert isinstance(ours.depth, RelativeDepth) and isinstance(own.depth, RelativeDepth)
    assert (own.details["processing_width"], own.details["processing_height"]) == (98, 70)
    np.testing.assert_allclose(ours.depth.inverse, own.depth.inverse, atol=1e-3 * own.depth.inverse.max())


@pytest.mark.parametrize("focal_px", [None, 700.0])
def test_depth_pro_is_the_same_with_and_without_a_focal_length(
    exported_pro: Made, depthpro_folder: Path, photo: Photo, focal_px: float | None
) -> None:
    path, done = exported_pro
    assert [each.output for each in done.differences] == ["inverse", "fov_deg"]
    ours, own = (estimate(name, photo, focal_px) for name in (f"onnx:{path}", f"hf:{depthpro_folder}"))
    assert isinstance(ours.depth, MetricDepth) and isinstance(own.depth, MetricDepth)
    assert (ours.focal_px is None) == (own.focal_px is None) == (focal_px is not None)
    assert ours.focal_used_px == pytest.approx(own.focal_used_px, rel=1e-3)
    both = ours.depth.valid & own.depth.valid
    assert both.mean() > 0.99 * own.depth.valid.mean() > 0
    np.testing.assert_allclose(ours.depth.z_m[both], own.depth.z_m[both], rtol=5e-3)


@pytest.mark.parametrize(("precision", "share"), [("fp16", 0.8), ("int8", 0.95)])
def test_other_number_formats_are_smaller_and_close(
    exported_relative: Made, relative_folder: Path, tmp_path: Path, precision: str, share: float
) -> None:
    done = export(f"hf:{relative_folder}", tmp_path / "x.onnx", precision=precision, size=(98, 70))  # type: ignore[arg-type]
    assert done.bytes < share * exported_relative[1].bytes
    (difference,) = done.differences
    assert 0 < difference.largest < 0.1 * difference.high
    assert read_info(tmp_path / "x.onnx").precision == precision
    assert [path.name for path in tmp_path.iterdir()] == ["x.onnx"]


def test_a_photo_of_another_shape_is_padded_and_not_stretched(exported_preview: Made, photo: Photo) -> None:
    tall = Photo(np.ascontiguousarray(photo.rgb[:, 300:800]))
    whole = estimate(f"onnx:{exported_preview[0]}", tall, 865.0)
    own = estimate("preview", tall, 865.0)
    assert isinstance(whole.depth, MetricDepth) and isinstance(own.depth, MetricDepth)
    assert whole.depth.z_m.shape == tall.rgb.shape[:2]
    ratio = whole.depth.z_m / own.depth.z_m
    assert (
        0.6 < np.median(ratio) < 1.6
        and np.corrcoef(whole.depth.z_m.ravel(), own.depth.z_m.ravel())[0, 1] > 0.8
    )


def test_it_runs_without_torch(exported_preview: Made, tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['torch'] = sys.modules['transformers'] = None\n"
        "from recon_cli.main import main; main()"
    )
    words = ["build", str(SAMPLES / "street.jpg"), "--model", f"onnx:{exported_preview[0]}"]
    done = subprocess.run(
        [sys.executable, "-c", program, *words, "-o", str(tmp_path / "scene.npz")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    from recon import load_scene

    model = load_scene(tmp_path / "scene.npz").provenance.model
    # No folder of this machine in a file that is passed on.
    assert model is not None and model.name == "onnx:preview.onnx"
    assert model.details["exported_from"] == "preview" and model.details["backend"] == "onnxruntime"


def test_a_file_holds_no_folder_of_this_machine(exported_relative: Made, relative_folder: Path) -> None:
    content = exported_relative[0].read_bytes()
    for folder in (relative_folder, Path(__file__).parents[3], Path(sys.prefix)):
        assert str(folder).encode() not in content
    assert read_info(exported_relative[0]).model == f"hf:{relative_folder.name}"


def test_the_preview_takes_another_size() -> None:
    graph = graph_of("preview", 64, offline=True, journal=Journal())
    assert (graph.info.width, graph.info.height, graph.info.aspect) == (96, 64, None)
    larger = graph.larger
    assert larger is not None
    pictures = [torch.zeros(1, 3, height, width) for width, height in ((96, 64), larger)]
    with torch.inference_mode():
        maps = graph.net(*pictures, *map(torch.from_numpy, graph.others))
    # A map has a value for each 2 x 2 pixels.
    assert [each.shape[-2:] for each in (maps[0], maps[3])] == [(32, 48), (larger[1] // 2, larger[0] // 2)]


def test_what_cannot_be_exported(relative_folder: Path, depthpro_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.onnx"
    for name, size, message in (
        ("photo", None, "cannot be exported: preview"),
        ("no-such-model", None, "Unknown model"),
        (f"hf:{relative_folder}", (100, 70), "multiples of 14"),
        ("preview", 8, "multiples of 32"),
        ("preview", (32000, 32000), "32000x32000 is too large"),
        ("dav2-small", 99999, "2.4 megapixels at most"),  # before a download
        (f"hf:{depthpro_folder}", 128, "always 256x256"),
    ):
        with pytest.raises(ModelUnavailable, match=message):
            export(name, path, size=size)
    path.write_bytes(b"mine")
    with pytest.raises(ExportError, match="--overwrite"):
        export(f"hf:{relative_folder}", path, size=(28, 28))
    assert path.read_bytes() == b"mine" and len(list(tmp_path.iterdir())) == 1
