"""The depth networks at full size with random weights: recon's forward against transformers' own, on the CPU.

    python -m tools.bench.network                     # Depth Pro with and without its branch, DAv2 small, int8
    python -m tools.bench.network --only dav2-small --repeats 7

Each run is a separate process, ours and theirs alternating: it loads a checkpoint in float16, as the released ones
are,
runs one random image through the network in float32 and reports its times and its peak memory. Depth Pro takes 5 to
8 GB and minutes. No released weights are needed: the speed does not depend on them, and equal weights that are random
must give equal output; for int8 the error of released weights may be another.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

VIT_LARGE = {
    "model_type": "dinov2", "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16,
    "patch_size": 16, "image_size": 384, "mlp_ratio": 4,
}  # fmt: skip
DEPTH_PRO: dict[str, Any] = {
    "use_fov_model": True, "image_model_config": VIT_LARGE, "patch_model_config": VIT_LARGE,
    "fov_model_config": VIT_LARGE,
}  # fmt: skip
DAV2_SMALL: dict[str, Any] = {
    "backbone_config": {
        "model_type": "dinov2", "hidden_size": 384, "num_hidden_layers": 12, "num_attention_heads": 6,
        "patch_size": 14, "image_size": 518, "out_indices": [3, 6, 9, 12], "reshape_hidden_states": False,
    },
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One line of the table."""

    name: str
    model: str
    """``depthpro`` or ``dav2``."""
    size: tuple[int, int]
    """Width and height of the network's input, px."""
    repeats: int
    fov: bool = False
    precision: str = "fp32"
    rounds: int = 1
    """Images per process; the median counts. 1: includes the extra cost of the first image."""


CASES = {
    "depthpro": Case("Depth Pro, focal length known", "depthpro", (1536, 1536), 3),
    "depthpro-fov": Case("Depth Pro with its field-of-view branch", "depthpro", (1536, 1536), 3, fov=True),
    "depthpro-int8": Case(
        "Depth Pro, focal length known, int8", "depthpro", (1536, 1536), 1, precision="int8"
    ),
    "dav2-small": Case("DAv2 small, 518 x 518", "dav2", (518, 518), 5, rounds=5),
    "dav2-small-4:3": Case("DAv2 small, 686 x 518", "dav2", (686, 518), 5, rounds=5),
    "dav2-small-int8": Case("DAv2 small, 518 x 518, int8", "dav2", (518, 518), 3, precision="int8", rounds=5),
}


def make(folder: Path, model: str) -> None:
    """Writes a checkpoint of the released size with random float16 weights from a fixed seed."""
    import torch
    import transformers

    torch.manual_seed(0)
    net: Any
    if model == "depthpro":
        net = transformers.DepthProForDepthEstimation(transformers.DepthProConfig(**DEPTH_PRO))
        last = net.head.layers[4]
    else:
        net = transformers.DepthAnythingForDepthEstimation(transformers.DepthAnythingConfig(**DAV2_SMALL))
        last = net.head.conv3
    with torch.no_grad():
        # Keep the input of the final ReLU positive, so that it does not hide differences.
        last.weight.abs_()
    net.half().save_pretrained(folder)


def run_theirs(folder: Path, case: Case, pixels: Any) -> tuple[float, float, Any]:
    """Seconds to load and to run, and the output (S, S), by transformers."""
    import torch
    import transformers

    name = "DepthProForDepthEstimation" if case.model == "depthpro" else "DepthAnythingForDepthEstimation"
    model_class: Any = getattr(transformers, name)
    options = {"use_fov_model": case.fov} if case.model == "depthpro" else {}
    start = time.perf_counter()
    net = model_class.from_pretrained(folder, dtype=torch.float32, **options).eval()
    loaded = time.perf_counter()
    return loaded - start, *_timed(case, lambda: net(pixel_values=pixels).predicted_depth)


