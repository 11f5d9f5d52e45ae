"""Every depth model at full size with random weights: loaded and run on the CPU, by recon and by its reference.

    python -m tools.bench.models                      # all, one after another; up to 8 GB
    python -m tools.bench.models --only dav2-small moge2-vits

Each run is a separate process on one thread, recon's and the reference's in turn: it loads a checkpoint, runs the
sample photo through the network at its default size once, and reports processor seconds, which other work on the
machine changes little, and its peak memory. The reference is transformers' class, or the authors' package. No
released weights are needed: the time does not depend on them, and equal random weights must give equal output.
"""

import argparse
import json
import os
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

from tools.bench.timing import table

PHOTO = Path(__file__).parents[2] / "sample_data" / "living_room.jpg"
DA3_PACKAGE = Path(sys.prefix) / "depth-anything-3"
_WIDTHS = {"s": 384, "b": 768, "l": 1024}


@dataclass(frozen=True)
class Model:
    """One line of the table."""

    family: str
    size: str = ""
    """s, b or l."""
    repeats: int = 1


MODELS = {
    "dav2-small": Model("dav2", "s", 3),
    "preview": Model("preview", repeats=3),
    "moge2-vits": Model("moge2", "s"),
    "da3-metric-large": Model("da3", "l"),
    "dav2-base": Model("dav2", "b"),
    "moge2-vitb": Model("moge2", "b"),
    "dav2-large": Model("dav2", "l"),
    "moge2-vitl": Model("moge2", "l"),
    "depthpro": Model("depthpro"),
}
"""The other metric and relative versions of a model have the same layers, and the same times."""


def reference_net(model: Model) -> Any:
    """The reference's network, with its own random weights."""
    import torch

    torch.manual_seed(0)
    if model.family == "moge2":
        from moge.model.v2 import MoGeModel

        return MoGeModel(**moge2_config(model.size))
    if model.family == "da3":
        sys.path.insert(0, str(DA3_PACKAGE))
        from depth_anything_3.model.dinov2.dinov2 import DinoV2
        from depth_anything_3.model.dpt import DPT

        net = torch.nn.Module()
        net.backbone = DinoV2(
            "vitl", [4, 11, 17, 23], alt_start=-1, qknorm_start=-1, rope_start=-1, cat_token=False
        )
        net.head = DPT(dim_in=1024, output_dim=1, features=256, out_channels=[256, 512, 1024, 1024])
        return net
    import transformers

    if model.family == "depthpro":
        from tools.bench.network import DEPTH_PRO

        return transformers.DepthProForDepthEstimation(transformers.DepthProConfig(**DEPTH_PRO))
    return transformers.DepthAnythingForDepthEstimation(
        transformers.DepthAnythingConfig(**dav2_config(model.size))
    )


def dav2_config(size: str) -> dict[str, Any]:
    """The published sizes of Depth Anything V2."""
    width = _WIDTHS[size]
    necks = {"s": [48, 96, 192, 384], "b": [96, 192, 384, 768], "l": [256, 512, 1024, 1024]}
    backbone = {
        "model_type": "dinov2", "hidden_size": width, "num_hidden_layers": 24 if size == "l" else 12,
        "num_attention_heads": width // 64, "patch_size": 14, "image_size": 518, "reshape_hidden_states": False,
        "out_indices": [5, 12, 18, 24] if size == "l" else [3, 6, 9, 12],
    }  # fmt: skip
    return {
        "backbone_config": backbone, "reassemble_hidden_size": width, "neck_hidden_sizes": necks[size],
        "fusion_hidden_size": {"s": 64, "b": 128, "l": 256}[size],
    }  # fmt: skip


