"""Losses, crops, pools, checkpoints: learning lowers the loss, stopping loses nothing, damage is refused."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

pytest.importorskip(
    "open3d", reason="the ray caster needs Open3D and its system libraries", exc_type=ImportError
)

from recon.depth.nets.preview import Camera, NetworkConfig, Prediction, normalise
from recon.depth.nets.preview_look import read_weights
from tools.preview import augment
from tools.preview.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from tools.preview.export import mixed, write_weights
from tools.preview.generate import FIRST_SEED, claim
from tools.preview.loss import negative_log_likelihood, normals, normals_loss, planar_at, preview_loss
from tools.preview.pool import Batch, Crop, Item, PairPool, ViewPool, assemble, crop_camera, draw_crop, joined
from tools.preview.shards import Shard, read_shard, shard_paths, trim, write_shard
from tools.preview.train import pixels_at
from tools.preview.trainer import Trainer
from tools.preview.validate import errors

SMALL = NetworkConfig(encoder=0, tokens=32, blocks=1, heads=2, decoder=(16, 16, 8, 8))
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def _shard(count: int = 6, width: int = 64, height: int = 48) -> Shard:
    """Views whose brightness gives the depth: a slope with a sky on top."""
    rng = np.random.default_rng(3)
    row = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    near = rng.uniform(0.5, 3, count).astype(np.float32)
    z = np.stack([np.repeat(n * (3 - 2.5 * row), width, 1) for n in near])
    z[:, : height // 6] = np.inf
    grey = np.where(np.isinf(z), 255, 200 * np.exp(-z / 4)).astype(np.uint8)
    focal = np.linspace(0.7, 1.1, count, dtype=np.float32)
    return Shard(np.repeat(grey[..., None], 3, -1), z.astype(np.float16), focal, np.array(["room"] * count))


@pytest.fixture
def pool(tmp_path: Path) -> ViewPool:
    write_shard(tmp_path / "shard_1.npz", _shard())
    made = ViewPool(tmp_path, CPU, 1e9)
    made.refresh()
    return made


@pytest.fixture
def batch(pool: ViewPool) -> Batch:
    rng = np.random.default_rng(1)
    items, _ = pool.draw(8, rng)
    return assemble(items, (64, 64), rng, 0.7)


def _exact(batch: Batch, off: float = 0.0) -> Prediction:
    """A prediction that is sure of the truth, times exp(off)."""
    both = torch.stack([batch.log_inverse + off] * 2, 1)
    sure = torch.where(batch.sky > 0, 20.0, -20.0)
    return Prediction(both, torch.full_like(both, -4.0), torch.zeros_like(sure), sure)


def test_a_perfect_prediction_costs_nothing_but_the_likelihood(batch: Batch) -> None:
    terms = preview_loss(_exact(batch), batch)
    for name in ("metric", "aligned", "edges", "normals", "relative", "sky"):
        assert terms[name].item() == pytest.approx(0, abs=1e-6), name


def test_depth_in_the_sky_does_not_count(batch: Batch) -> None:
    assert (batch.sky > 0).any()
    right = _exact(batch)
    wild = right._replace(modes=torch.where((batch.sky > 0)[:, None], right.modes + 9, right.modes))
    assert preview_loss(wild, batch)["total"].item() == pytest.approx(
        preview_loss(right, batch)["total"].item()
    )


def test_a_wrong_scale_costs_in_metres_but_not_in_shape(batch: Batch) -> None:
    terms = preview_loss(_exact(batch, np.log(2)), batch)
    assert terms["metric"].item() == pytest.approx(np.log(2), rel=1e-4)
    assert terms["aligned"].item() < 1e-5 and terms["edges"].item() < 1e-5


def _plane(normal: list[float], camera: Camera) -> torch.Tensor:
    """Log inverse depth (1, 48, 64) of a plane 3 m away."""
    x = ((torch.arange(64) + 0.5) / 64 - camera.centre_x) / camera.focal
    y = ((torch.arange(48) + 0.5) / 64 - camera.centre_y) / camera.focal
    return torch.log((normal[0] * x[None, :] + normal[1] * y[:, None] + normal[2]) / 3)[None]


def test_normals_of_a_plane_are_its_own_at_any_step() -> None:
    camera = Camera(*(torch.tensor([v]) for v in (0.9, 0.45, 0.36, 1.0)))
    normal = [0.2, -0.5, np.sqrt(1 - 0.2**2 - 0.5**2)]
    for step in (1, 4, 8):
        found = normals(_plane(normal, camera), camera, step)
        assert found.shape == (1, 3, 48 - 2 * step, 64 - 2 * step)
        assert torch.allclose(found, torch.tensor(normal).float()[None, :, None, None], atol=1e-4)


def test_an_outline_has_no_normal_and_a_slanted_floor_has() -> None:
    camera = Camera(*(torch.tensor([v]) for v in (0.9, 0.5, 0.375, 1.0)))
    floor = _plane([0.0, 0.6, 0.8], camera)
    known = torch.ones_like(floor, dtype=torch.bool)
    assert planar_at(floor, known, 4).all()
    floor[:, :, 30:] += 0.5
    planar = planar_at(floor, known, 4)[0]
    assert not planar[:, 22:30].any() and planar[:, :22].all() and planar[:, 30:].all()


def test_waves_on_a_wall_cost_and_a_step_at_an_outline_does_not() -> None:
    camera = Camera(*(torch.tensor([v]) for v in (0.9, 0.5, 0.375, 1.0)))
    wall = _plane([0.6, 0.0, 0.8], camera)
    known = torch.ones_like(wall, dtype=torch.bool)
    waves = 0.02 * torch.sin(torch.arange(64) * 0.3)
    assert normals_loss(wall + waves, wall, known, camera).item() > 0.03
    wall[:, :, 30:] += 0.5
    moved = wall.clone()
    moved[:, :, 30:] += 0.1
    assert normals_loss(moved, wall, known, camera).item() == pytest.approx(0, abs=1e-4)


def test_relative_pairs_cost_neither_scale_nor_shift(batch: Batch) -> None:
    relative = Batch(
        *(batch.rgb, batch.camera, batch.log_inverse, batch.valid, batch.sky, torch.zeros(8).bool())
    )
    inverse = 3 * torch.exp(batch.log_inverse) + 0.7
    both = torch.stack([torch.log(inverse)] * 2, 1)
    terms = preview_loss(_exact(batch)._replace(modes=both), relative)
    assert terms["metric"].item() == 0 and terms["relative"].item() < 1e-4
    bent = preview_loss(_exact(batch)._replace(modes=both * both), relative)
    assert bent["relative"].item() > 0.05


def test_the_likelihood_is_that_of_two_laplace_distributions() -> None:
    modes, scales = torch.tensor([[1.0, -1.0]]), torch.tensor([[0.5, 0.2]])
    logit = torch.tensor([0.4])
    shaped = Prediction(
        modes[..., None, None], scales.log()[..., None, None], logit[..., None, None], logit[..., None, None]
    )
    truth = np.linspace(-40, 40, 400_001)
    result = negative_log_likelihood(shaped, torch.tensor(truth)[None, None].float())
    density = np.exp(-result[0, 0].double().numpy())
    assert np.trapezoid(density, truth) == pytest.approx(1, abs=1e-3)
    share = 1 / (1 + np.exp(-0.4))
    at_0 = share * np.exp(-1 / 0.5) / 1.0 + (1 - share) * np.exp(-1 / 0.2) / 0.4
    assert density[200_000] == pytest.approx(at_0, rel=1e-4)


def test_a_wrong_choice_does_not_pull_the_surfaces_together() -> None:
    modes = torch.tensor([[[[0.0]], [[-2.0]]]], requires_grad=True)
    prediction = Prediction(
        modes, torch.full((1, 2, 1, 1), -2.0), torch.full((1, 1, 1), 1.0), torch.zeros(1, 1, 1)
    )
    one = torch.ones(1)
    camera = Camera(one, one / 2, one / 2, one)
    batch = Batch(
        torch.zeros(1, 3, 2, 2),
        camera,
        torch.full((1, 1, 1), -1.9),
        torch.ones(1, 1, 1).bool(),
        -torch.ones(1, 1, 1),
        one.bool(),
    )
    preview_loss(prediction, batch)["metric"].backward()
    assert modes.grad is not None
    assert modes.grad[0, 0].item() == 0 and modes.grad[0, 1].item() != 0


def test_a_few_steps_lower_the_loss(batch: Batch) -> None:
    trainer = Trainer(SMALL, rate=3e-2, seed=1)
    losses = [float(trainer.train_step(batch, 1.0)["total"]) for _ in range(40)]
    assert np.mean(losses[-5:]) < 0.75 * np.mean(losses[:3])


def test_the_encoder_keeps_its_batch_statistics(batch: Batch) -> None:
    trainer = Trainer(SMALL, rate=1e-2, seed=1)
    before = {k: v.clone() for k, v in trainer.net.state_dict().items() if "running" in k}
    trainer.train_step(batch, 1.0)
    changed = {
        k for k, v in trainer.net.state_dict().items() if "running" in k and not torch.equal(v, before[k])
    }
    assert changed and not any(k.startswith("encoder.") for k in changed)


def test_photos_without_depth_teach_too(batch: Batch) -> None:
    trainer = Trainer(SMALL, rate=1e-2, seed=1)
    assert "agreement" in trainer.train_step(batch, 1.0, photos=batch, lending=batch.rgb)


def test_a_crop_keeps_the_metres_of_every_point_and_its_ray() -> None:
    """The plane z = 4 + X is the same plane through the crop's camera, mirrored or not."""
    height, width, focal = 96, 128, 0.8
    u, _ = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    x = (u - width / 2) / (focal * width)
    z = torch.from_numpy((4 / (1 - x)).astype(np.float32))
    assert (z > 0).all()
    item = Item(torch.zeros(3, height, width, dtype=torch.uint8), z, focal, True, True, True)
    rng = np.random.default_rng(0)
    seen = 0
    for _ in range(12):
        batch = assemble([item], (64, 64), rng, 0.6)
        f, cx, _, known = (float(each[0]) for each in batch.camera)
        if not known:
            continue
        seen += 1
        result = f / torch.exp(batch.log_inverse[0])
        ray = ((torch.arange(32) + 0.5) / 32 - cx) / f
        slope = torch.median(
            (result[:, 2:] - result[:, :-2]) / (ray[2:] * result[:, 2:] - ray[:-2] * result[:, :-2])
        )
        assert abs(slope) == pytest.approx(1, rel=0.1)
        assert result[16].numpy() == pytest.approx((4 / (1 - np.sign(slope) * ray)).numpy(), rel=0.05)
    assert seen > 3


