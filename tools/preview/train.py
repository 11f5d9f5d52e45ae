"""Train the preview network on scenes of our own: from nothing to the shipped weights.

  python -m tools.preview.train --run-dir runs/preview --generators 1

starts the generator (shards of unique scenes in RUN/shards, the oldest give way), trains, and writes
RUN/checkpoint.pt every few minutes, its predecessor beside it. Stop it with Ctrl-C or SIGTERM at any
moment and give the same command to go on. RUN/log.jsonl holds the errors on held-out generated scenes over
the samples seen. Small pictures come first (--stages); render larger views (--view-pixels 49152) for the last
stage. When there is time for no more, let the rate decay to its end and write the weights:

  python -m tools.preview.train --run-dir runs/preview --decay-samples 300000
  python -m tools.preview.export --run-dir runs/preview -o recon/depth/preview.safetensors
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import numpy as np
import torch

from recon.depth.nets.preview import NetworkConfig
from tools.preview.batches import BatchStream
from tools.preview.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from tools.preview.heldout import held_out, score
from tools.preview.shards import Shard, ShardPool, shard_paths
from tools.preview.trainer import Trainer

STAGES = "0:6144,200000:12288,1500000:24576,2500000:49152"
CHECKPOINT = "checkpoint.pt"


def pixels_at(stages: str, samples: int) -> int:
    """Return the picture area of the stage that `samples` falls into; stages are FROM:PIXELS,..."""
    found = 0
    for part in stages.split(","):
        start, _, pixels = part.partition(":")
        if samples >= int(start):
            found = int(pixels)
    if not found:
        raise ValueError(f"stages {stages!r} do not say what to do at sample {samples}")
    return found


def start_generators(args: argparse.Namespace) -> list[subprocess.Popen[bytes]]:
    """Start the generator processes; they die with the trainer (see `run`)."""
    command = [sys.executable, "-m", "tools.preview.generate", "--run-dir", str(args.run_dir)]
    command += ["--pixels", str(args.view_pixels), "--disk-gb", str(args.disk_gb)]
    processes = []
    for worker in range(args.generators):
        log = (args.run_dir / f"generator_{worker}.log").open("ab")
        processes.append(subprocess.Popen(command, stdout=log, stderr=log))
    return processes


def wait_for_shards(folder: Path, count: int, processes: list[subprocess.Popen[bytes]]) -> None:
    """Wait until there is something to train on; raises RuntimeError where nobody makes it."""
    while len(shard_paths(folder)) < count:
        if not any(p.poll() is None for p in processes):
            raise RuntimeError(
                f"{folder} has fewer than {count} shards and no generator runs; see its log beside it"
            )
        time.sleep(2)


class _Stop:
    """Set by SIGINT and SIGTERM: finish the step, save, leave."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGINT, self._ask)
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


def run(args: argparse.Namespace) -> None:
    """Train until stopped, or to the end of the decay."""
    stop = _Stop()
    args.run_dir.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(args.threads)
    path = args.run_dir / CHECKPOINT
    trainer = Trainer(NetworkConfig(), rate=args.rate, seed=args.seed)
    if path.exists():
        trainer.load_state(load_checkpoint(path))
        print(f"resumed at step {trainer.step}, {trainer.samples} samples", flush=True)
    if args.decay_samples and trainer.decay is None:
        trainer.decay = (trainer.samples, args.decay_samples)
    processes = start_generators(args)
    try:
        wait_for_shards(args.run_dir / "shards", 1, processes)
        validation = held_out(args.run_dir)
        wait_for_shards(args.run_dir / "shards", 4, processes)
        _loop(args, trainer, validation, stop, processes)
    finally:
        for process in processes:
            process.terminate()


def _loop(
    args: argparse.Namespace,
    trainer: Trainer,
    validation: list[Shard],
    stop: _Stop,
    generators: list[subprocess.Popen[bytes]],
) -> None:
    pool_rng = np.random.default_rng([args.seed, trainer.step])
    pool = ShardPool(args.run_dir / "shards", pool_rng)
    for _ in range(24):
        pool.refresh()
    stream = BatchStream(
        pool,
        np.random.default_rng([args.seed, trainer.step, 1]),
        args.batch,
        pixels_at(args.stages, trainer.samples),
    )
    began, since = time.monotonic(), trainer.samples
    saved = validated = began
    terms: list[dict[str, float]] = []
    try:
        while (
            not stop.asked and not trainer.finished and not (args.samples and trainer.samples >= args.samples)
        ):
            stream.pixels = pixels_at(args.stages, trainer.samples)
            terms.append(trainer.train_step(stream.next()))
            now = time.monotonic()
            if trainer.step % args.log_steps == 0:
                mean = {k: round(float(np.mean([t[k] for t in terms])), 4) for k in terms[0]}
                speed = (trainer.samples - since) / (now - began)
                print(f"{trainer.samples} samples, {speed:.1f}/s, {stream.pixels} px, {mean}", flush=True)
                terms.clear()
                if any(p.poll() is not None for p in generators):
                    print("warning: a generator has ended, see generator_*.log in the run folder", flush=True)
            if now - validated > 60 * args.validate_minutes:
                validated = now
                _validate(args.run_dir, trainer, validation, stream.pixels)
            if now - saved > 60 * args.save_minutes:
                saved = now
                save_checkpoint(args.run_dir / CHECKPOINT, trainer.state())
        _validate(args.run_dir, trainer, validation, pixels_at(args.stages, trainer.samples))
    finally:
        stream.close()
        save_checkpoint(args.run_dir / CHECKPOINT, trainer.state())
        print(f"stopped at step {trainer.step}, {trainer.samples} samples; checkpoint written", flush=True)


def _validate(run_dir: Path, trainer: Trainer, validation: list[Shard], pixels: int) -> None:
    errors = score(trainer.averaged(), validation, pixels)
    line = {
        "samples": trainer.samples,
        "step": trainer.step,
        "pixels": pixels,
        "time": time.time(),
        "errors": errors,
    }
    with (run_dir / "log.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")
    short = {k: round(v, 4) for k, v in errors["all"].items()}
    print(f"held out at {trainer.samples}: {short}", flush=True)


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
    add("--stages", default=STAGES, help="FROM_SAMPLE:PIXELS,... (default %(default)s)")
    add("--batch", type=int, default=32)
    add("--rate", type=float, default=1e-3, help="peak learning rate (default %(default)s)")
    add("--decay-samples", type=int, default=0, help="let the rate fall to 0 over so many samples, then stop")
    add("--samples", type=int, default=0, help="stop at so many samples in all (0: run on)")
    add("--generators", type=int, default=1, help="generator processes beside the trainer")
    add(
        "--view-pixels",
        type=int,
        default=19200,
        help="pixels of a rendered view (default %(default)s: 160x120)",
    )
    add("--disk-gb", type=float, default=15.0, help="room for shards (default %(default)s)")
    add("--threads", type=int, default=1, help="torch threads (default %(default)s)")
    add("--save-minutes", type=float, default=4.0)
    add("--validate-minutes", type=float, default=12.0)
    add("--log-steps", type=int, default=100)
    add("--seed", type=int, default=1)
    try:
        run(parser.parse_args())
    except CheckpointError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