def moge2_config(size: str) -> dict[str, Any]:
    """The sizes of MoGe-2: of the large one from the authors' training configuration; the small one has as many
    weights as its published file; the middle one is like it."""
    width, large = _WIDTHS[size], size == "l"
    widths = [width, 256, 128, 64, 32]
    stack = {
        "dim_res_blocks": widths, "res_block_in_norm": "none", "res_block_hidden_norm": "none",
        "resamplers": ["conv_transpose", "conv_transpose", "conv_transpose", "bilinear"],
    }  # fmt: skip
    ends = {"points_head": 3, "normal_head": 3, "mask_head": 1}
    heads = {
        name: {**stack, "dim_in": widths, "dim_out": [None] * 4 + [end], "num_res_blocks": [0, 1, 1, 1, 0]}
        for name, end in ends.items()
    }
    blocks = 2 if large else 1
    return {
        "encoder": {
            "backbone": f"dinov2_vit{size}14", "intermediate_layers": [5, 11, 17, 23] if large else [5, 11],
            "dim_out": width,
        },
        "neck": {
            **stack, "dim_in": [width + 2, 2, 2, 2, 2], "dim_out": None,
            "num_res_blocks": [0, blocks, blocks, blocks, 0],
        },
        **heads, "scale_head": {"dims": [width, width, width, 1]}, "remap_output": "exp",
        "num_tokens_range": [1200, 3600],
    }  # fmt: skip


def make(folder: Path, model: Model) -> None:
    """Writes a checkpoint of the published sizes with random weights, as the authors publish theirs."""
    import torch
    from safetensors.torch import save_file

    net = reference_net(model)
    if model.family == "moge2":
        with torch.no_grad():  # the map of points stays within what exp can hold
            net.points_head.output_blocks[-1].weight.mul_(0.1)
        torch.save({"model_config": moge2_config(model.size), "model": net.state_dict()}, folder / "model.pt")
    elif model.family == "da3":
        tensors = {f"model.{name}": value.contiguous() for name, value in net.state_dict().items()}
        save_file(tensors, folder / "model.safetensors")
        (folder / "config.json").write_text('{"model_name": "da3metric-large"}')
    else:
        last = net.head.layers[4] if model.family == "depthpro" else net.head.conv3
        with torch.no_grad():  # the last ReLU must not hide anything
            last.weight.abs_()
        (net.half() if model.family == "depthpro" else net).save_pretrained(folder)


def ours(folder: Path, model: Model) -> Callable[[], Any]:
    """Loads recon's network; the result runs it and gives depth, at whatever size."""
    import torch

    from recon.depth import depth_anything, depth_anything_3, depth_pro, moge2
    from recon.depth.hub.checkpoint_cache import Snapshot
    from recon.depth.inference.placement import Placement
    from recon.depth.preview import Preview
    from recon.journal import Journal

    photo, snapshot = _photo(), Snapshot(folder)
    if model.family == "preview":
        return lambda: Preview().estimate(photo, focal_px=900.0, journal=Journal()).depth.z_m  # type: ignore[union-attr]
    if model.family == "moge2":
        net, placement = moge2.load(snapshot), Placement("cpu", "fp32")
        return lambda: moge2.predict(net, photo, placement, None).points[..., 2]
    if model.family == "da3":
        net, pixels = depth_anything_3.load(snapshot), _da3_pixels(photo)
        return lambda: net(pixels).depth[0]
    if model.family == "depthpro":
        net = depth_pro.load(snapshot, use_fov_model=False)
        pixels = depth_pro.prepare(photo, size=1536)
    else:
        net = depth_anything.load(snapshot)
        pixels = depth_anything.prepare(photo, size=518, multiple=14)
    assert isinstance(pixels, torch.Tensor)
    return lambda: net(pixels).predicted_depth[0]


def theirs(folder: Path, model: Model) -> Callable[[], Any]:
    """The same by the reference."""
    import torch
    import transformers

    from recon.depth import depth_anything, depth_pro

    photo = _photo()
    if model.family == "moge2":
        from moge.model.v2 import MoGeModel

        net: Any = MoGeModel.from_pretrained(folder / "model.pt").eval()
        image = torch.from_numpy(photo.rgb).permute(2, 0, 1)[None].float() / 255
        return lambda: net(image, num_tokens=3600)["points"][0, ..., 2]
    if model.family == "da3":
        from safetensors.torch import load_file

        net = reference_net(model).eval()
        tensors = load_file(folder / "model.safetensors")
        net.load_state_dict({name.removeprefix("model."): value for name, value in tensors.items()})
        pixels = _da3_pixels(photo)

        def run() -> Any:
            features, _ = net.backbone(pixels[:, None], export_feat_layers=[])
            return net.head(features, *pixels.shape[2:], patch_start_idx=0)["depth"][0, 0]

        return run
    if model.family == "depthpro":
        net = transformers.DepthProForDepthEstimation.from_pretrained(
            folder, dtype=torch.float32, use_fov_model=False
        ).eval()
        pixels = depth_pro.prepare(photo, size=1536)
    else:
        net = transformers.DepthAnythingForDepthEstimation.from_pretrained(folder, dtype=torch.float32).eval()
        pixels = depth_anything.prepare(photo, size=518, multiple=14)
    return lambda: net(pixel_values=pixels).predicted_depth[0]


