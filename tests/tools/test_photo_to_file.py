"""The benchmark of whole commands."""

import sys
from pathlib import Path

import pytest

from tools.bench.photo_to_file import commands, measured


def test_processor_time_and_memory_are_those_of_the_command() -> None:
    small = measured([sys.executable, "-c", "pass"])
    large = measured([sys.executable, "-c", "x = bytearray(200_000_000); [k * k for k in range(3_000_000)]"])
    assert large.peak_mb > small.peak_mb + 150
    assert large.processor_s > small.processor_s > 0


def test_a_command_that_fails_is_an_error_and_no_time() -> None:
    with pytest.raises(RuntimeError, match="no weights"):
        measured([sys.executable, "-c", "raise SystemExit('no weights')"])


def test_both_commands_get_the_same_photo_and_weights(tmp_path: Path) -> None:
    ours, theirs = commands(tmp_path / "weights", tmp_path).values()
    for words in (ours, theirs):
        assert any("living_room.jpg" in word for word in words)
        assert any(str(tmp_path / "weights") in word for word in words)
