"""Fixtures of the batch tests."""

from typing import Any

import pytest

from recon.batch.shared_models import SharedModels


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is refused is refused before any model is chosen."""

    def chosen(*anything: Any) -> None:
        raise AssertionError("a model was chosen")

    monkeypatch.setattr(SharedModels, "estimator_for", chosen)
