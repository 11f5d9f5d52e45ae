"""Depth networks as ONNX files, at full size with random weights (preview: its own): size, difference, time.

    python -m tools.bench.onnx                        # preview and DAv2 small, in each number format
    python -m tools.bench.onnx --only depthpro --precision fp32   # 14 GB and minutes

Time is processor time of one picture, all cores together, of transformers' network (recon's own for preview) in
float32 and of onnxruntime. Random weights amplify rounding less or more than released ones.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from recon.depth.onnx.export import Exported, export
from tools.bench.network import make

FORMATS: tuple[Any, ...] = ("fp32", "fp16", "int8")


def row(name: str, precision: str, done: Exported) -> str:
    """One line of the table."""
    first = done.differences[0]
    largest = first.largest / max(abs(first.low), abs(first.high))
    cells = (
        f"{name}, {done.width}x{done.height}",
        precision,
        f"{done.bytes / 1e6:.1f} MB",
        f"{largest:.1e}",
        f"{done.onnx_s:.2f} s",
        f"{done.torch_s:.2f} s",
    )
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", nargs="+", choices=("preview", "dav2", "depthpro"), default=["preview", "dav2"]
    )
    parser.add_argument("--precision", nargs="+", choices=FORMATS, default=FORMATS)
    given = parser.parse_args()
    print("| network | format | file | largest difference / largest value | onnxruntime | torch, fp32 |")
    print("| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as scratch:
        for model in given.only:
            name = model
            if model != "preview":
                folder = Path(scratch) / model
                make(folder, model)
                name = f"hf:{folder}"
            for precision in given.precision:
                path = Path(scratch) / "x.onnx"
                done = export(name, path, precision=precision, overwrite=True)
                print(row(model, precision, done), flush=True)


if __name__ == "__main__":
    main()
