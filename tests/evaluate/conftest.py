from pathlib import Path

import pytest
from known_pairs import make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three good pairs, ``a``, ``b`` and ``c``."""
    make(tmp_path)
    return tmp_path
