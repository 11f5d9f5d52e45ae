"""Network, loss, batches, checkpoints: learning goes down, stopping loses nothing, damage is refused."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip(
    "open3d", reason="the ray caster needs Open3D and its system libraries", exc_type=ImportError
)

from recon.depth.nets.preview import NetworkConfig, Prediction, PreviewNet, normalise, read_weights
from tools.preview.batches import Batch, BatchStream, log_canonical_inverse, make_batch
from tools.preview.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from tools.preview.export import write_weights
from tools.preview.generate import FIRST_SEED, claim
from tools.preview.heldout import focal_correlation
from tools.preview.loss import preview_loss
from tools.preview.shards import Shard, ShardPool, read_shard, shard_paths, trim, write_shard
from tools.preview.train import STAGES, pixels_at
from tools.preview.trainer import Trainer

SMALL = NetworkConfig(widths=(8, 16, 16, 32), blocks=(1, 1, 1), attention_blocks=1, heads=2)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def _shard(count: int = 6, width: int = 64, height: int = 48) -> Shard:
    """Views whose brightness tells the depth: a slope with a sky on top."""
    rng = np.random.default_rng(3)
    row = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    near = rng.uniform(0.5, 3, count).astype(np.float32)
    z = np.stack([np.repeat(n * (3 - 2.5 * row), width, 1) for n in near])
    z[:, : height // 6] = np.inf
    grey = np.where(np.isinf(z), 255, 200 * np.exp(-z / 4)).astype(np.uint8)
    focal = np.linspace(0.7, 1.1, count, dtype=np.float32)
    return Shard(np.repeat(grey[..., None], 3, -1), z.astype(np.float16), focal, np.array(["room"] * count))


@pytest.fixture
def pool(tmp_path: Path) -> ShardPool:
    write_shard(tmp_path / "shard_1.npz", _shard())
    made = ShardPool(tmp_path, np.random.default_rng(0))
    made.refresh()
    return made


@pytest.fixture
def batch(pool: ShardPool) -> Batch:
    return make_batch(pool, np.random.default_rng(1), 8, 48 * 64)


@pytest.mark.parametrize("size", [(48, 64), (33, 47), (100, 37), (32, 200)])
def test_any_size_gives_maps_of_half_the_size(size: tuple[int, int]) -> None:
    height, width = size
    net = PreviewNet(SMALL).eval()
    rgb = torch.randint(0, 255, (2, height, width, 3), dtype=torch.uint8)
    with torch.inference_mode():
        out = net(normalise(rgb))
    half = ((height + 1) // 2, (width + 1) // 2)
    assert out.log_inverse.shape == (2, *half) and out.sky_logit.shape == (2, *half)
    assert out.log_focal.shape == (2,)
    assert all(torch.isfinite(t).all() for t in out)


def test_the_full_network_fits_its_budget() -> None:
    count = sum(p.numel() for p in PreviewNet().parameters())
    assert 2 * count < 12e6  # bytes in half precision


def test_a_perfect_prediction_costs_next_to_nothing(batch: Batch) -> None:
    sure = torch.where(batch.sky, 20.0, -20.0)
    terms = preview_loss(Prediction(batch.log_inverse, sure, batch.log_focal), batch)
    assert terms["total"].item() == pytest.approx(0.5 * 0.01, abs=1e-4)  # the root's guard at zero


def test_depth_in_the_sky_does_not_count(batch: Batch) -> None:
    wild = torch.where(batch.sky, batch.log_inverse + 9.0, batch.log_inverse)
    sure = torch.where(batch.sky, 20.0, -20.0)
    terms = preview_loss(Prediction(wild, sure, batch.log_focal), batch)
    assert batch.sky.any() and terms["total"].item() == pytest.approx(0.5 * 0.01, abs=1e-4)


def test_a_wrong_scale_costs_in_metres_but_not_in_shape(batch: Batch) -> None:
    sure = torch.where(batch.sky, 20.0, -20.0)
    terms = preview_loss(Prediction(batch.log_inverse + np.log(2), sure, batch.log_focal), batch)
    assert terms["log_l1"].item() == pytest.approx(np.log(2), rel=1e-4)
    assert terms["invariant"].item() < 0.02 and terms["gradient"].item() < 1e-6


def test_the_focal_head_does_not_change_the_features(batch: Batch) -> None:
    net = PreviewNet(SMALL)
    net(normalise(batch.rgb)).log_focal.sum().backward()
    assert net.focal[0].weight.grad is not None
    assert all(p.grad is None for name, p in net.named_parameters() if not name.startswith("focal"))


def test_a_few_steps_lower_the_loss(batch: Batch) -> None:
    trainer = Trainer(SMALL, rate=3e-2, seed=1)  # warm-up: the first steps take a thousandth of it
    losses = [trainer.train_step(batch)["total"] for _ in range(40)]
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:3])


def test_a_crop_narrows_the_field_of_view_and_keeps_the_metres(pool: ShardPool) -> None:
    batch = make_batch(pool, np.random.default_rng(5), 64, 48 * 64, vary=False)
    z = torch.exp(batch.log_focal[:, None, None] - batch.log_inverse)[~batch.sky]
    truth = _shard().z_m.astype(np.float32)
    truth = truth[np.isfinite(truth)]
    assert truth.min() * 0.99 <= z.min() and z.max() <= truth.max() * 1.01
    focal = torch.exp(batch.log_focal)
    stored = torch.from_numpy(_shard().focal_over_width)
    whole = focal[batch.uncropped]
    assert (torch.cdist(whole[:, None], stored[:, None]).amin(1) < 1e-5).all()
    assert not batch.uncropped.all() and (focal[~batch.uncropped].mean() > whole.mean())


def test_log_inverse_of_the_sky_is_a_plain_number() -> None:
    found = log_canonical_inverse(np.array([np.inf, 2.0, 0.01]), 0.8)
    np.testing.assert_allclose(found, [0, np.log(0.4), np.log(0.8 / 0.05)], rtol=1e-6)


def test_stop_and_resume_gives_the_same_state_and_the_same_next_step(batch: Batch, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    one = Trainer(SMALL, rate=1e-2, seed=1)
    for _ in range(3):
        one.train_step(batch)
    save_checkpoint(path, one.state())
    other = Trainer(SMALL, rate=1e-2, seed=99)
    other.load_state(load_checkpoint(path))
    assert (other.step, other.samples) == (3, 24)
    ahead, resumed = one.train_step(batch), other.train_step(batch)
    assert ahead["total"] == pytest.approx(resumed["total"], rel=1e-6)
    for name, value in one.average.items():
        torch.testing.assert_close(other.average[name], value)
    for name, value in one.net.state_dict().items():
        torch.testing.assert_close(other.net.state_dict()[name], value)


def test_the_average_is_another_network_than_the_last_one(batch: Batch) -> None:
    trainer = Trainer(SMALL, rate=1e-1, seed=1)
    for _ in range(5):
        trainer.train_step(batch)
    last, mean = trainer.net.head.weight, trainer.averaged().head.weight
    assert not torch.allclose(last, mean)


def test_the_decay_ends_the_training(batch: Batch) -> None:
    trainer = Trainer(SMALL, rate=1e-2, seed=1)
    trainer.decay = (0, 16)
    rates = []
    while not trainer.finished:
        rates.append(trainer.rate_now() / min(1, (trainer.step + 1) / 1000))
        trainer.train_step(batch)
    assert rates == pytest.approx([1e-2, 0.5e-2])
    assert trainer.rate_now() == 0


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


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    state = Trainer(SMALL, rate=1e-2, seed=1).state()
    with pytest.raises(CheckpointError, match="another --run-dir"):
        Trainer(NetworkConfig(), rate=1e-2, seed=1).load_state(state)


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
    pool = ShardPool(tmp_path, np.random.default_rng(0))
    pool.refresh()
    with pytest.raises(LookupError, match="run the generator first"):
        pool.draw(1)
    stream = BatchStream(pool, np.random.default_rng(0), 2, 3072)
    with pytest.raises(LookupError, match="run the generator first"):
        stream.next()
    stream.close()


def test_batches_come_at_the_size_asked_for(pool: ShardPool) -> None:
    stream = BatchStream(pool, np.random.default_rng(0), 3, 3072)
    batch = stream.next()
    stream.close()
    _, height, width, _ = batch.rgb.shape
    assert 0.5 * 3072 < height * width < 2 * 3072 and height % 16 == width % 16 == 0
    assert batch.log_inverse.shape == batch.sky.shape == (3, height // 2, width // 2)


def test_the_program_stops_at_a_signal_and_goes_on_where_it_was(tmp_path: Path) -> None:
    for folder, name in (("shards", "shard_{}.npz"), ("heldout", "heldout_{}.npz")):
        (tmp_path / folder).mkdir()
        for k in range(4):
            write_shard(tmp_path / folder / name.format(k), _shard(2))
    command = [sys.executable, "-m", "tools.preview.train", "--run-dir", str(tmp_path), "--generators", "0"]
    command += ["--stages", "0:1024", "--batch", "2", "--log-steps", "10"]
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()  # after ten steps
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()
    assert first.startswith("20 samples") and process.returncode == 0
    stopped = load_checkpoint(tmp_path / "checkpoint.pt")["samples"]
    assert f"{stopped} samples; checkpoint written" in rest
    again = subprocess.run(
        [*command, "--samples", str(stopped + 10)], env=env, capture_output=True, text=True, check=True
    )
    assert f"resumed at step {stopped // 2}, {stopped} samples" in again.stdout
    assert load_checkpoint(tmp_path / "checkpoint.pt")["samples"] == stopped + 10


def test_stages_name_a_size_for_every_sample() -> None:
    assert pixels_at(STAGES, 0) == 6144
    assert pixels_at("0:100,50:200", 50) == 200
    with pytest.raises(ValueError, match="do not say"):
        pixels_at("10:100", 5)


def test_shipped_weights_say_the_same_in_half_the_bytes(batch: Batch, tmp_path: Path) -> None:
    trainer = Trainer(SMALL, rate=1e-2, seed=1)
    for _ in range(3):
        trainer.train_step(batch)
    net = trainer.averaged()
    size = write_weights(net, tmp_path / "preview.safetensors", trainer.samples, 6144)
    count = sum(v.numel() for v in net.state_dict().values())
    assert 2 * count < size < 2 * count + 20_000
    with torch.inference_mode():
        one, other = (
            n(normalise(batch.rgb)) for n in (net, read_weights(tmp_path / "preview.safetensors").net)
        )
    for a, b in zip(one, other, strict=True):
        torch.testing.assert_close(a, b, atol=0.02, rtol=0.02)


def test_the_focal_correlation_is_not_flattered_by_the_aspect() -> None:
    class Constant(torch.nn.Module):
        """Knows nothing but the aspect: the same long-side focal length with a little noise for every picture."""

        def forward(self, x: torch.Tensor) -> Prediction:
            height, width = x.shape[-2:]
            log_focal = float(np.log(max(width, height) / width)) + 0.01 * float(x.mean())
            maps = torch.zeros(1, height // 2, width // 2)
            return Prediction(maps, maps, torch.tensor([log_focal]))

    rng = np.random.default_rng(0)
    shards = []
    for width, height in ((64, 48), (48, 64)):
        rgb = np.broadcast_to(rng.integers(0, 255, (60, 1, 1, 3), np.uint8), (60, height, width, 3))
        focal = (np.exp(rng.normal(-0.2, 0.1, 60)) * max(width, height) / width).astype(np.float32)
        shards.append(Shard(rgb, np.ones((60, height, width), np.float16), focal, np.array(["room"] * 60)))
    assert abs(focal_correlation(Constant(), shards, 3072)) < 0.3  # type: ignore[arg-type]
