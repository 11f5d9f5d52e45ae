"""The output of transformers' own image processor; run by test_depth_pro.py in a separate process.

    python transformers_input.py FOLDER SIDE

Reads (H, W, 3) uint8 from ``FOLDER/rgb.npy`` and writes (1, 3, SIDE, SIDE) float32 to ``FOLDER/pixels.npy``. The
processor needs torchvision, whose compiled operators load only with the build of torch that they were made for. The
processor uses none of them; torchvision's import asks only for two of their names.
"""

import sys
from pathlib import Path

import numpy as np
import torch

_NAMES = torch.library.Library("torchvision", "FRAGMENT")


def main(folder: Path, side: int) -> None:
    try:
        import torchvision  # type: ignore[import-untyped]  # noqa: F401
    except RuntimeError:
        for name in ("nms", "qnms"):
            _NAMES.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    from transformers import DepthProImageProcessor

    processor = DepthProImageProcessor(size={"height": side, "width": side})
    made = processor(np.load(folder / "rgb.npy"), return_tensors="pt")["pixel_values"]
    np.save(folder / "pixels.npy", made.numpy())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