def test_one_in_four_has_no_known_camera_and_keeps_its_metric_depth() -> None:
    item = Item(torch.zeros(3, 90, 120, dtype=torch.uint8), torch.full((90, 120), 3.0), 1.4, True, True, True)
    rng = np.random.default_rng(0)
    batch = joined([assemble([item], (64, 96), rng, 1.0) for _ in range(200)])
    assert 0.15 < 1 - batch.camera.known.mean() < 0.35
    z = batch.camera.focal[:, None, None] / torch.exp(batch.log_inverse)
    assert z.numpy() == pytest.approx(3.0, rel=1e-4)
    blind = batch.camera.focal[batch.camera.known == 0]
    assert blind.min() == pytest.approx(0.866, rel=0.01), "the default: 60 degrees along the longer side"


def test_crops_lie_inside_and_have_the_shape_asked_for() -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        crop = draw_crop(rng, (90, 200), (64, 96), 0.5)
        assert crop.x >= 0 and crop.x + crop.width <= 200 + 1e-9
        assert crop.y >= 0 and crop.y + crop.width * 64 / 96 <= 90 + 1e-9
    item = Item(torch.zeros(3, 90, 200, dtype=torch.uint8), torch.ones(90, 200), 0.8, True, True, True)
    f, cx, cy, _ = crop_camera(item, Crop(20, 10, 100, False), np.random.default_rng(1))
    assert (f, cx, cy) == pytest.approx((1.6, 0.8, 0.35))
    assert crop_camera(item, Crop(20, 10, 100, True), np.random.default_rng(1))[1] == pytest.approx(0.2)


