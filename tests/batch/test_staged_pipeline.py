"""Three stages at once, in order, with bounded memory."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from recon.batch.staged_pipeline import overlapped


def test_outcomes_are_in_order_whatever_the_stages_take() -> None:
    def finish(item: int, value: int) -> int:
        time.sleep(0.02 if item % 3 == 0 else 0)
        return value + 1

    result = list(overlapped(range(20), lambda k: 2 * k, lambda k, loaded: 10 * loaded, finish, finishing=3))
    assert [outcome.item for outcome in result] == list(range(20))
    assert [outcome.value for outcome in result] == [20 * k + 1 for k in range(20)]


@pytest.mark.parametrize("stage", ["load", "estimate", "finish"])
def test_what_fails_stops_nothing_else(stage: str) -> None:
    def at(name: str, item: int) -> int:
        if name == stage and item in (0, 3, 4, 9):
            raise OSError(f"{name} {item}")
        return item

    result = list(
        overlapped(
            range(10),
            lambda k: at("load", k),
            lambda k, _: at("estimate", k),
            lambda k, _: at("finish", k),
        )
    )
    assert [outcome.item for outcome in result] == list(range(10))
    failed = {outcome.item: str(outcome.error) for outcome in result if outcome.error}
    assert failed == {k: f"{stage} {k}" for k in (0, 3, 4, 9)}


def test_few_are_in_the_works_at_any_time() -> None:
    alive, most, lock = 0, 0, threading.Lock()

    def count(change: int) -> None:
        nonlocal alive, most
        with lock:
            alive += change
            most = max(most, alive)

    def load(item: int) -> int:
        count(1)
        return item

    def finish(item: int, value: int) -> None:
        time.sleep(0.005)
        count(-1)

    done = sum(
        1 for _ in overlapped(range(100), load, lambda k, loaded: loaded, finish, ahead=1, finishing=2)
    )
    # Loaded and waiting: 1 in the queue, 1 in the loader's hand; 1 estimated; 2 finishing, 1 waiting for it.
    assert done == 100 and 3 <= most <= 6


def test_a_slow_one_does_not_let_the_others_pile_up() -> None:
    loaded: list[int] = []
    at_end: list[int] = []

    def finish(item: int, value: int) -> None:
        if item == 0:
            time.sleep(0.3)
            at_end.extend(loaded)

    outcomes = overlapped(
        range(100), lambda k: loaded.append(k), lambda k, _: k, finish, ahead=1, finishing=2
    )
    assert sum(1 for _ in outcomes) == 100 and 3 <= len(at_end) <= 8


def test_the_stages_run_at_once() -> None:
    met = threading.Barrier(
        3
    )  # one loads, one estimates, one finishes: nobody passes before all three are there

    def meet(stage: int, item: int) -> None:
        if 2 <= item + stage <= 4:  # while the line is full
            met.wait(timeout=30)

    done = overlapped(
        range(5),
        lambda k: meet(0, k),
        lambda k, _: meet(1, k),
        lambda k, _: meet(2, k),
        ahead=1,
        finishing=1,
    )
    assert [outcome.error for outcome in done] == [None] * 5


def test_the_estimates_run_in_the_callers_thread() -> None:
    threads = {stage: set() for stage in ("load", "estimate", "finish")}  # type: dict[str, set[threading.Thread]]

    def at(stage: str) -> None:
        threads[stage].add(threading.current_thread())

    list(
        overlapped(
            range(3),
            lambda k: at("load"),
            lambda k, _: at("estimate"),
            lambda k, _: at("finish"),
            finishing=1,
        )
    )
    assert threads["estimate"] == {threading.main_thread()}
    assert threading.main_thread() not in threads["load"] | threads["finish"]


def test_items_are_taken_as_they_are_needed_and_what_the_iterator_raises_is_raised() -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for k in range(1000):
            taken += 1
            yield k

    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    with closing(overlapped(items(), lambda k: k, lambda k, v: v, lambda k, v: v)) as outcomes:
        assert next(outcomes).item == 0
    assert taken < 10
    result = []
    with pytest.raises(ValueError, match="no more"):
        for outcome in overlapped(broken(), lambda k: k, lambda k, v: v, lambda k, v: v):
            result.append(outcome.item)
    assert result in ([], [1])


def test_breaking_off_waits_for_what_is_being_finished_and_drops_the_rest() -> None:
    finished: list[int] = []
    calls: list[bool] = []

    def finish(item: int, value: int) -> None:
        time.sleep(0.1)
        finished.append(item)

    def estimate(item: int, value: int) -> int:
        if item == 2:
            raise KeyboardInterrupt
        return value

    outcomes = overlapped(
        range(10), lambda k: k, estimate, finish, finishing=1, stopping=lambda: calls.append(True)
    )
    with pytest.raises(KeyboardInterrupt):
        list(outcomes)
    assert finished == [0] and calls == [True]
    assert not [t for t in threading.enumerate() if t.name == "recon-load"]
