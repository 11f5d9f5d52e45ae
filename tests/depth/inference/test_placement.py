"""Which device and number format are chosen, and what follows when memory runs out: no GPU needed."""

from typing import Any

import pytest
import torch

from recon.depth.estimator import RunOptions
from recon.depth.inference import placement
from recon.depth.inference.placement import Placement, first_placement, next_placement, run_where_it_fits
from recon.errors import ModelUnavailable

from ..conftest import KeepingJournal


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Pretends which devices are there, and whether the CPU computes in half precision."""

    def pretend(*devices: str, half_cpu: bool = False) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in devices)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in devices)
        for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported", "_is_amx_fp16_supported"):
            monkeypatch.setattr(torch.cpu, name, lambda: half_cpu, raising=False)
        monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)

    return pretend


@pytest.mark.parametrize(
    ("devices", "run", "expected"),
    [
        ((), RunOptions(), Placement("cpu", "fp32")),
        (("cuda",), RunOptions(), Placement("cuda", "fp16")),
        (("mps",), RunOptions(), Placement("mps", "fp16")),
        (("cuda", "mps"), RunOptions(), Placement("cuda", "fp16")),
        (("cuda",), RunOptions(device="cpu"), Placement("cpu", "fp32")),
        (("cuda",), RunOptions(precision="fp32"), Placement("cuda", "fp32")),
        (("cuda",), RunOptions(precision="bf16"), Placement("cuda", "bf16")),
    ],
)
def test_what_is_chosen(machine: Any, devices: tuple[str, ...], run: RunOptions, expected: Placement) -> None:
    machine(*devices)
    assert first_placement(run) == expected


def test_a_device_that_is_not_there_is_refused(machine: Any) -> None:
    machine()
    for run in (RunOptions(device="cuda"), RunOptions(device="mps")):
        with pytest.raises(ModelUnavailable, match=f"--device {run.device}.*does not find this device"):
            first_placement(run)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_on_a_cpu_needs_its_instructions(machine: Any, precision: Any) -> None:
    machine(half_cpu=False)
    with pytest.raises(ModelUnavailable, match=f"--precision {precision}.*Omit --precision"):
        first_placement(RunOptions(precision=precision))
    machine(half_cpu=True)
    assert first_placement(RunOptions(precision=precision)) == Placement("cpu", precision)
    # Only where it is asked for: auto stays with what is safe.
    assert first_placement(RunOptions()) == Placement("cpu", "fp32")


@pytest.mark.parametrize(
    ("failed", "run", "expected"),
    [
        (Placement("cuda", "fp16"), RunOptions(), Placement("cpu", "fp32")),
        (Placement("cuda", "fp32"), RunOptions(), Placement("cuda", "fp16")),
        (Placement("cuda", "fp32"), RunOptions(precision="fp32"), Placement("cpu", "fp32")),
        (Placement("cuda", "fp16"), RunOptions(device="cuda"), None),
        (Placement("cuda", "bf16"), RunOptions(precision="bf16"), None),
        (Placement("cpu", "fp32"), RunOptions(), None),
    ],
)
def test_what_follows_when_memory_runs_out(
    failed: Placement, run: RunOptions, expected: Placement | None
) -> None:
    assert next_placement(failed, run) == expected


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
)
def test_a_full_gpu_falls_back_with_a_warning(
    machine: Any, journal: KeepingJournal, error: Exception
) -> None:
    machine("cuda")
    tried: list[Placement] = []

    def work(placement: Placement) -> str:
        tried.append(placement)
        if placement.device == "cuda":
            raise error
        return "done"

    run = RunOptions()
    assert run_where_it_fits(first_placement(run), run, journal, work) == (Placement("cpu", "fp32"), "done")
    assert tried == [Placement("cuda", "fp16"), Placement("cpu", "fp32")]
    (warning,) = journal.warnings()
    assert "cuda in fp16" in warning and "cpu in fp32" in warning


def test_what_was_asked_for_by_name_is_not_replaced(machine: Any, journal: KeepingJournal) -> None:
    machine("cuda")

    def work(placement: Placement) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    for run, advice in (
        (RunOptions(device="cuda", precision="fp32"), "--precision fp16 or --device cpu"),
        (RunOptions(device="cuda"), "use --device cpu"),
        (RunOptions(device="cpu"), "smaller"),
    ):
        with pytest.raises(ModelUnavailable, match=advice):
            run_where_it_fits(first_placement(run), run, journal, work)
    assert not journal.warnings()


def test_other_errors_pass(machine: Any, journal: KeepingJournal) -> None:
    machine("cuda")

    def work(placement: Placement) -> None:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        run_where_it_fits(Placement("cuda", "fp16"), RunOptions(), journal, work)


def test_the_parts_kept_in_float32_cast_what_they_get() -> None:
    model = torch.nn.Module()
    model.body, model.head = torch.nn.Linear(3, 3), torch.nn.Linear(3, 1)
    placement.place(model, Placement("cpu", "bf16"), keep_fp32=("head",))
    middle = model.body(torch.ones(1, 3, dtype=torch.bfloat16))
    assert middle.dtype == torch.bfloat16
    assert model.head(middle).dtype == model.head(input=middle).dtype == torch.float32
    nested = placement._cast(
        ([middle, (middle,)], {"n": 7, "ids": torch.ones(2, dtype=torch.int64)}), torch.float32
    )
    assert nested[0][0].dtype == nested[0][1][0].dtype == torch.float32
    assert nested[1]["n"] == 7 and nested[1]["ids"].dtype == torch.int64
