"""Writes a depth network as a Core ML package (``.mlpackage``), for programs of macOS and iOS.

Core ML runs on Apple's systems alone: the package is converted anywhere, and run nowhere here.
"""

import io
from contextlib import redirect_stderr
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from recon.atomic_write import staged
from recon.depth.onnx.export import quiet
from recon.depth.onnx.graph_info import KEY
from recon.errors import ModelUnavailable, to_add
from recon.journal import Journal

SUFFIX = ".mlpackage"
CoreMlPrecision = Literal["fp32", "fp16"]
_DATA = "Data/com.apple.CoreML"
_FILES = ("Manifest.json", f"{_DATA}/model.mlmodel", f"{_DATA}/weights/weight.bin")


@dataclass(frozen=True)
class Package:
    """What was written."""

    files: tuple[Path, ...]
    bytes: int
    width: int
    """Of the input, px."""
    height: int


def files_of(path: Path) -> tuple[Path, ...]:
    """The package's folder and the files in it."""
    return (path, *(path / name for name in _FILES))


def export_package(
    name: str,
    path: Path,
    *,
    precision: str = "fp32",
    size: tuple[int, int] | int | None = None,
    offline: bool = False,
    overwrite: bool = False,
    journal: Journal | None = None,
) -> Package:
    """Converts a model; inputs, outputs and the description are those of the ONNX file.

    Args:
        name: See ``graph_of``.
        path: ``.mlpackage``, a folder.
        precision: fp32, or fp16 for weights and computation in half precision.
        size: See ``graph_of``.
        offline: Download no weights.
        overwrite: Whether an existing package may be replaced.
        journal: Receives the progress.

    Raises:
        ModelUnavailable: The model cannot be exported or converted, its weights cannot be had, or coremltools is
            missing.
        ExportError: The package cannot be written.
    """
    journal = journal or Journal()
    if precision not in get_args(CoreMlPrecision):
        raise ModelUnavailable(
            f"a Core ML package is written with --precision fp32 or fp16, not {precision}."
        )
    _check_library()
    from recon.depth.onnx.graphs import graph_of

    graph = graph_of(name, size, offline=offline, journal=journal)
    info = replace(graph.info, precision=precision)  # type: ignore[arg-type]
    files = files_of(path)
    with staged(path, files[1:], overwrite=overwrite) as temporary:
        with journal.stage(f"Converting {name} for Core ML"):
            model = _converted(graph, name, precision)
        model.user_defined_metadata[KEY] = info.as_text()
        model.save(str(temporary))
        # What coremltools notes for debugging, and no part of the package.
        (temporary / "executorch_debug_handle_mapping.json").unlink(missing_ok=True)
    return Package(files[1:], sum(each.stat().st_size for each in files[1:]), info.width, info.height)


def _check_library() -> None:
    try:
        with quiet():
            import coremltools  # noqa: F401
    except ImportError as error:
        raise ModelUnavailable(f"a Core ML package needs coremltools: {to_add('coreml')}") from error


def _converted(graph: Any, name: str, precision: str) -> Any:
    """The converted network, not written yet."""
    import coremltools
    import numpy as np
    import torch

    larger = [] if graph.larger is None else [graph.larger]
    sizes = [(graph.info.width, graph.info.height), *larger]
    pictures = [np.zeros((1, 3, height, width), np.float32) for width, height in sizes]
    feeds = dict(zip(graph.inputs, (*pictures, *graph.others), strict=True))
    tensors = tuple(map(torch.from_numpy, feeds.values()))
    try:
        with quiet(), redirect_stderr(io.StringIO()):
            program = torch.export.export(graph.net, tensors).run_decompositions({})
            return coremltools.convert(
                program,
                inputs=[coremltools.TensorType(name=key, shape=value.shape) for key, value in feeds.items()],
                outputs=[coremltools.TensorType(name=each) for each in graph.outputs],
                compute_precision=getattr(
                    coremltools.precision, {"fp32": "FLOAT32", "fp16": "FLOAT16"}[precision]
                ),
                minimum_deployment_target=coremltools.target.iOS16,
                skip_model_load=True,
            )
    except Exception as error:
        # Its errors are of any type: each version of torch has operators that it does not know yet.
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise ModelUnavailable(
            f"coremltools {coremltools.__version__} cannot convert {name} from torch {torch.__version__}: {first}"
        ) from error
