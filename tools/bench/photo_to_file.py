"""From a photo to files by the command: recon against MoGe's own script, with the same random weights, on the CPU.

    python -m tools.bench.photo_to_file [--size s] [--rounds 3]

Both write the sample photo as GLB and PLY, in turn, each as a new process on one thread, as a user starts it.
Reported are processor seconds, which other work on the machine changes little, the peak memory and the files' size.
With random weights the surface is rough, so that both cut it at many places; the network's time does not depend on
them. Needs the authors' package: ``pip install --no-deps dlr-moge dlr-utils3d``.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tools.bench.models import PHOTO, Model, make
from tools.bench.timing import machine, table, versions

_CHILD = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=sys.stderr)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
sys.exit(done.returncode)
"""
"""Starts the command: Linux counts the memory of the process that forked, and this one is small."""


@dataclass(frozen=True)
class Run:
    """One process."""

    processor_s: float
    peak_mb: float


def commands(checkpoint: Path, out: Path) -> dict[str, list[str]]:
    """The two commands: same photo, weights, resolution of the network and formats."""
    ours = [sys.executable, "-m", "recon_cli.main", "build", str(PHOTO), "--model", f"hf:{checkpoint}"]
    ours += [
        "-o",
        str(out / "recon.glb"),
        "-o",
        str(out / "recon.ply"),
        "--device",
        "cpu",
        "--overwrite",
        "-q",
    ]
    theirs = [sys.executable, "-m", "moge.scripts.cli", "infer", "-i", str(PHOTO), "-o", str(out / "moge")]
    theirs += ["--pretrained", str(checkpoint / "model.pt"), "--device", "cpu", "--num_tokens", "3600"]
    return {"recon": ours, "MoGe's script": [*theirs, "--glb", "--ply"]}


def measured(command: list[str]) -> Run:
    """Runs a command to its end.

    Raises:
        RuntimeError: It failed.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, *command], env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[1:4])} failed: {done.stderr[-2000:]}")
    processor_s, peak_kb = map(float, done.stdout.splitlines()[-1].split())
    return Run(processor_s, peak_kb * 1024 / 1e6)


def make_weights(folder: Path, size: str) -> None:
    """A random checkpoint that has a depth at every pixel: a random mask would be all sky."""
    import torch

    make(folder, Model("moge2", size))
    checkpoint = torch.load(folder / "model.pt", weights_only=True)
    checkpoint["model"]["mask_head.output_blocks.4.bias"] += 10.0
    torch.save(checkpoint, folder / "model.pt")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--size", choices=("s", "b", "l"), default="s")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as kept:
        checkpoint, out = Path(kept) / "weights", Path(kept) / "out"
        checkpoint.mkdir()
        out.mkdir()
        make_weights(checkpoint, arguments.size)
        ways = commands(checkpoint, out)
        runs: dict[str, list[Run]] = {name: [] for name in ways}
        for _ in range(arguments.rounds):
            for name, command in ways.items():
                runs[name].append(measured(command))
        found = {"recon": out.glob("recon.*"), "MoGe's script": (out / "moge").rglob("*.*")}
        rows = []
        for name, each in runs.items():
            size_mb = sum(path.stat().st_size for path in found[name] if path.is_file()) / 1e6
            seconds = sorted(run.processor_s for run in each)
            row = [name, f"{median(seconds):.1f} s ({seconds[0]:.1f} to {seconds[-1]:.1f})"]
            rows.append([*row, f"{max(run.peak_mb for run in each):,.0f} MB", f"{size_mb:.1f} MB"])
    print(
        f"{machine()}; {versions('numpy', 'trimesh', 'torch', 'dlr-moge')}; MoGe-2 ViT-{arguments.size.upper()}"
    )
    print(table(["command", "processor time", "peak memory", "files"], rows))


if __name__ == "__main__":
    main()
