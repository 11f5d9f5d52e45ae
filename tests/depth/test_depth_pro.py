"""Depth Pro through the real transformers class, with a tiny random checkpoint."""

import json
import os
import shutil
import subprocess
import sys
from math import nan, radians, tan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from recon.depth import depth_pro, registry
from recon.depth.depth_pro import DepthPro, focal_of_fov, metric_depth, prepare
from recon.depth.estimator import RunOptions
from recon.depth.hub import checkpoint_cache
from recon.depth.hub.checkpoint_cache import Source
from recon.errors import ModelUnavailable
from recon.photo.read import read_photo
from recon.types import DepthEstimate, MetricDepth, Photo

from .conftest import KeepingJournal, noise_photo

CPU = RunOptions(device="cpu")
TORCHVISION = Path(sys.prefix) / "torchvision"
pytestmark = pytest.mark.usefixtures("one_thread")


def estimate(estimator: Any, photo: Photo, focal_px: float | None, journal: KeepingJournal) -> Any:
    """A DepthEstimate whose depth is metric."""
    result = estimator.estimate(photo, focal_px=focal_px, journal=journal)
    assert isinstance(result.depth, MetricDepth) and isinstance(result, DepthEstimate)
    return result


def model_of(estimator: Any) -> Any:
    return estimator._network._model


@pytest.fixture(scope="module")
def loaded(depthpro_folder: Path) -> DepthPro:
    return DepthPro("depthpro", Source(folder=depthpro_folder), CPU)


@pytest.mark.parametrize(("width", "height"), [(320, 240), (120, 90), (96, 400), (256, 256)])
def test_the_metres_are_those_of_transformers_own_formulas(
    depthpro_folder: Path, loaded: DepthPro, journal: KeepingJournal, width: int, height: int
) -> None:
    from transformers import DepthProForDepthEstimation

    photo = noise_photo(width=width, height=height)
    model = DepthProForDepthEstimation.from_pretrained(depthpro_folder).eval()
    pixels = (torch.tensor(photo.rgb).permute(2, 0, 1)[None] / 255 - 0.5) / 0.5
    pixels = torch.nn.functional.interpolate(pixels, (256, 256), mode="bilinear", align_corners=False)
    with torch.inference_mode():
        outputs = model(pixel_values=pixels)
    # Its post-processing: scale by W/f, resize the inverse, clamp, invert.
    focal = 0.5 * width / torch.tan(0.5 * torch.deg2rad(outputs.field_of_view))
    inverse = (outputs.predicted_depth * width / focal[:, None, None])[:, None]
    inverse = torch.nn.functional.interpolate(inverse, (height, width), mode="bilinear", align_corners=False)
    expected_m = (1 / inverse.clamp(1e-4, 1e4))[0, 0].numpy()

    result = estimate(loaded, photo, None, journal)
    assert result.depth.valid.all()
    np.testing.assert_allclose(result.depth.z_m, expected_m, rtol=2e-5)
    assert result.focal_px == pytest.approx(float(focal), rel=1e-5)
    assert result.focal_used_px == result.focal_px
    assert result.details["fov_deg"] == pytest.approx(float(outputs.field_of_view), rel=1e-5)


