"""Depth networks on a GPU with random weights: transformers, torch.compile and recon, against the fp32 result.

    python -m tools.bench.gpu                                   # all, in under 8 minutes on a data-centre card
    python -m tools.bench.gpu --only depthpro --budget-s 200
    python -m tools.bench.gpu --device cpu --tiny --ways transformers-fp32 recon-fp32   # a trial without a GPU

Per way: the median time of a pass after warming up, peak memory, and the relative difference (L2) from transformers
in fp32 (recon's, where transformers has no such network). The floor is the larger of two times: the operations of the
pass at the card's peak rate, and the bytes of the weights at its memory bandwidth. No weights are downloaded: the
time does not depend on them. MoGe-2 and Depth Anything 3 need their authors' packages to make a checkpoint.
"""

import argparse
import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from safetensors.torch import save_file
from torch.utils.flop_counter import FlopCounterMode

from recon.depth import depth_anything, depth_anything_3, depth_pro, moge2
from recon.depth.hub.checkpoint_cache import Snapshot
from recon.depth.inference import cuda_graph
from recon.depth.inference.placement import Placement, place
from recon.depth.nets.depth_anything_3 import Any3Config, DepthAnything3Net
from tools.bench.models import MODELS, make
from tools.bench.timing import table

SIZES = {"depthpro": (1536, 1536), "dav2": (518, 686), "da3": (378, 504), "moge2": (728, 966)}
"""Height and width of the input at a 4:3 photo, px."""
WAYS = ("transformers-fp32", "transformers-fp16", "compile-fp16", "recon-fp32", "recon-fp16")
CARDS = {
    "H100": (989e12, 3.35e12),
    "H200": (989e12, 4.8e12),
    "A100": (312e12, 2.0e12),
    "L4": (121e12, 0.3e12),
}
"""Dense half-precision operations and bytes per second, from the makers' data sheets."""
_TINY_ENCODER = {
    "model_type": "dinov2", "hidden_size": 64, "num_hidden_layers": 4, "num_attention_heads": 2, "mlp_ratio": 2,
}  # fmt: skip
_KEEP_FP32 = {
    "depthpro": ("head", "fov_model"),
    "dav2": ("head",),
    "da3": ("neck", "head"),
    "moge2": ("decoder",),
}


@dataclass(frozen=True)
class Figures:
    """Of one way of running a network."""

    seconds: float
    peak_bytes: int | None
    difference: float | None
    floor_s: float | None


def make_tiny(folder: Path, family: str) -> tuple[int, int]:
    """Writes a small random checkpoint (of MoGe-2: the smallest published size); returns the size of its input."""
    import transformers

    torch.manual_seed(0)
    if family == "moge2":
        make(folder, MODELS["moge2-vits"])
        return 70, 98
    if family == "da3":
        return _make_tiny_da3(folder)
    net: Any
    if family == "depthpro":
        encoder = {**_TINY_ENCODER, "patch_size": 16, "image_size": 64}
        net = transformers.DepthProForDepthEstimation(
            transformers.DepthProConfig(
                patch_size=64, fusion_hidden_size=32, intermediate_hook_ids=[3, 1], use_fov_model=False,
                intermediate_feature_dims=[32, 32], scaled_images_feature_dims=[64, 64, 32],
                image_model_config=encoder, patch_model_config=encoder, fov_model_config=encoder,
            )
        )  # fmt: skip
        last, size = net.head.layers[4], (256, 256)
    else:
        backbone = {
            **_TINY_ENCODER, "patch_size": 14, "image_size": 70, "out_indices": [1, 2, 3, 4],
            "reshape_hidden_states": False,
        }  # fmt: skip
        net = transformers.DepthAnythingForDepthEstimation(
            transformers.DepthAnythingConfig(
                backbone_config=backbone, reassemble_hidden_size=64, neck_hidden_sizes=[8, 16, 32, 32],
                fusion_hidden_size=16, head_hidden_size=8,
            )
        )  # fmt: skip
        last, size = net.head.conv3, (70, 98)
    with torch.no_grad():  # the last ReLU must not hide anything
        last.weight.abs_()
    net.save_pretrained(folder)
    return size


def _make_tiny_da3(folder: Path) -> tuple[int, int]:
    """The layers of the authors' network under recon's names, which its loader takes as they are."""
    stated = {
        "net": {"name": "vits", "out_layers": [1, 2, 3, 4]},
        "head": {"features": 16, "out_channels": [8, 16, 32, 32]},
    }
    config = {"model_name": "da3metric-large", "config": stated}
    (folder / "config.json").write_text(json.dumps(config))
    net = DepthAnything3Net(Any3Config.of(config))
    for name, weights in net.named_parameters():
        if (
            "token" in name or "position" in name or "lambda" in name
        ):  # which the class leaves to the checkpoint
            torch.nn.init.normal_(weights, std=0.1)
    save_file(net.state_dict(), folder / "model.safetensors")
    return 70, 98


