import os
import signal
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent / "fixtures"))

from no_silent_skips import pytest_make_collect_report, pytest_runtest_makereport
from other_readers import khronos, open3d, trimesh
from rendering import open3d_pictures
from small_content import make_content
from tiny_networks import one_trace, relative_folder
from virtual_display import display, window_opens

from recon.depth.hub import remembered

__all__ = [
    "display",
    "khronos",
    "make_content",
    "one_trace",
    "open3d",
    "open3d_pictures",
    "pytest_make_collect_report",
    "pytest_runtest_makereport",
    "relative_folder",
    "trimesh",
    "window_opens",
]

# A shell that starts us in the background, and nohup, have the programs that we start ignore these signals: the tests
# that send them would wait in vain.
for _signal in (signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGINT)):
    if signal.getsignal(_signal) is signal.SIG_IGN:
        signal.signal(_signal, signal.default_int_handler if _signal == signal.SIGINT else signal.SIG_DFL)

# A machine is busy: how long an example takes proves nothing. All else stays as hypothesis sets it for where it runs.
settings.register_profile("recon", settings(), deadline=None)
settings.load_profile("recon")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real photos with measured depth, next to the project's folder; without them, tests that need them are
    skipped."""
    if not SHARED_DATA.is_dir():
        pytest.skip("../shared/data, the real photos, is not here")
    return SHARED_DATA


_NOT_FAST = {"hub", "gpu", "data", "display", "browser", "client", "slow"}
"""Marks of tests that `--fast` leaves out."""
_NOT_FAST_ROOMS = [
    Path(__file__).parent / room
    for room in [
        "recon_cli",
        "recon_mcp",
        "recon_viewer/background",
        "render",
        "clients",
        "compare",
        "docs",
        "file_info",
        "depth/hub",
        "depth/nets",
        "depth/onnx",
        "evaluate",
        "tools/preview",
        "tools/sample_data",
        "tools/sequences",
        "batch/test_depth_video.py",
        "batch/test_ray_pipeline.py",
        "batch/test_run_many.py",
        "batch/test_steady_clips.py",
        "batch/test_stores.py",
        "depth/test_depth_anything_3.py",
        "depth/test_preview.py",
        "export/test_levelled_files.py",
        "join/fusion",
        "join/test_bundle_covariance.py",
        "join/test_join_photos.py",
        "join/test_outputs.py",
        "tools/test_bench_gpu.py",
        "test_no_silent_skips.py",
        "test_python.py",
    ]
]
"""Folders and files of tests that it leaves out: whole commands, other programs and libraries, trained networks."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """`./dev test --fast`."""
    explained = (
        "only what takes under two minutes: no whole commands, other programs, real photos or slow tests"
    )
    parser.addoption("--fast", action="store_true", help=explained)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `--fast`, whole folders are not even imported."""
    return True if config.getoption("--fast") and collection_path in _NOT_FAST_ROOMS else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of the real photos say so: `-m "not data"` leaves them out, and they may be skipped in CI."""
    for item in items:
        if "shared_data" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.data)
    if not config.getoption("--fast"):
        return
    slow = [item for item in items if any(mark.name in _NOT_FAST for mark in item.iter_markers())]
    config.hook.pytest_deselected(items=slow)
    left_out = set(map(id, slow))
    items[:] = [item for item in items if id(item) not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """After a failure: how to run one test alone."""
    stats = terminalreporter.stats
    for report in (stats.get("failed", []) + stats.get("error", []))[:1]:
        terminalreporter.write_line(f"to run it alone: ./dev test '{report.nodeid}'")


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """No test reaches for the network unless it says so."""
    if request.node.get_closest_marker("hub") is None:
        monkeypatch.setenv("HF_HUB_OFFLINE", os.environ.get("HF_HUB_OFFLINE", "1"))


@pytest.fixture(autouse=True)
def _new_machine(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is said once per machine is said in each test, and no test writes into the cache of whoever runs it."""
    unused = tmp_path_factory.getbasetemp() / f"notices-{uuid4().hex}"
    monkeypatch.setattr(remembered, "cache_folder", lambda: unused)
