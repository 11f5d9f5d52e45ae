from pathlib import Path

import pytest
from photo_folders import make_photos


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """``photos`` with six photos, a to f, and ``depths`` with the measured depth of each."""
    make_photos(tmp_path, "abcdef")
    return tmp_path
