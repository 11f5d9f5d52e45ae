"""Train the preview network: an ImageNet encoder, scenes of our own, real pairs, photos without depth.

  python -m tools.preview.train --run-dir runs/preview --seconds 14400 --generators 1 --imagenet FILE.pth \\
      --pairs ../shared/train --photos ../shared/unlabelled

starts the generators (shards of unique scenes in RUN/shards), trains for so many seconds in all, with a rate
that falls to 0 at their end, and writes RUN/checkpoint.pt every few minutes. Stop it with Ctrl-C or SIGTERM at
any moment and run the same command to resume. RUN/log.jsonl holds the errors on what is held out. Then:

  python -m tools.preview.export --run-dir runs/preview -o preview.safetensors

On a CPU that also does other work: --threads 1 (two wait for each other), --batch 8 (many small steps),
--frozen-stages 3, --pixels 36864 --view-pixels 36864 --early-until 0.55: 20 samples a second.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import numpy as np
import torch

from recon.depth.nets.preview import NetworkConfig
from recon.depth.nets.preview_look import size_for
from tools.preview.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from tools.preview.heldout import held_out
from tools.preview.pool import Batch, PairPool, PhotoPool, ViewPool, assemble, joined
from tools.preview.shards import shard_paths
from tools.preview.trainer import Trainer
from tools.preview.validate import HELD_OUT_PLACES, read_held_out, score_pairs, score_views

CHECKPOINT = "checkpoint.pt"


@dataclass
class Sources:
    """What batches are made of."""

    views: ViewPool
    pairs: PairPool | None
    photos: PhotoPool | None


def start_generators(args: argparse.Namespace) -> list[subprocess.Popen[bytes]]:
    """Start the generator processes; they die with the trainer (see `run`)."""
    command = [sys.executable, "-m", "tools.preview.generate", "--run-dir", str(args.run_dir)]
    command += [
        "--pixels",
        str(args.view_pixels),
        "--disk-gb",
        str(args.disk_gb),
        "--scenes",
        str(args.shard_scenes),
    ]
    one_thread = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    processes = []
    for worker in range(args.generators):
        log = (args.run_dir / f"generator_{worker}.log").open("ab")
        # Each on its own core: Embree's builder would otherwise start a thread for every core in every process.
        core = ["--core", str(worker + 2)] if args.generators > 2 else []
        environment = {**os.environ, **one_thread}
        processes.append(subprocess.Popen([*command, *core], stdout=log, stderr=log, env=environment))
    return processes


def wait_for_shards(folder: Path, count: int, processes: list[subprocess.Popen[bytes]]) -> None:
    """Wait until there is training data; raises RuntimeError if no generator is running."""
    while len(shard_paths(folder)) < count:
        if not any(p.poll() is None for p in processes):
            raise RuntimeError(
                f"{folder} has fewer than {count} shards and no generator runs; see the log in the same folder"
            )
        time.sleep(0.5)


class _Stop:
    """Set by SIGINT and SIGTERM: finish the step, save, leave."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGINT, self._ask)
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


def run(args: argparse.Namespace) -> None:
    """Train until stopped, or to the end of the time."""
    stop = _Stop()
    args.run_dir.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(args.threads)
    if args.device == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    path = args.run_dir / CHECKPOINT
    trainer = Trainer(
        NetworkConfig(encoder=args.encoder),
        rate=args.rate,
        seed=args.seed,
        device=args.device,
        frozen_stages=args.frozen_stages,
    )
    if path.exists():
        trainer.load_state(load_checkpoint(path))
        print(f"resumed at step {trainer.step}, {trainer.samples} samples", flush=True)
    elif args.weights:
        trainer.start_from_weights(args.weights)
    elif args.imagenet:
        trainer.start_from(torch.load(args.imagenet, weights_only=True, map_location="cpu"))
    processes = start_generators(args)
    try:
        (args.run_dir / "shards").mkdir(exist_ok=True)
        wait_for_shards(args.run_dir / "shards", args.least_shards, processes)
        _loop(args, trainer, stop, processes)
    finally:
        for process in processes:
            process.terminate()


