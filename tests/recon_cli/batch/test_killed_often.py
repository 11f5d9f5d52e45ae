"""A batch that is killed again and again, at moments that nobody chose, ends as one that was left alone."""

from pathlib import Path

import pytest

from tools.kills import kill_batch


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0])
def test_every_file_is_that_of_an_undisturbed_run_and_nothing_is_left_behind(
    tmp_path: Path, seed: int
) -> None:
    """The long one: ``python -m tools.kills``, 60 photos and 20 kills."""
    found = kill_batch(tmp_path, photos=6, kills=3, seed=seed)
    assert (found.different, found.left) == ((), ())
    assert found.kills == 3 and found.files == 18