@pytest.mark.slow
@pytest.mark.skipif(
    not TORCHVISION.is_dir(), reason="transformers' processor needs torchvision: ./dev test installs it"
)
def test_the_input_is_that_of_transformers_processor(tmp_path: Path) -> None:
    photo = noise_photo(width=300, height=200)
    np.save(tmp_path / "rgb.npy", photo.rgb)
    program = Path(__file__).with_name("transformers_input.py")
    paths = os.pathsep.join([str(TORCHVISION), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths}
    subprocess.run([sys.executable, str(program), str(tmp_path), "256"], env=environment, check=True)
    theirs = torch.from_numpy(np.load(tmp_path / "pixels.npy"))
    torch.testing.assert_close(prepare(photo, size=256), theirs, atol=1e-5, rtol=0)


def test_the_input_spans_minus_one_to_one_and_leaves_the_photo_alone() -> None:
    rgb = np.zeros((4, 4, 3), np.uint8)
    rgb[:, 2:] = 255
    pixels = prepare(Photo(rgb), size=4)
    assert pixels.shape == (1, 3, 4, 4) and pixels.dtype == torch.float32
    assert (pixels[..., :2] == -1).all() and (pixels[..., 2:] == 1).all()
    assert rgb[0, 3, 0] == 255


def test_twice_the_focal_length_is_twice_the_metres(loaded: DepthPro, journal: KeepingJournal) -> None:
    photo = noise_photo(width=160, height=120)
    near, far = (estimate(loaded, photo, focal_px, journal) for focal_px in (100.0, 200.0))
    np.testing.assert_allclose(far.depth.z_m, 2 * near.depth.z_m, rtol=1e-6)
    assert near.focal_px is None and near.focal_used_px == 100 and near.details["fov_deg"] is None


def test_a_known_focal_length_spares_the_field_of_view_branch(
    depthpro_folder: Path, journal: KeepingJournal
) -> None:
    estimator = DepthPro("depthpro", Source(folder=depthpro_folder), CPU)
    photo = noise_photo(width=100, height=80)
    known = estimate(estimator, photo, 90.0, journal)
    assert not [name for name, _ in model_of(estimator).named_parameters() if "fov" in name]
    first = model_of(estimator)
    estimate(estimator, photo, 95.0, journal)
    assert model_of(estimator) is first, "the model was loaded again for nothing"
    # A photo of unknown focal length needs the branch; a later one of known focal length does not run it.
    assert estimate(estimator, photo, None, journal).focal_px is not None
    complete = model_of(estimator)
    assert [name for name, _ in complete.named_parameters() if "fov" in name]
    calls: list[int] = []
    complete.fov_model.register_forward_hook(lambda *_: calls.append(1))
    again = estimate(estimator, photo, 90.0, journal)
    assert model_of(estimator) is complete and not calls
    np.testing.assert_array_equal(again.depth.z_m, known.depth.z_m)
    estimate(estimator, photo, None, journal)
    assert calls


def test_the_same_photo_gives_the_same_depth(
    depthpro_folder: Path, loaded: DepthPro, journal: KeepingJournal
) -> None:
    photo = noise_photo(width=64, height=48, seed=3)
    other = DepthPro("depthpro", Source(folder=depthpro_folder), CPU)
    one, two = (estimate(each, photo, None, journal) for each in (loaded, other))
    np.testing.assert_array_equal(one.depth.z_m, two.depth.z_m)
    assert one.focal_px == two.focal_px


def test_it_says_what_it_does_and_how_far_it_is(depthpro_folder: Path, journal: KeepingJournal) -> None:
    estimator = registry.create(f"hf:{depthpro_folder}", CPU, journal)
    assert isinstance(estimator, DepthPro) and estimator.gives == "metric"
    result = estimate(estimator, noise_photo(width=64, height=48), None, journal)
    assert result.model == f"hf:{depthpro_folder}" and result.revision is None
    assert result.details["weights"] == depthpro_folder.name
    assert (result.details["device"], result.details["precision"]) == ("cpu", "fp32")
    assert any("cpu in fp32" in entry.message for entry in journal.entries)
    loading, running = journal.stages
    assert loading.startswith("Loading") and running.startswith("Running") and "minutes" not in running
    reported = journal.stages[running]
    assert len(reported) == 5 and reported == sorted(reported) and reported[-1] == 1.0


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_half_precision_keeps_the_head_in_float32(
    depthpro_folder: Path,
    loaded: DepthPro,
    journal: KeepingJournal,
    precision: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("recon.depth.inference.placement._cpu_computes_in", lambda precision: True)
    photo = noise_photo(width=200, height=150)
    estimator = DepthPro(
        "depthpro", Source(folder=depthpro_folder), RunOptions(device="cpu", precision=precision)
    )
    half, full = estimate(estimator, photo, None, journal), estimate(loaded, photo, None, journal)
    model = model_of(estimator)
    assert (
        {p.dtype for p in model.head.parameters()}
        == {p.dtype for p in model.fov_model.parameters()}
        == {torch.float32}
    )
    assert {p.dtype for p in model.depth_pro.parameters()} == {half_type(precision)}
    np.testing.assert_allclose(half.depth.z_m, full.depth.z_m, rtol=0.05)
    # Half precision alone would leave a handful of distinct values.
    assert len(np.unique(half.depth.z_m)) > 0.5 * len(np.unique(full.depth.z_m))
    assert half.details["precision"] == precision


def half_type(precision: str) -> torch.dtype:
    return {"fp16": torch.float16, "bf16": torch.bfloat16}[precision]


def test_sky_is_a_mask_and_not_a_distance() -> None:
    # At a focal length of one width z is 1/C: 2 m, 999 m, 1001 m, infinity, behind the camera, unknown.
    canonical = np.array([[0.5, 1 / 999, 1 / 1001, 0, -0.1, np.nan]], np.float32)
    depth, sky = metric_depth(canonical, focal_px=6.0)
    np.testing.assert_array_equal(sky, [[False, False, True, True, True, False]])
    np.testing.assert_array_equal(depth.valid, [[True, True, False, False, False, False]])
    np.testing.assert_allclose(depth.z_m[depth.valid], [2, 999], rtol=1e-6)
    assert np.isfinite(depth.z_m).all()


@pytest.mark.parametrize("fov_deg", [0.0, -30.0, nan, 171.0, None])
def test_an_impossible_field_of_view_is_60_degrees_with_a_warning(
    loaded: DepthPro, journal: KeepingJournal, fov_deg: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = depth_pro.predict
    monkeypatch.setattr(depth_pro, "predict", lambda *args: (real(*args)[0], fov_deg))
    photo = noise_photo(width=64, height=48)
    result = estimate(loaded, photo, None, journal)
    expected_px = 32 / tan(radians(30))
    assert result.focal_px is None and result.focal_used_px == pytest.approx(expected_px)
    (warning,) = journal.warnings()
    assert "60 degrees" in warning and "--focal-px" in warning
    same = estimate(loaded, photo, expected_px, journal)
    np.testing.assert_allclose(result.depth.z_m, same.depth.z_m, rtol=1e-6)


def test_focal_of_fov() -> None:
    assert focal_of_fov(90.0, width=1000) == pytest.approx(500)
    assert focal_of_fov(170.0, width=1000) is not None
    assert focal_of_fov(float("inf"), width=1000) is None


def test_a_checkpoint_without_the_branch_still_gives_metres(
    depthpro_folder: Path, tmp_path: Path, journal: KeepingJournal
) -> None:
    folder = tampered(
        depthpro_folder, tmp_path, lambda tensors: {k: t for k, t in tensors.items() if "fov" not in k}
    )
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"use_fov_model": False}))
    estimator = DepthPro("hf:x", Source(folder=folder), CPU)
    assert estimate(estimator, noise_photo(width=64, height=48), 50.0, journal).focal_used_px == 50
    assert estimate(estimator, noise_photo(width=64, height=48), None, journal).focal_px is None
    assert "no field of view" in journal.warnings()[0]