def _sources(args: argparse.Namespace, device: torch.device) -> Sources:
    views = ViewPool(args.run_dir / "shards", device, args.pool_gb * 1e9)
    without = set() if args.all_places else HELD_OUT_PLACES
    pairs = PairPool(args.pairs, None, without, device) if args.pairs else None
    photos = PhotoPool(args.photos, device) if args.photos else None
    return Sources(views, pairs, photos)


def pixels_at(progress: float, pixels: int, early_share: float, early_until: float) -> int:
    """Return the area of the pictures: `early_share` of the final one until `early_until` of the time."""
    return round(pixels * (early_share if progress < early_until else 1.0))


def draw(
    args: argparse.Namespace, sources: Sources, progress: float, rng: np.random.Generator
) -> tuple[Batch, Batch | None]:
    """Return a labelled batch, and photos without labels where the teacher has something to say by now."""
    # One size for each aspect ratio, and one number of pictures: on a GPU every new shape costs seconds, in
    # which cuDNN plans each convolution anew.
    area = pixels_at(progress, args.pixels, args.early_share, args.early_until)
    real = round(args.batch * args.real_share) if sources.pairs else 0
    unlabelled = (
        round(args.batch * args.photo_share) if sources.photos and progress >= args.teacher_from else 0
    )
    items, aspect = sources.views.draw(args.batch - real - unlabelled, rng)
    width, height = size_for(aspect, area)
    smallest = 0.6 if progress < args.early_until else 0.72
    batches = [assemble(items, (height, width), rng, smallest)]
    if sources.pairs and real:
        batches.append(assemble(sources.pairs.draw(real, rng), (height, width), rng, 0.5))
    photos = None
    if sources.photos and unlabelled:
        photos = assemble(sources.photos.draw(unlabelled, rng), (height, width), rng, 0.5)
    return joined(batches), photos


def _loop(
    args: argparse.Namespace, trainer: Trainer, stop: _Stop, generators: list[subprocess.Popen[bytes]]
) -> None:
    sources = _sources(args, trainer.device)
    sources.views.refresh(10_000)
    rng = np.random.default_rng([args.seed, trainer.step])
    began, earlier, since = time.monotonic(), trainer.seconds, trainer.samples
    saved = validated = began
    terms: list[dict[str, torch.Tensor]] = []
    while not stop.asked and trainer.seconds < args.seconds:
        progress = trainer.seconds / args.seconds
        batch, photos = draw(args, sources, progress, rng)
        lending = None
        if sources.photos and rng.random() < 0.5:
            lending = assemble(
                sources.photos.draw(8, rng), (batch.rgb.shape[2], batch.rgb.shape[3]), rng, 0.5
            ).rgb
        share = 0.5 * (1 + math.cos(math.pi * progress)) if args.decay == "cosine" else 1 - progress
        terms.append(trainer.train_step(batch, max(share, 0.0), photos, lending))
        now = time.monotonic()
        trainer.seconds = earlier + now - began
        if trainer.step % args.log_steps == 0:
            mean = {
                k: round(float(torch.stack([t[k] for t in terms if k in t]).mean()), 4) for k in terms[-1]
            }
            speed = (trainer.samples - since) / (now - began)
            size = f"{batch.rgb.shape[3]}x{batch.rgb.shape[2]}"
            done = f"{trainer.seconds:.0f} s, {trainer.samples} samples, {speed:.0f}/s"
            print(f"{done}, {len(sources.views)} views, {size}, {mean}", flush=True)
            terms.clear()
            sources.views.refresh()
        if now - validated > 60 * args.validate_minutes:
            _validate(args, trainer)
            validated = time.monotonic()
        if now - saved > 60 * args.save_minutes:
            save_checkpoint(args.run_dir / CHECKPOINT, trainer.state())
            saved = time.monotonic()
    save_checkpoint(args.run_dir / CHECKPOINT, trainer.state())
    if not stop.asked:
        _validate(args, trainer)
    print(f"stopped at step {trainer.step}, {trainer.samples} samples; checkpoint written", flush=True)


