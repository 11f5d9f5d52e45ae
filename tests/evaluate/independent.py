"""Programs of others that compute the same numbers.

They ask for torchvision and CUDA builds of torch, so that ``./dev test`` installs them with ``--no-deps``. What is
used of them needs numpy, scipy and torch.
"""

import importlib
import importlib.util
import os
import sys
from types import ModuleType
from typing import NoReturn

import pytest


def euler(name: str) -> ModuleType:
    """A module of ``euler_eval.metrics``; the package itself would import torchvision and more."""
    found = importlib.util.find_spec("euler_eval")
    if found is None or not found.submodule_search_locations:
        _absent("euler-eval")
    package = "_euler_metrics"
    if package not in sys.modules:
        bare = ModuleType(package)
        bare.__path__ = [os.path.join(found.submodule_search_locations[0], "metrics")]
        sys.modules[package] = bare
    return importlib.import_module(f"{package}.{name}")


def moge() -> ModuleType:
    """``moge.test.metrics``, in torch."""
    if importlib.util.find_spec("moge") is None or importlib.util.find_spec("utils3d") is None:
        _absent("dlr-moge")
    metrics = importlib.import_module("moge.test.metrics")
    # The release of utils3d that it asks for has renamed this one: (H, W) to all windows (H', W', k, k).
    metrics.utils3d.pt.sliding_window_2d = lambda x, window_size, stride, dim: x.unfold(
        -2, window_size, stride
    ).unfold(-2, window_size, stride)
    return metrics


def _absent(name: str) -> NoReturn:
    reason = f"{name} is not installed: see tests/evaluate/independent.py"
    if os.environ.get("RECON_REQUIRE_TOOLS") == "1":
        pytest.fail(f"RECON_REQUIRE_TOOLS=1, but {reason}")
    pytest.skip(reason)
