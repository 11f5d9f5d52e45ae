import pytest

from recon.join.posed_view import PosedView
from tools.sequences.walk import Walk, walk


@pytest.fixture(scope="session")
def small_walk() -> Walk:
    """Four small photos with true depth."""
    return walk(4, seed=3, width=160, height=120)


@pytest.fixture(scope="session")
def true_views(small_walk: Walk) -> tuple[PosedView, ...]:
    return small_walk.views