def _photo() -> Any:
    from recon.photo.read import read_photo

    return read_photo(PHOTO)


def _da3_pixels(photo: Any) -> Any:
    import torch

    from recon.depth.depth_anything import DEVIATION, MEAN
    from recon.depth.depth_anything_3 import PROCESSING_SIZE_PX, resized

    scaled = (resized(photo.rgb, PROCESSING_SIZE_PX).astype(np.float32) / 255 - MEAN) / DEVIATION
    return torch.from_numpy(scaled).permute(2, 0, 1)[None].contiguous()


def child(whose: str, folder: Path, model: Model) -> None:
    """One process's work: prints a line of JSON, and leaves the depth in the folder."""
    import torch

    torch.set_num_threads(1)
    start = time.process_time()
    run = (ours if whose == "ours" else theirs)(folder, model)
    loaded = time.process_time()
    with torch.inference_mode():
        depth = np.asarray(run(), np.float32)
    done = time.process_time()
    np.save(folder / f"{whose}.npy", depth)
    # ru_maxrss is in kB on Linux, and counts what is mapped of the weights' file.
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"load_s": loaded - start, "run_s": done - loaded, "peak_gb": peak_gb}))


def measure(name: str) -> dict[str, Any]:
    """Makes the checkpoint and runs both in turn; medians, and the relative difference of the depths (L2)."""
    model = MODELS[name]
    sides = ("ours",) if model.family == "preview" else ("theirs", "ours")
    runs: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if model.family != "preview":
            _process("make", name, folder)
        for side in sides * model.repeats:
            runs[side].append(json.loads(_process(side, name, folder).splitlines()[-1]))
            print(f"{name}: {side} {runs[side][-1]}", file=sys.stderr)
        result: dict[str, Any] = {
            side: {key: median(run[key] for run in of) for key in of[0]} for side, of in runs.items()
        }
        if "theirs" in sides:
            first, second = (np.load(folder / f"{side}.npy").astype(np.float64) for side in sides)
            result["difference"] = float(np.linalg.norm(second - first) / np.linalg.norm(first))
    return result


def _process(what: str, name: str, folder: Path) -> str:
    command = [
        sys.executable,
        "-m",
        "tools.bench.models",
        "--child",
        what,
        "--only",
        name,
        "--folder",
        str(folder),
    ]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


def row(name: str, made: dict[str, Any], unit_s: float | None) -> list[str]:
    """A line of the table. ``unit_s``: the time of dav2-small, if it was measured."""
    ours, theirs = made["ours"], made.get("theirs")
    pair = ours if theirs is None else theirs
    return [
        name,
        "-" if theirs is None else f"{pair['load_s']:.2g} + {pair['run_s']:.3g}",
        f"{ours['load_s']:.2g} + {ours['run_s']:.3g}",
        "-" if theirs is None else f"{pair['run_s'] / ours['run_s']:.2f}",
        "-" if unit_s is None else f"{ours['run_s'] / unit_s:.2g}",
        f"{'-' if theirs is None else format(pair['peak_gb'], '.2f')} / {ours['peak_gb']:.2f}",
        "-" if theirs is None else f"{made['difference']:.1e}",
    ]


def main() -> None:
    """Prints the table in markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--child", choices=("make", "ours", "theirs"))
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.child == "make":
        return make(given.folder, MODELS[given.only[0]])
    if given.child is not None:
        return child(given.child, given.folder, MODELS[given.only[0]])
    titles = (
        "model", "reference: load + run, CPU s", "recon: load + run, CPU s", "times as fast",
        "run / that of dav2-small", "peak memory, GB (reference / recon)", "relative L2 difference",
    )  # fmt: skip
    rows: list[list[str]] = []
    unit_s: float | None = None
    for name in given.only:
        made = measure(name)
        unit_s = made["ours"]["run_s"] if name == "dav2-small" else unit_s
        rows.append(row(name, made, unit_s))
        print(" | ".join(rows[-1]), file=sys.stderr, flush=True)
    print(table(titles, rows))
    return None


if __name__ == "__main__":
    main()
