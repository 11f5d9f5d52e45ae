"""A network that is running ends when its journal says so, between two operations."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from recon.depth.estimator import RunOptions
from recon.depth.inference.loaded_model import Network
from recon.journal import Journal


class Stopped(BaseException):
    """As a cancelled job."""


class Switch(Journal):
    """Stops what checks it once it is off."""

    off = False

    def check(self) -> None:
        if self.off:
            raise Stopped


class Counting(torch.nn.Module):
    """Ten layers; the journal is switched off in one of them."""

    def __init__(self, journal: Any, off_in: int) -> None:
        super().__init__()
        self.journal, self.off_in, self.ran = journal, off_in, 0
        self.weight = torch.nn.Parameter(torch.ones(2, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in range(10):
            # As the blocks of our encoders, which are no modules.
            x = torch.nn.functional.linear(x, self.weight)
            self.ran += 1
            self.journal.off = layer == self.off_in
        return x


def network(model: torch.nn.Module, monkeypatch) -> Network:
    one = Network("fake", None, RunOptions(device="cpu"), load=lambda snapshot: model, keep_fp32=())
    monkeypatch.setattr(one, "snapshot", lambda journal: SimpleNamespace(revision=None, folder="fake"))
    return one


@pytest.mark.parametrize("silent", [False, True])
def test_a_network_stops_after_the_operation_that_was_running(monkeypatch, silent) -> None:
    journal = Switch()
    model = Counting(journal, off_in=3)
    used = journal.silent() if silent else journal
    with pytest.raises(Stopped):
        network(model, monkeypatch).run(lambda net, _: net(torch.ones(1, 2)), used)
    assert model.ran == 4


def test_a_journal_without_a_check_changes_nothing(monkeypatch) -> None:
    model = Counting(SimpleNamespace(off=False), off_in=3)
    result = network(model, monkeypatch).run(lambda net, _: net(torch.ones(1, 2)), Journal())
    assert model.ran == 10 and float(result[0, 0]) == 2**10
    assert not torch.overrides._get_current_function_mode_stack(), "and no check is left behind"


def test_a_silent_journal_has_a_check_only_if_its_own_has_one() -> None:
    assert type(Journal().silent()).check is Journal.check
    switch = Switch()
    switch.off = True
    with pytest.raises(Stopped):
        switch.silent().silent().check()