def _validate(args: argparse.Namespace, trainer: Trainer) -> None:
    net = trainer.mean_net
    views = held_out(args.run_dir, args.held_out, args.view_pixels) if args.held_out else []
    pairs = read_held_out(args.pairs) if args.pairs else []
    scores = {
        "views": score_views(net, views, args.pixels) if views else {},
        "pairs": score_pairs(net, pairs, args.pixels) if pairs else {},
    }
    line = {"samples": trainer.samples, "seconds": trainer.seconds, **scores}
    with (args.run_dir / "log.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")
    for name, score in scores.items():
        short = {k: round(v, 4) for k, v in score.get("all", {}).items()}
        print(f"held-out {name} at {trainer.samples}: {short}", flush=True)


def main() -> None:
    """Read the arguments and train."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add(
        "--run-dir",
        type=Path,
        default=Path("runs/preview"),
        help="checkpoints, shards, logs (default %(default)s)",
    )
    add("--seconds", type=float, default=4 * 3600, help="training time in all; the schedule follows it")
    add("--imagenet", type=Path, help="state dict of EfficientNet-Lite to start from")
    add("--weights", type=Path, help="weights that `export` wrote, to continue from with a new schedule")
    add("--encoder", type=int, default=2, help="EfficientNet-Lite size, 0 to 2 (default %(default)s)")
    add("--pairs", type=Path, help="folder of real pairs with pairs.json")
    add("--photos", type=Path, help="folder of photos without depth")
    add("--real-share", type=float, default=0.1, help="real pairs in a batch (default %(default)s)")
    add("--photo-share", type=float, default=0.2, help="photos over a batch (default %(default)s)")
    add("--teacher-from", type=float, default=0.4, help="part of the time from which photos are used")
    add("--all-places", action="store_true", help="train on the held-out places, too")
    add("--batch", type=int, default=16, help="pictures of a step at the final size")
    add(
        "--early-share",
        type=float,
        default=0.5,
        help="area of the pictures over the final one, early on (default %(default)s)",
    )
    add(
        "--early-until",
        type=float,
        default=0.45,
        help="part of the time with small pictures (default %(default)s)",
    )
    add(
        "--frozen-stages",
        type=int,
        default=0,
        help="stages of the encoder, finest first, that keep their ImageNet weights; 3 on a CPU: 1.5 times the"
        " samples a second (default %(default)s)",
    )
    add(
        "--pixels",
        type=int,
        default=98304,
        help="area of the pictures at the end (default %(default)s: 362x272)",
    )
    add("--rate", type=float, default=5e-4, help="peak learning rate (default %(default)s)")
    add("--decay", choices=("cosine", "linear"), default="cosine")
    add("--generators", type=int, default=1, help="generator processes in parallel with the trainer")
    add(
        "--view-pixels",
        type=int,
        default=86400,
        help="pixels of a rendered view (default %(default)s: 340x255)",
    )
    add("--shard-scenes", type=int, default=32, help="scenes of a shard")
    add("--least-shards", type=int, default=4, help="shards to wait for before the first step")
    add("--disk-gb", type=float, default=15.0, help="room for shards (default %(default)s)")
    add("--pool-gb", type=float, default=6.0, help="views held in the device's memory (default %(default)s)")
    add("--held-out", type=int, default=12, help="held-out views of each kind (default %(default)s)")
    add("--device", default="cpu")
    add("--threads", type=int, default=1, help="torch threads (default %(default)s)")
    add("--save-minutes", type=float, default=4.0)
    add("--validate-minutes", type=float, default=15.0)
    add("--log-steps", type=int, default=50)
    add("--seed", type=int, default=1)
    try:
        run(parser.parse_args())
    except CheckpointError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
