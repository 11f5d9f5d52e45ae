"""Write the averaged weights for shipping: safetensors, half precision, with what a reader needs to know.

  python -m tools.preview.export --run-dir runs/preview -o preview.safetensors

The metadata hold the network's sizes, the samples seen and the input's rule. The file is refused where it
would exceed the 12 MB that the package has room for.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from recon.depth.nets.preview import NetworkConfig, PreviewNet
from tools.preview.checkpoint import load_checkpoint
from tools.preview.evaluate import last_pixels
from tools.preview.trainer import Trainer

LIMIT_BYTES = 12_000_000
_INPUT = "(sRGB / 255 - 0.5) / 0.25, sides multiples of 16; maps at half the size: log(f / (W z)), sky logit"


def write_weights(net: PreviewNet, path: Path, samples: int, pixels: int) -> int:
    """Write the weights in half precision; returns the size in bytes. Raises ValueError above the limit."""
    tensors = {}
    for name, value in net.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        half = value.half()
        if not torch.isfinite(half).all():
            raise ValueError(
                f"{name} does not fit half precision: largest value {value.abs().max().item():g}"
            )
        tensors[name] = half.contiguous()
    metadata = {
        "config": json.dumps(net.config.as_dict()),
        "samples": str(samples),
        "pixels": str(pixels),
        "input": _INPUT,
    }
    save_file(tensors, path, metadata=metadata)
    size = path.stat().st_size
    if size > LIMIT_BYTES:
        path.unlink()
        raise ValueError(
            f"the weights take {size} bytes, {LIMIT_BYTES} are allowed: make the network smaller"
        )
    return size


def main() -> None:
    """Export."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run-dir", type=Path, default=Path("runs/preview"))
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    trainer = Trainer(NetworkConfig(), rate=1e-3, seed=0)
    trainer.load_state(load_checkpoint(args.run_dir / "checkpoint.pt"))
    size = write_weights(trainer.averaged(), args.output, trainer.samples, last_pixels(args.run_dir))
    print(f"{args.output}: {size} bytes, {trainer.samples} samples")


if __name__ == "__main__":
    main()
