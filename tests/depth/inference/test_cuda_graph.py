"""A recorded network returns the same as the network itself; recorded here with a fake of CUDA graphs."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import torch

from recon.depth.estimator import RunOptions
from recon.depth.inference import cuda_graph
from recon.depth.inference.cuda_graph import RECORD_AT, Recording
from recon.depth.inference.placement import Placement, run_where_it_fits
from recon.journal import Journal


class Outputs(NamedTuple):
    depth: torch.Tensor
    fov: torch.Tensor | None


class Net(torch.nn.Module):
    """Counts its calls; its result depends on its input and on a switch."""

    def __init__(self) -> None:
        super().__init__()
        self.calls, self.reports, self.factor = 0, 0, 2.0

    def forward(self, pixels: torch.Tensor, progress: Callable[[], None] | None = None) -> Outputs:
        self.calls += 1
        if progress is not None:
            progress()
        return Outputs(self.factor * pixels.sum(dim=1), None)

    def report(self) -> None:
        self.reports += 1


def recorded(work: Callable[[], Any]) -> tuple[Callable[[], None], Any]:
    """Like a graph: one result, which every replay fills anew from the input's memory, without Python's state."""
    net_state = work()

    def again() -> None:
        for old, new in zip(net_state, work(), strict=True):
            if old is not None:
                old.copy_(new)

    return again, net_state


def refused(work: Callable[[], Any]) -> tuple[Callable[[], None], Any]:
    raise RuntimeError("CUDA error: operation not permitted when stream is capturing")


def picture(k: int, size: int = 4) -> torch.Tensor:
    return torch.full((1, 3, size, size), float(k))


def test_every_picture_gets_its_own_result() -> None:
    net, recording = Net(), Recording(recorded)
    result = [recording.run(net, picture(k), (net.report,), None) for k in range(8)]
    assert all(torch.equal(each.depth, torch.full((1, 4, 4), 6.0 * k)) for k, each in enumerate(result))
    assert all(isinstance(each, Outputs) and each.fov is None for each in result)
    assert net.reports == RECORD_AT - 1, "a replay cannot report its progress"


def test_another_size_or_variant_is_recorded_anew() -> None:
    net, recording = Net(), Recording(recorded)
    for k in range(5):
        recording.run(net, picture(k), (), "plain")
    other = recording.run(net, picture(1, size=6), (), "plain")
    assert other.depth.shape == (1, 6, 6)
    net.factor = 10.0
    for _ in range(5):
        assert float(recording.run(net, picture(1), (), "other").depth[0, 0, 0]) == 30.0


def test_what_cannot_be_recorded_runs_as_it_is() -> None:
    net, recording = Net(), Recording(refused)
    result = [recording.run(net, picture(k), (net.report,), None) for k in range(6)]
    assert [float(each.depth[0, 0, 0]) for each in result] == [0, 6, 12, 18, 24, 30]
    assert net.calls == net.reports == 6


def test_memory_that_runs_out_costs_the_graph_first(monkeypatch: pytest.MonkeyPatch) -> None:
    net, recording = Net(), Recording(recorded)
    monkeypatch.setitem(cuda_graph._RECORDINGS, net, recording)
    for k in range(5):
        recording.run(net, picture(k), (), None)
    tries: list[Placement] = []

    def work(placement: Placement) -> float:
        tries.append(placement)
        if len(tries) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return float(recording.run(net, picture(7), (net.report,), None).depth[0, 0, 0])

    gpu = Placement("cuda", "fp16")
    assert run_where_it_fits(gpu, RunOptions(), Journal(), work) == (gpu, 42.0)
    assert tries == [gpu, gpu] and net.reports == 1 and not cuda_graph.forget()


def test_on_a_cpu_nothing_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_graph, "cuda_graph", refused)
    net = Net()
    for k in range(5):
        assert float(cuda_graph.run(net, picture(k), net.report).depth[0, 0, 0]) == 6.0 * k
    assert net.calls == net.reports == 5
