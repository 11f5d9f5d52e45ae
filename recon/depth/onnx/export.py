"""Writes a depth network as an ONNX file, and checks the file against torch."""

import logging
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recon.atomic_write import staged
from recon.depth.onnx.graph_info import KEY
from recon.depth.onnx.onnx_file import prepared
from recon.errors import ModelUnavailable, to_add
from recon.journal import Journal
from recon.threads import cores

Precision = Literal["fp32", "fp16", "int8"]
_LARGEST_FILE = 1_800_000_000
"""A protobuf file holds 2 GiB at most; larger weights go into a second file."""
_LONG_S = 20.0
"""What a first run takes in addition, such as reserving memory, is little of a longer one."""
_INSTALL = f"exporting needs onnx, onnxscript and onnxruntime: {to_add('onnx')}"


@dataclass(frozen=True)
class Difference:
    """Of one output of the file from that of torch in float32."""

    output: str
    largest: float
    unit: str
    low: float
    """The smallest value of the output."""
    high: float
    """The largest value of the output."""

    @property
    def text(self) -> str:
        """For a person."""
        return f"{self.output}: {self.largest:.2g} {self.unit} (values {self.low:.3g} to {self.high:.3g})"


@dataclass(frozen=True)
class Exported:
    """What was written."""

    files: tuple[Path, ...]
    bytes: int
    width: int
    height: int
    differences: tuple[Difference, ...]
    torch_s: float
    """Processor time of torch for one picture, float32."""
    onnx_s: float
    """Processor time of onnxruntime for one picture."""


def data_file(path: Path) -> Path:
    """The second file of a network that is too large for one."""
    return path.with_name(path.name + ".data")


def export(
    name: str,
    path: Path,
    *,
    precision: Precision = "fp32",
    size: tuple[int, int] | int | None = None,
    offline: bool = False,
    overwrite: bool = False,
    journal: Journal | None = None,
) -> Exported:
    """Exports a model, and runs the file once on a test picture.

    Args:
        name: See ``graph_of``.
        path: ``.onnx``; weights of over 1.8 GB go into a second file, ``.onnx.data``.
        precision: fp16: half the size; int8: the weights of linear layers in 8 bits.
        size: See ``graph_of``.
        offline: Download no weights.
        overwrite: Whether existing files may be replaced.
        journal: Receives the progress.

    Raises:
        ModelUnavailable: The model cannot be exported, its weights cannot be had, or a library is missing.
        ExportError: The file cannot be written.
    """
    journal = journal or Journal()
    _check_libraries()
    import torch

    from recon.depth.onnx.graphs import graph_of

    graph = graph_of(name, size, offline=offline, journal=journal)
    info = replace(graph.info, precision=precision)
    sizes = [(info.width, info.height), *([graph.larger] if graph.larger else [])]
    pictures = [prepared(_test_picture(*size), info, size) for size in sizes]
    feeds = dict(zip(graph.inputs, (*pictures, *graph.others), strict=True))
    with journal.stage(f"Running {name} in torch"), torch.inference_mode():
        start = time.process_time()
        expected = [each.numpy() for each in graph.net(*map(torch.from_numpy, feeds.values()))]
        torch_s = time.process_time() - start
    large = precision == "fp32" and _bytes_of(graph.net) > _LARGEST_FILE
    sidecars = (data_file(path),) if large else ()
    with staged(path, sidecars, overwrite=overwrite) as temporary:
        with journal.stage(f"Exporting {name}"), TemporaryDirectory(dir=temporary.parent) as scratch:
            _write(graph, feeds, Path(scratch) / path.name, temporary, precision, large=large)
        _describe(temporary, info.as_text())
        with journal.stage("Checking the file with onnxruntime"):
            got, onnx_s = _run(temporary, feeds)
    differences = tuple(
        Difference(output, float(np.abs(a - b).max()), unit, float(b.min()), float(b.max()))
        for output, unit, a, b in zip(graph.outputs, graph.units, got, expected, strict=True)
    )
    files = (path, *sidecars)
    written = sum(each.stat().st_size for each in files)
    return Exported(files, written, info.width, info.height, differences, torch_s, onnx_s)


def _check_libraries() -> None:
    try:
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ModelUnavailable(_INSTALL) from error
    del onnx, onnxruntime


def _test_picture(width: int, height: int) -> NDArray[np.uint8]:
    """Soft waves and a few edges, (H, W, 3): smooth parts and outlines, as in a photo."""
    y, x = np.mgrid[:height, :width] / max(width, height)
    waves = np.stack([np.sin(9 * x) * np.cos(7 * y), np.sin(5 * x + 8 * y), np.cos(11 * x - 4 * y)], axis=-1)
    waves[(np.abs(x - 0.5) < 0.15) & (np.abs(y - 0.4) < 0.2)] *= -0.8
    return (127 + 100 * waves).astype(np.uint8)


def _bytes_of(net: Any) -> int:
    return sum(4 * each.numel() for each in net.parameters())


def _write(
    graph: Any,
    feeds: dict[str, NDArray[np.float32]],
    scratch: Path,
    target: Path,
    precision: Precision,
    *,
    large: bool,
) -> None:
    """Traces the network and writes it in a number format; other formats go through a file in float32."""
    import torch

    first = target if precision == "fp32" else scratch
    with quiet():
        program = torch.onnx.export(
            graph.net,
            tuple(map(torch.from_numpy, feeds.values())),
            dynamo=True,
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            verbose=False,
        )
        assert program is not None
        program.save(str(first), external_data=large or _bytes_of(graph.net) > _LARGEST_FILE)
        if precision == "fp16":
            _in_half_precision(first, target)
        elif precision == "int8":
            _in_8_bits(first, target)


def _in_half_precision(source: Path, target: Path) -> None:
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    # By name, not loaded: a message of protobuf holds 2 GiB at most, and the float32 of Depth Pro is larger.
    model = convert_float_to_float16(str(source), keep_io_types=True)
    onnx.save(model, str(target))


def _in_8_bits(source: Path, target: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        str(source),
        str(target),
        per_channel=True,
        weight_type=QuantType.QInt8,
        # Convolutions in 8 bits are slow in onnxruntime, and cost more accuracy.
        op_types_to_quantize=["MatMul", "Gemm"],
    )


def _describe(path: Path, text: str) -> None:
    """Adds the description to the file's metadata, and removes what torch notes: its calls, with local folders."""
    import onnx

    model = onnx.load(str(path), load_external_data=False)
    parts = (model.graph.node, model.graph.value_info, model.graph.input, model.graph.output)
    for noted in (model.graph, *(one for part in parts for one in part)):
        del noted.metadata_props[:]
        noted.doc_string = ""
    entry = model.metadata_props.add()
    entry.key, entry.value = KEY, text
    path.write_bytes(model.SerializeToString())


def _run(path: Path, feeds: dict[str, NDArray[np.float32]]) -> tuple[list[NDArray[np.float32]], float]:
    """The outputs of the file, and the processor time of the second run, or of the first if it is long."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    for _ in range(2):
        start = time.process_time()
        got = session.run(None, feeds)
        took_s = time.process_time() - start
        if took_s > _LONG_S:
            break
    return [np.asarray(each, np.float32) for each in got], took_s


@contextmanager
def quiet() -> Iterator[None]:
    """Silences what torch, onnxruntime and coremltools log about operators of other libraries."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
