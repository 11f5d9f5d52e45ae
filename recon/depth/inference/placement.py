"""Chooses device and precision of a network, with fallbacks if memory runs out."""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from recon.depth.estimator import RunOptions
from recon.depth.inference import cuda_graph
from recon.errors import ModelUnavailable
from recon.journal import Journal

if TYPE_CHECKING:
    import torch

Result = TypeVar("Result")


@dataclass(frozen=True)
class Placement:
    """A device and a number format."""

    device: Literal["cpu", "cuda", "mps"]
    precision: Literal["fp32", "bf16", "fp16", "int8"]

    @property
    def dtype(self) -> "torch.dtype":
        """The torch dtype of the input; ``int8`` applies only to the encoder's weights."""
        import torch

        return {"bf16": torch.bfloat16, "fp16": torch.float16}.get(self.precision, torch.float32)

    def __str__(self) -> str:
        return f"{self.device} in {self.precision}"


def first_placement(run: RunOptions) -> Placement:
    """The placement for the options; ``auto`` is a GPU in fp16 if present, else the CPU in fp32.

    Raises:
        ModelUnavailable: The device does not exist, or does not support the format (or only very slowly).
    """
    import torch

    there: dict[Literal["cuda", "mps", "cpu"], bool] = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if run.device != "auto" and not there[run.device]:
        raise ModelUnavailable(
            f"--device {run.device}: torch does not find this device. Omit --device, or install a build of torch "
            "that supports it."
        )
    device = (
        run.device if run.device != "auto" else next(name for name, is_there in there.items() if is_there)
    )
    if run.precision == "auto":
        return Placement(device, "fp32" if device == "cpu" else "fp16")
    if run.precision == "int8":
        if device != "cpu":
            raise ModelUnavailable(
                f"--precision int8 is supported on the CPU only, but the device is {device}: add --device cpu."
            )
        return Placement("cpu", "int8")
    if device == "cpu" and run.precision != "fp32" and not _cpu_computes_in(run.precision):
        raise ModelUnavailable(
            f"--precision {run.precision}: this CPU has no instructions for it and would be about 10 times slower "
            "than with fp32. Omit --precision."
        )
    return Placement(device, run.precision)


def next_placement(failed: Placement, run: RunOptions) -> Placement | None:
    """The next placement to try after a GPU ran out of memory: fp16, then the CPU.

    Explicit choices of the user are kept; returns None if no placement is left.
    """
    if failed.device == "cpu":
        return None
    if failed.precision == "fp32" and run.precision == "auto":
        return Placement(failed.device, "fp16")
    return Placement("cpu", "fp32") if run.device == "auto" and run.precision in ("auto", "fp32") else None


def run_where_it_fits(
    start: Placement, run: RunOptions, journal: Journal, work: Callable[[Placement], Result]
) -> tuple[Placement, Result]:
    """Calls ``work`` with a placement, and again with the next one if memory runs out.

    Returns:
        The placement that worked, and the result of ``work``.

    Raises:
        ModelUnavailable: No placement is left to try.
    """
    placement = start
    while True:
        try:
            return placement, work(placement)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            without_graph = cuda_graph.forget()
            following = placement if without_graph else next_placement(placement, run)
            if following is None:
                raise ModelUnavailable(_too_large(placement)) from error
        # Outside the handler: the traceback keeps references to the memory.
        free_memory()
        if without_graph:
            continue
        journal.warn("model", f"Out of memory on {placement}; falling back to {following}, which is slower.")
        placement = following


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out, on the CPU or a GPU."""
    import torch

    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    # MPS and the CPU's allocator raise a plain RuntimeError.
    text = str(error)
    return isinstance(error, RuntimeError) and ("out of memory" in text or "can't allocate memory" in text)


def free_memory() -> None:
    """Releases GPU memory cached by torch."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def place(model: Any, placement: Placement, keep_fp32: tuple[str, ...]) -> Any:
    """Moves a float32 network to its device and format in place; some parts stay in float32.

    Heads stay in float32: half precision quantises depth (a 5 % ramp over 1536 px has only 50 distinct values in
    fp16), which shows as terraces in the point cloud.

    Args:
        model: A network whose input is cast by the caller.
        placement: Device and format.
        keep_fp32: Names of submodules that compute in float32 for any input.
    """
    import torch

    if placement.precision == "int8":
        for module in model.modules():
            if hasattr(module, "int8"):
                module.int8 = True
    for name, child in model.named_children() if placement.dtype != torch.float32 else ():
        if name in keep_fp32:
            child.register_forward_pre_hook(
                lambda module, args, kwargs: _cast((args, kwargs), torch.float32), with_kwargs=True
            )
        else:
            child.to(placement.dtype)
    return model.to(placement.device)


def _cast(value: Any, dtype: "torch.dtype") -> Any:
    import torch

    if isinstance(value, torch.Tensor):
        return value.to(dtype) if value.is_floating_point() else value
    if isinstance(value, (list, tuple)):
        return type(value)(_cast(each, dtype) for each in value)
    if isinstance(value, dict):
        return {key: _cast(each, dtype) for key, each in value.items()}
    return value


def _cpu_computes_in(precision: str) -> bool:
    import torch

    # These checks are private in torch, but there are no public ones. A missing check means no.
    checks = {
        "bf16": ("_is_avx512_bf16_supported", "_is_amx_tile_supported"),
        "fp16": ("_is_amx_fp16_supported",),
    }
    return any(getattr(torch.cpu, name, bool)() for name in checks[precision])


def _too_large(placement: Placement) -> str:
    if placement.device == "cpu":
        return "Out of memory: close other programs, or use a smaller model."
    cheaper = "" if placement.precision == "fp16" else "--precision fp16 or "
    return f"Out of memory on {placement.device}: use {cheaper}--device cpu."