def test_strong_augmentation_changes_pictures_and_stays_in_range() -> None:
    torch.manual_seed(0)
    x = torch.rand(16, 3, 64, 96)
    out = augment.strong(x, torch.rand(4, 3, 32, 32))
    assert out.shape == x.shape and out.min() >= 0 and out.max() <= 1 and torch.isfinite(out).all()
    assert ((out - x).abs().mean((1, 2, 3)) > 0.01).float().mean() > 0.8


def test_pairs_are_drawn_by_place_and_held_out_places_never(tmp_path: Path) -> None:
    entries = {}
    for name, place in (
        ("a", "room"),
        ("b", "room"),
        ("c", "room"),
        ("d", "room"),
        ("e", "shelf"),
        ("f", "secret"),
    ):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((60, 80, 3), ord(name), np.uint8))
        cv2.imwrite(str(tmp_path / f"{name}.d.png"), np.full((60, 80), 2500, np.uint16))
        entries[name] = {
            "rgb": f"{name}.png",
            "depth": f"{name}.d.png",
            "depth_units_per_metre": 1000.0,
            "K_fx_fy_cx_cy": [60, 60, 40, 30],
            "place": place,
            "metric": True,
        }
    (tmp_path / "pairs.json").write_text(json.dumps(entries))
    pairs = PairPool(tmp_path, None, {"secret"}, CPU)
    assert len(pairs) == 5
    drawn = [int(item.rgb[0, 0, 0]) for item in pairs.draw(600, np.random.default_rng(0))]
    assert ord("f") not in drawn
    assert drawn.count(ord("e")) / 600 == pytest.approx(1 / 3, abs=0.06), "the square roots of 4 and 1"
    item = pairs.draw(1, np.random.default_rng(0))[0]
    assert item.focal == pytest.approx(0.75) and float(item.z_m[0, 0]) == 2.5


