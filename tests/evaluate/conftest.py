import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from known_pairs import make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three good pairs, ``a``, ``b`` and ``c``."""
    make(tmp_path)
    return tmp_path
