"""Where a network runs and in which number format, and what happens when it does not fit there."""

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
    """A device and the number format of the network on it."""

    device: Literal["cpu", "cuda", "mps"]
    precision: Literal["fp32", "bf16", "fp16", "int8"]

    @property
    def dtype(self) -> "torch.dtype":
        """The format of what goes in, as torch names it; ``int8`` is one of the encoder's weights only."""
        import torch

        return {"bf16": torch.bfloat16, "fp16": torch.float16}.get(self.precision, torch.float32)

    def __str__(self) -> str:
        return f"{self.device} in {self.precision}"


def first_placement(run: RunOptions) -> Placement:
    """What the options ask for; ``auto`` is a GPU in fp16 where there is one, else the CPU in fp32.

    Raises:
        ModelUnavailable: The device is not there, the format would crawl on this CPU, or is none of the device.
    """
    import torch

    there: dict[Literal["cuda", "mps", "cpu"], bool] = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if run.device != "auto" and not there[run.device]:
        raise ModelUnavailable(
            f"--device {run.device}: torch finds no such device on this machine. Leave --device out, or install "
            "the build of torch that supports it."
        )
    device = (
        run.device if run.device != "auto" else next(name for name, is_there in there.items() if is_there)
    )
    if run.precision == "auto":
        return Placement(device, "fp32" if device == "cpu" else "fp16")
    if run.precision == "int8":
        if device != "cpu":
            raise ModelUnavailable(
                f"--precision int8 runs on the CPU only, and this would be {device}: add --device cpu."
            )
        return Placement("cpu", "int8")
    if device == "cpu" and run.precision != "fp32" and not _cpu_computes_in(run.precision):
        raise ModelUnavailable(
            f"--precision {run.precision}: this CPU has no instructions for it and would be about 10 times slower "
            "than with fp32. Leave --precision out."
        )
    return Placement(device, run.precision)


def next_placement(failed: Placement, run: RunOptions) -> Placement | None:
    """Where to try again after the memory of a GPU did not suffice: fp16 there, then the CPU.

    What the user asked for by name is not replaced: None then, and where nothing is left.
    """
    if failed.device == "cpu":
        return None
    if failed.precision == "fp32" and run.precision == "auto":
        return Placement(failed.device, "fp16")
    return Placement("cpu", "fp32") if run.device == "auto" and run.precision in ("auto", "fp32") else None


def run_where_it_fits(
    start: Placement, run: RunOptions, journal: Journal, work: Callable[[Placement], Result]
) -> tuple[Placement, Result]:
    """Calls ``work`` with a placement, and again with the next one when memory does not suffice.

    Returns:
        The placement that did, and what ``work`` returned.

    Raises:
        ModelUnavailable: Nowhere left to try.
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
        # Outside of the handler: the error's traceback holds what fills the memory.
        free_memory()
        if without_graph:
            continue
        journal.warn(
            "model", f"Out of memory on {placement}; trying again on {following}, which takes longer."
        )
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
    """Gives back what torch keeps for later on a GPU."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def place(model: Any, placement: Placement, keep_fp32: tuple[str, ...]) -> Any:
    """Moves a float32 network to its device and format, in place; some parts stay in float32.

    Heads stay: half precision quantises depth (a 5 % ramp over 1536 px keeps 50 distinct values in fp16), and
    a cloud made of it shows terraces.

    Args:
        model: A network whose input is cast by the caller.
        placement: Where to.
        keep_fp32: Names of the model's children that compute in float32, whatever they are given.
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

    # Private names of torch, the only ones that tell; where one is gone the answer is no.
    checks = {
        "bf16": ("_is_avx512_bf16_supported", "_is_amx_tile_supported"),
        "fp16": ("_is_amx_fp16_supported",),
    }
    return any(getattr(torch.cpu, name, bool)() for name in checks[precision])


def _too_large(placement: Placement) -> str:
    if placement.device == "cpu":
        return "The memory of this machine does not suffice for the model. Close programs, or take a smaller one."
    cheaper = "" if placement.precision == "fp16" else "--precision fp16 or "
    return f"The memory of {placement.device} does not suffice for the model. Set {cheaper}--device cpu."