def test_stop_and_resume_gives_the_same_state(batch: Batch, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    one = Trainer(SMALL, rate=1e-2, seed=1)
    for _ in range(3):
        one.train_step(batch, 1.0)
    save_checkpoint(path, one.state())
    other = Trainer(SMALL, rate=1e-2, seed=99)
    other.load_state(load_checkpoint(path))
    assert (other.step, other.samples) == (3, 24)
    for trainer in (one, other):
        torch.manual_seed(7)
        trainer.train_step(batch, 1.0)
    for mine, theirs in ((one.net, other.net), (one.mean_net, other.mean_net)):
        for name, value in mine.state_dict().items():
            torch.testing.assert_close(theirs.state_dict()[name], value)
    assert not torch.allclose(one.net.head.weight, one.mean_net.head.weight)


@pytest.mark.parametrize("damage", ["cut", "flip", "other", "empty"])
def test_a_damaged_checkpoint_is_refused_with_advice(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, {"step": 1})
    save_checkpoint(path, {"step": 2})
    data = bytearray(path.read_bytes())
    if damage == "cut":
        del data[-20:]
    elif damage == "flip":
        data[-20] ^= 1
    else:
        data = bytearray(b"something else" if damage == "other" else b"")
    path.write_bytes(bytes(data))
    with pytest.raises(CheckpointError, match=r"copy checkpoint.pt.previous over it"):
        load_checkpoint(path)
    assert load_checkpoint(tmp_path / "checkpoint.pt.previous") == {"step": 1}


def test_a_checkpoint_of_another_network_is_refused() -> None:
    state = Trainer(SMALL, rate=1e-2, seed=1).state()
    with pytest.raises(CheckpointError, match="another --run-dir"):
        Trainer(NetworkConfig(encoder=1), rate=1e-2, seed=1).load_state(state)


def test_oldest_shards_give_way(tmp_path: Path) -> None:
    for k in range(4):
        write_shard(tmp_path / f"shard_{k}.npz", _shard(1))
    size = shard_paths(tmp_path)[0].stat().st_size
    trim(tmp_path, int(2.5 * size))
    assert [p.name for p in shard_paths(tmp_path)] == ["shard_2.npz", "shard_3.npz"]
    assert not list(tmp_path.glob("*.part"))


def test_no_seed_is_made_twice(tmp_path: Path) -> None:
    assert [claim(tmp_path, 5) for _ in range(3)] == [FIRST_SEED, FIRST_SEED + 5, FIRST_SEED + 10]


def test_a_cut_shard_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "shard_0.npz"
    write_shard(path, _shard(1))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ValueError, match=r"shard_0\.npz is not a shard"):
        read_shard(path)