def loaded(folder: Path, family: str, way: str, device: str) -> tuple[Any, Callable[[Any], Any]]:
    """A network on the device, and what runs it on pixels (1, 3, h, w) float32 and gives its map."""
    code, _, precision = way.partition("-")
    dtype = torch.float16 if precision == "fp16" else torch.float32
    if code == "recon":
        module = {"depthpro": depth_pro, "dav2": depth_anything, "da3": depth_anything_3, "moge2": moge2}[
            family
        ]
        options = {"use_fov_model": False} if family == "depthpro" else {}
        load: Callable[..., Any] = module.load
        placement = Placement(
            "cuda" if device == "cuda" else "cpu", "fp16" if precision == "fp16" else "fp32"
        )
        net = place(load(Snapshot(folder), **options), placement, _KEEP_FP32[family])
        return net, lambda pixels: cuda_graph.run(net, pixels.to(dtype))[0].float()
    from transformers import AutoModelForDepthEstimation

    theirs: Any = AutoModelForDepthEstimation.from_pretrained(folder, dtype=dtype).to(device).eval()
    if family == "depthpro":
        theirs.use_fov_model = False
    run = torch.compile(theirs) if code == "compile" else theirs
    return theirs, lambda pixels: run(pixel_values=pixels.to(dtype)).predicted_depth.float()


def measure(
    folder: Path, family: str, size: tuple[int, int], way: str, device: str, reference: Any, passes: int
) -> tuple[Figures, Any]:
    """The figures of one way, and its map on the CPU; ``reference``: the map to compare with, or None."""
    pixels = torch.randn(1, 3, *size, generator=torch.Generator().manual_seed(1)).to(device)
    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    net, run = loaded(folder, family, way, device)
    seconds = []
    with torch.inference_mode():
        for at in range(4 + passes):  # recon records its graph with the third pass
            start = time.perf_counter()
            result = run(pixels)
            if device == "cuda":
                torch.cuda.synchronize()
            if at >= 4:
                seconds.append(time.perf_counter() - start)
        peak = torch.cuda.max_memory_allocated() if device == "cuda" else None
        floor_s = _floor_s(net, way, pixels)
    found = result.cpu()
    difference = None
    if reference is not None:
        difference = float((found - reference).norm() / reference.norm())
    return Figures(median(seconds), peak, difference, floor_s), found


def _floor_s(net: Any, way: str, pixels: Any) -> float | None:
    """The least time of the pass on this card; None for a card that is not in ``CARDS``, and other ways."""
    rates = None
    if pixels.device.type == "cuda":
        name = torch.cuda.get_device_name()
        rates = next((one for card, one in CARDS.items() if card in name), None)
    if rates is None or way != "transformers-fp16":
        return None
    with FlopCounterMode(display=False) as counter:
        net(pixel_values=pixels.to(torch.float16))
    weights = sum(one.numel() * one.element_size() for one in net.parameters())
    return max(counter.get_total_flops() / rates[0], weights / rates[1])


def rows_of(name: str, given: argparse.Namespace, until: float) -> Iterator[list[str]]:
    """The lines of one model; stops when the time is used up."""
    family = MODELS[name].family
    with tempfile.TemporaryDirectory() as temporary:
        folder, size = Path(temporary), SIZES[family]
        if given.tiny:
            size = make_tiny(folder, family)
        else:
            make(folder, MODELS[name])
        reference = None
        for way in given.ways:
            if family in ("da3", "moge2") and not way.startswith("recon"):
                continue
            if time.monotonic() > until:
                print(f"{name}, {way}: left out, the time is used up", file=sys.stderr)
                continue
            figures, found = measure(folder, family, size, way, given.device, reference, given.passes)
            reference = found if reference is None else reference
            gc.collect()
            memory = "-" if figures.peak_bytes is None else f"{figures.peak_bytes / 1e9:.2f}"
            apart = "-" if figures.difference is None else f"{figures.difference:.1e}"
            floor = "-" if figures.floor_s is None else f"{1000 * figures.floor_s:.2f}"
            yield [name, way, f"{1000 * figures.seconds:.2f}", memory, apart, floor]


def main(words: list[str] | None = None) -> None:
    """Prints the table in markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = ["depthpro", "dav2-small", "dav2-large", "da3-metric-large", "moge2-vitl"]
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--tiny", action="store_true", help="small networks and inputs")
    parser.add_argument("--passes", type=int, default=20)
    parser.add_argument("--budget-s", type=float, default=460.0)
    given = parser.parse_args(words)
    if given.device == "cuda" and not torch.cuda.is_available():
        parser.error("there is no GPU here; --device cpu --tiny is a trial without one")
    until = time.monotonic() + given.budget_s
    rows = []
    for name in given.only:
        try:
            for row in rows_of(name, given, until):
                rows.append(row)
                print(" | ".join(row), file=sys.stderr, flush=True)
        except ImportError as error:
            print(f"{name}: left out, its authors' package is missing ({error})", file=sys.stderr)
    print(table(("model", "way", "ms", "peak memory, GB", "relative L2 difference", "floor, ms"), rows))


if __name__ == "__main__":
    main()
