"""In CI a missing tool fails, whatever the way in which a test is skipped."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parent / "fixtures"
REFUSED = {
    "inside": "def test_it():\n    pytest.skip('no Xvfb here')\n",
    "fixture": "@pytest.fixture\ndef tool():\n    pytest.skip('no Xvfb here')\n\ndef test_it(tool): ...\n",
    "marked": "@pytest.mark.skipif(True, reason='no Xvfb here')\ndef test_it(): ...\n",
    "imported": "pytest.importorskip('no_such_module', reason='no Xvfb here')\n",
    "module": "pytest.skip('no Xvfb here', allow_module_level=True)\n",
}
ALLOWED = {
    "hub": "@pytest.mark.hub\ndef test_it():\n    pytest.skip('no weights here')\n",
    "gpu": "@pytest.mark.gpu\ndef test_it():\n    pytest.skip('no GPU here')\n",
    "data": "@pytest.mark.data\n@pytest.mark.skipif(True, reason='no photos here')\ndef test_it(): ...\n",
    "xfail": "@pytest.mark.xfail\ndef test_it():\n    assert False\n",
}


COMMAND = [
    sys.executable,
    "-m",
    "pytest",
    "-ra",
    "--continue-on-collection-errors",
    "-p",
    "no:cacheprovider",
    ".",
]


def _summary(folder: Path, require: str, processes: int) -> list[str]:
    """The lines in which pytest says what failed and what was skipped."""
    environment = {**os.environ, "RECON_REQUIRE_TOOLS": require, "PYTHONPATH": str(FIXTURES)}
    command = [*COMMAND, "-n", str(processes)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return [line for line in done.stdout.splitlines() if line.startswith(("FAILED ", "ERROR ", "SKIPPED "))]


def _failed(summary: list[str]) -> set[str]:
    """Names of the files."""
    words = [line.split()[1] for line in summary if not line.startswith("SKIPPED")]
    return {word.split("::")[0].removeprefix("test_").removesuffix(".py") for word in words}


@pytest.mark.parametrize("processes", [0, 2])
def test_only_what_no_package_can_bring_may_be_skipped(processes: int, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from no_silent_skips import *\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    hub\n    gpu\n    data\n")
    for name, body in {**REFUSED, **ALLOWED}.items():
        (tmp_path / f"test_{name}.py").write_text(f"import pytest\n\n{body}")
    strict = _summary(tmp_path, "1", processes)
    assert _failed(strict) == set(REFUSED)
    lenient = _summary(tmp_path, "", processes)
    assert _failed(lenient) == set()
    hints = [line for line in lenient if "CI=true ./dev test" in line]
    assert hints and all("no Xvfb here" in line for line in hints)
    assert all("CI=true ./dev test" in line for line in lenient if "no Xvfb here" in line)