def test_an_empty_pool_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="run the generator first"):
        ViewPool(tmp_path, CPU, 1e9).draw(1, np.random.default_rng(0))


def test_frozen_stages_keep_their_weights_and_the_others_learn(batch: Batch) -> None:
    trainer = Trainer(SMALL, rate=1e-2, seed=1, frozen_stages=2)
    before = {name: value.clone() for name, value in trainer.net.named_parameters()}
    trainer.train_step(batch, 1.0)
    changed = {name for name, value in trainer.net.named_parameters() if not torch.equal(value, before[name])}
    frozen = {
        name
        for name in before
        if name.startswith(("encoder.stem.", "encoder.stages.0.", "encoder.stages.1."))
    }
    assert frozen and not changed & frozen
    assert any(name.startswith("encoder.stages.2.") for name in changed)


def test_sizes_grow_with_the_time() -> None:
    assert [pixels_at(p, 1000, 0.5, 0.45) for p in (0.0, 0.44, 0.46, 1.0)] == [500, 500, 1000, 1000]


def test_errors_are_metric_and_after_one_scale() -> None:
    truth = torch.rand(20, 30) + 1
    result = errors(truth * 2, truth, torch.ones(20, 30).bool())
    assert result == pytest.approx({"metric": 1.0, "aligned": 0.0, "delta1": 0.0}, abs=1e-6)
    assert errors(truth, truth, truth > 1.5)["delta1"] == 1


def test_the_program_stops_at_a_signal_and_goes_on_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "shards").mkdir()
    for k in range(2):
        write_shard(tmp_path / "shards" / f"shard_{k}.npz", _shard(2))
    command = [sys.executable, "-m", "tools.preview.train", "--run-dir", str(tmp_path), "--generators", "0"]
    command += [
        "--batch",
        "2",
        "--log-steps",
        "4",
        "--pixels",
        "2048",
        "--held-out",
        "0",
        "--encoder",
        "0",
        "--least-shards",
        "1",
    ]
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()  # after four steps
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()
    assert " 8 samples" in first and process.returncode == 0
    stopped = load_checkpoint(tmp_path / "checkpoint.pt")
    assert f"{stopped['samples']} samples; checkpoint written" in rest
    # the time is over: the second run loads, has nothing to do, and writes the same state
    done = subprocess.run([*command, "--seconds", "0"], env=env, capture_output=True, text=True, check=True)
    assert f"resumed at step {stopped['step']}, {stopped['samples']} samples" in done.stdout
    assert load_checkpoint(tmp_path / "checkpoint.pt")["samples"] == stopped["samples"]


def test_shipped_weights_predict_the_same_in_half_the_bytes(batch: Batch, tmp_path: Path) -> None:
    trainer = Trainer(SMALL, rate=1e-3, seed=1)
    for _ in range(3):
        trainer.train_step(batch, 1.0)
    path = tmp_path / "preview.safetensors"
    size = write_weights(trainer.state(), path, 6144)
    count = sum(v.numel() for v in trainer.mean_net.state_dict().values())
    assert 2 * count < size < 2 * count + 60_000
    read = read_weights(path)
    assert (read.samples, read.pixels) == (24, 6144)
    with torch.inference_mode():
        one, other = (n(normalise(batch.rgb), batch.camera) for n in (trainer.mean_net, read.net))
    for a, b in zip(one, other, strict=True):
        torch.testing.assert_close(a, b, atol=0.02, rtol=0.02)
    state = trainer.state()["average"]
    moved = {name: value + 1 if value.is_floating_point() else value for name, value in state.items()}
    a_third = mixed(moved, path, 1 / 3)
    torch.testing.assert_close(a_third["head.weight"], state["head.weight"] + 1 / 3, atol=1e-3, rtol=1e-3)
    with pytest.raises(ValueError, match="another network"):
        mixed({"head.weight": moved["head.weight"]}, path, 0.5)
    with pytest.raises(ValueError, match="--share 2 is not between"):
        mixed(moved, path, 2)
    again = Trainer(SMALL, rate=1e-3, seed=5)
    again.start_from_weights(path)
    assert again.samples == 24
    torch.testing.assert_close(again.net.head.weight, read.net.head.weight)
