"""Models whose depth is known."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from known_pairs import CAMERA, Fake, Missing, make

from recon.depth import registry


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A photo ``a.jpg`` with its depth ``a.png``."""
    make(tmp_path, ("a",))
    return tmp_path


@pytest.fixture
def known(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Estimators by name, in place of the registry's."""
    by_name: dict[str, Any] = {
        "perfect": Fake(folder, name="perfect", focal_px=CAMERA.fx),
        "far": Fake(folder, lambda z: 1.2 * z, name="far"),
        "relative": Fake(folder, lambda z: 2 / z + 1, name="relative", gives="relative"),
        "also-relative": Fake(folder, lambda z: 5 / z - 1, name="also-relative", gives="relative"),
        "broken": Fake(folder, lambda z: np.zeros((0, 0)), name="broken"),
        "missing": Missing(),
    }
    create = registry.create
    monkeypatch.setattr(registry, "create", lambda name, *rest: by_name.get(name) or create(name, *rest))
    return by_name