def run_ours(folder: Path, case: Case, pixels: Any) -> tuple[float, float, Any]:
    """The same by recon."""

    from recon.depth import depth_anything, depth_pro
    from recon.depth.hub.checkpoint_cache import Snapshot
    from recon.depth.inference.placement import Placement, place

    placement = Placement("cpu", "int8" if case.precision == "int8" else "fp32")
    start = time.perf_counter()
    if case.model == "depthpro":
        net = depth_pro.load(Snapshot(folder), use_fov_model=case.fov)
    else:
        net = depth_anything.load(Snapshot(folder))
    net = place(net, placement, ("head",))
    loaded = time.perf_counter()
    return loaded - start, *_timed(case, lambda: net(pixels).predicted_depth)


def _timed(case: Case, forward: Callable[[], Any]) -> tuple[float, Any]:
    """Median seconds of the rounds of a case, and the output."""
    import torch

    seconds = []
    with torch.inference_mode():
        for _ in range(case.rounds):
            start = time.perf_counter()
            depth = forward()
            seconds.append(time.perf_counter() - start)
    return median(seconds), depth


def child(whose: str, folder: Path, case: Case) -> None:
    """One process's work: prints a line of JSON, and leaves its output in the folder."""
    import torch

    width, height = case.size
    coarse = torch.rand(1, 3, height // 32, width // 32, generator=torch.Generator().manual_seed(1)) * 2 - 1
    pixels = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic")
    run = run_ours if whose == "ours" else run_theirs
    load_s, run_s, depth = run(folder, case, pixels)
    np.save(folder / f"{whose}.npy", depth.numpy())
    # ru_maxrss is in kB on Linux, and includes the mapped part of the weights file.
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = used.ru_utime + used.ru_stime
    print(json.dumps({"load_s": load_s, "run_s": run_s, "peak_gb": peak_gb, "cpu_s": cpu_s}))


def floor(case: Case) -> None:
    """Prints as JSON what our network has to compute, in 10^12 operations, and how fast this machine can at best."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from recon.depth.nets.depth_anything import AnyConfig, DepthAnythingNet
    from recon.depth.nets.depth_pro import DepthProNet, ProConfig
    from recon.depth.nets.fast_ops import Dense

    with torch.inference_mode():
        x, layer = torch.randn(1154, 1024), Dense(torch.randn(4096, 1024), None)
        best_s = 1e9
        for _ in range(30):
            start = time.perf_counter()
            layer(x)
            best_s = min(best_s, time.perf_counter() - start)
    with torch.no_grad(), torch.device("meta"), FlopCounterMode(display=False) as counter:
        if case.model == "depthpro":
            DepthProNet(ProConfig.of(DEPTH_PRO | {"use_fov_model": case.fov})).simplify()(
                torch.empty(1, 3, *case.size[::-1])
            )
        else:
            DepthAnythingNet(AnyConfig.of(DAV2_SMALL)).simplify()(torch.empty(1, 3, *case.size[::-1]))
    peak = 2 * 1154 * 1024 * 4096 / best_s / 1e12
    print(json.dumps({"operations": counter.get_total_flops() / 1e12, "peak": peak}))


def measure(key: str, folder: Path, repeats: int | None = None) -> str:
    """One line of the table: medians of alternating runs, the ratio with its spread, the relative difference."""
    case = CASES[key]
    runs: dict[str, list[dict[str, float]]] = {"theirs": [], "ours": []}
    for _ in range(repeats or case.repeats):
        for whose in runs:
            command = [sys.executable, "-m", "tools.bench.network", "--child", whose, "--case", key]
            done = subprocess.run([*command, "--folder", str(folder)], capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(done.stderr)
            runs[whose].append(json.loads(done.stdout.splitlines()[-1]))
            print(f"{key}: {whose} {runs[whose][-1]}", file=sys.stderr)
    command = [sys.executable, "-m", "tools.bench.network", "--floor", key]
    limit = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    middle = {whose: {name: median(run[name] for run in of) for name in of[0]} for whose, of in runs.items()}
    theirs, ours = middle["theirs"], middle["ours"]
    ratios = [a["run_s"] / b["run_s"] for a, b in zip(runs["theirs"], runs["ours"], strict=True)]
    depths = [np.load(folder / f"{whose}.npy").astype(np.float64) for whose in ("theirs", "ours")]
    off = float(np.linalg.norm(depths[1] - depths[0]) / np.linalg.norm(depths[0]))
    return (
        f"| {case.name} | {theirs['run_s']:.3g} | {ours['run_s']:.3g} | **{median(ratios):.2f}** "
        f"({min(ratios):.2f} to {max(ratios):.2f}) | {theirs['load_s']:.2g} / {ours['load_s']:.2g} "
        f"| {theirs['peak_gb']:.2f} / {ours['peak_gb']:.2f} | {off:.1e} "
        f"| {theirs['cpu_s']:.3g} / {ours['cpu_s']:.3g} | {limit['operations']:.3g} "
        f"| {limit['operations'] / limit['peak']:.3g} |"
    )


def table(only: tuple[str, ...] = (), repeats: int | None = None) -> str:
    """The table in markdown.

    Args:
        only: Names of CASES; none: all.
        repeats: Number of runs of each; None: as set for each case.
    """
    lines = [
        "| network, CPU | transformers, s | recon, s | times as fast | load, s (theirs / ours) "
        "| peak memory, GB | relative L2 difference | CPU time of the whole process, s | 10^12 operations "
        "| floor: at the pace of the best matrix product, s |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as name:
        for model in ("depthpro", "dav2"):
            cases = [key for key in only or CASES if CASES[key].model == model]
            folder = Path(name) / model
            if cases:
                # In a separate process, because it needs twice the memory of the network.
                command = [sys.executable, "-m", "tools.bench.network", "--make", model, "--folder"]
                subprocess.run([*command, str(folder)], check=True, capture_output=True)
            lines += [measure(key, folder, repeats) for key in cases]
    return "\n".join(lines)


def int8_of_preview() -> str:
    """A sentence: what 8 bits in its transformer's linear layers change of the preview's depth of the sample photos.

    The one network of which released weights are here; Depth Pro's transformer has a larger share in its depth.
    """
    import copy

    import torch

    from recon.depth.nets.fast_ops import Int8
    from recon.depth.nets.preview import Attention
    from recon.depth.nets.preview_look import look, read_weights
    from recon.photo.read import read_photo
    from recon.types import Intrinsics

    class Linear8(torch.nn.Module):
        def __init__(self, linear: torch.nn.Linear) -> None:
            super().__init__()
            self._dense = Int8(linear.weight.detach(), linear.bias.detach())

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self._dense(x)

    root = Path(__file__).parents[2]
    weights = read_weights(root / "recon" / "depth" / "preview.safetensors")
    eight = copy.deepcopy(weights.net)
    for block in (module for module in eight.modules() if isinstance(module, Attention)):
        for name in ("qkv", "out", "up", "down"):
            setattr(block, name, Linear8(getattr(block, name)))
    changes = []
    for path in sorted((root / "sample_data").glob("*.jpg")):
        rgb = read_photo(path).rgb
        focal = Intrinsics.default(width=rgb.shape[1], height=rgb.shape[0]).fx / rgb.shape[1]
        maps = [
            look(net, rgb, focal, known=False, pixels=weights.pixels).log_inverse
            for net in (weights.net, eight)
        ]
        changes.append(float(np.expm1(np.abs(maps[1] - maps[0])).mean()))
    text = ", ".join(f"{100 * change:.2f} %" for change in changes)
    return f"int8 in the preview network's transformer changes its depth of the three sample photos by {text} (mean)."


def main() -> None:
    """Prints the table, or does one process's part of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", default=(), choices=CASES, help="default: all")
    parser.add_argument("--repeats", type=int, help="runs of each (default: 1 to 7)")
    for name in ("--child", "--case", "--make", "--folder", "--floor"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        make(Path(options.folder), options.make)
    elif options.floor:
        floor(CASES[options.floor])
    elif options.child:
        child(options.child, Path(options.folder), CASES[options.case])
    else:
        print(table(tuple(options.only), options.repeats))
        if not options.only:
            print(f"\n{int8_of_preview()}")


if __name__ == "__main__":
    main()