def tampered(folder: Path, target: Path, change: Any) -> Path:
    shutil.copytree(folder, target, dirs_exist_ok=True)
    tensors = change(load_file(target / "model.safetensors"))
    save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})
    return target


def without_one(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in tensors.items() if name != "head.layers.0.weight"}


def with_one_more(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return tensors | {"stowaway": torch.zeros(1)}


def with_a_wrong_shape(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return tensors | {"head.layers.0.weight": torch.zeros(2, 2)}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (without_one, "1 missing weights.*head.layers.0.weight"),
        (with_one_more, "1 unexpected weights.*stowaway"),
        (with_a_wrong_shape, "damaged or not supported"),
    ],
)
def test_weights_that_do_not_fit_are_refused(
    depthpro_folder: Path, tmp_path: Path, journal: KeepingJournal, change: Any, complaint: str
) -> None:
    estimator = DepthPro("hf:x", Source(folder=tampered(depthpro_folder, tmp_path, change)), CPU)
    with pytest.raises(ModelUnavailable, match=complaint):
        estimate(estimator, noise_photo(width=64, height=48), None, journal)


@pytest.mark.parametrize("kept", [0, 7, 1000, 200_000])
def test_a_truncated_file_is_refused(
    depthpro_folder: Path, tmp_path: Path, journal: KeepingJournal, kept: int
) -> None:
    shutil.copytree(depthpro_folder, tmp_path, dirs_exist_ok=True)
    content = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(content[:kept])
    with pytest.raises(ModelUnavailable, match=r"damaged or not supported.*download it again"):
        estimate(
            DepthPro("hf:x", Source(folder=tmp_path), CPU), noise_photo(width=64, height=48), 50.0, journal
        )


