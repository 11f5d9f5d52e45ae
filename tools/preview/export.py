"""Write the averaged weights for shipping: safetensors, half precision, with what a reader needs to know.

python -m tools.preview.export --run-dir runs/preview -o preview.safetensors
python -m tools.preview.export --run-dir runs/second -o preview.safetensors --mix first.safetensors --share 0.3

``--mix`` takes the mean with the weights that the run began from, which forgets less of what they knew (Wortsman et
al., "Robust fine-tuning of zero-shot models", 2022): only for weights of one line of training.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from tools.preview.checkpoint import load_checkpoint

LIMIT_BYTES = 20_000_000


def write_weights(state: dict[str, Any], path: Path, pixels: int) -> int:
    """Write a checkpoint's average in half precision; returns the size in bytes. Raises ValueError above the
    limit.
    """
    tensors = {}
    for name, value in state["average"].items():
        if name.endswith("num_batches_tracked"):
            continue
        half = value.half()
        if not torch.isfinite(half).all():
            raise ValueError(
                f"{name} does not fit half precision: largest value {value.abs().max().item():g}"
            )
        tensors[name] = half.contiguous()
    metadata = {
        "config": json.dumps(state["config"]),
        "samples": str(state["samples"]),
        "pixels": str(pixels),
        "input": "(sRGB - 127) / 128, sides multiples of 32; camera f / W, cx / W, cy / W, known",
    }
    save_file(tensors, path, metadata=metadata)
    size = path.stat().st_size
    if size > LIMIT_BYTES:
        path.unlink()
        raise ValueError(
            f"the weights take {size} bytes, {LIMIT_BYTES} are allowed: make the network smaller"
        )
    return size


def mixed(average: dict[str, torch.Tensor], others: Path, share: float) -> dict[str, torch.Tensor]:
    """Returns ``share`` of a run's averaged weights and the rest of those of a weights file.

    Raises:
        ValueError: The file is of another network.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"--share {share:g} is not between 0 and 1")
    theirs = load_file(others)
    mine = {name: value for name, value in average.items() if not name.endswith("num_batches_tracked")}
    if {n: v.shape for n, v in mine.items()} != {n: v.shape for n, v in theirs.items()}:
        raise ValueError(f"{others.name} is of another network")
    return {name: torch.lerp(theirs[name].float(), value.float(), share) for name, value in mine.items()}


def add_metadata(path: Path, values: dict[str, str]) -> None:
    """Adds to, or replaces in, what a weights file says of itself; its weights stay as they are."""
    with safe_open(path, framework="pt") as file:
        metadata = {**file.metadata(), **values}
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    part = path.with_name(path.name + ".part")
    save_file(tensors, part, metadata=metadata)
    part.replace(path)


def main() -> None:
    """Export."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run-dir", type=Path, default=Path("runs/preview"))
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument(
        "--pixels", type=int, default=98304, help="area of the pictures at the end of the training"
    )
    parser.add_argument("--mix", type=Path, help="weights file that the run began from")
    parser.add_argument("--share", type=float, default=0.5, help="of the run in the mean with --mix")
    args = parser.parse_args()
    state = load_checkpoint(args.run_dir / "checkpoint.pt")
    if args.mix is not None:
        state["average"] = mixed(state["average"], args.mix, args.share)
    size = write_weights(state, args.output, args.pixels)
    print(f"{args.output}: {size} bytes, {state['samples']} samples")


if __name__ == "__main__":
    main()