@pytest.mark.parametrize(
    "change", [{"model_type": "depth_anything"}, {"patch_size": "large"}, {"fusion_hidden_size": 33}]
)
def test_a_config_of_something_else_is_refused(
    depthpro_folder: Path, tmp_path: Path, journal: KeepingJournal, change: dict[str, Any]
) -> None:
    shutil.copytree(depthpro_folder, tmp_path, dirs_exist_ok=True)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(ModelUnavailable, match=r"expected a depth_pro checkpoint|damaged or not supported"):
        estimate(
            DepthPro("hf:x", Source(folder=tmp_path), CPU), noise_photo(width=64, height=48), None, journal
        )


def test_code_in_a_checkpoint_is_never_run(
    depthpro_folder: Path, tmp_path: Path, journal: KeepingJournal
) -> None:
    shutil.copytree(depthpro_folder, tmp_path, dirs_exist_ok=True)
    config = json.loads((tmp_path / "config.json").read_text())
    hook = {"AutoConfig": "evil.Config", "AutoModelForDepthEstimation": "evil.Model"}
    (tmp_path / "config.json").write_text(json.dumps(config | {"auto_map": hook}))
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    result = estimate(
        DepthPro("hf:x", Source(folder=tmp_path), CPU), noise_photo(width=64, height=48), 50.0, journal
    )
    assert result.depth.valid.any() and not (tmp_path / "ran").exists()


@pytest.mark.hub
def test_the_released_weights_on_the_photo_of_transformers_own_test(
    shared_data: Path, journal: KeepingJournal
) -> None:
    if checkpoint_cache.locate(Source(depth_pro.REPOSITORY)) is None:
        pytest.skip("the weights of Depth Pro are not in the hub's cache (recon models pull depthpro)")
    photo = read_photo(shared_data / "photos" / "coco_000000039769.png")
    result = estimate(registry.create("depthpro", RunOptions()), photo, None, journal)
    # The transformers repository's integration test expects a field of view of 47.2459 degrees and canonical
    # inverse depths of 1.06 to 1.16 in the top-left corner of the 1536x1536 output.
    assert result.details["fov_deg"] == pytest.approx(47.2459, abs=0.05)
    focal_px = 0.5 * photo.width / tan(radians(0.5 * 47.2459))
    assert result.focal_px == pytest.approx(focal_px, rel=2e-3)
    assert 1 / (1.17 * photo.width / focal_px) < result.depth.z_m[0, 0] < 1 / (1.05 * photo.width / focal_px)
