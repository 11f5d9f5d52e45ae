"""In CI a missing tool fails, whatever the way in which a test is skipped."""

import os
import subprocess
import sys
from pathlib import Path

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


def _failed(folder: Path, require: str) -> set[str]:
    """Which of the files failed."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-rfE",
            "--continue-on-collection-errors",
            "-p",
            "no:cacheprovider",
            ".",
        ],
        cwd=folder,
        env={**os.environ, "RECON_REQUIRE_TOOLS": require, "PYTHONPATH": str(FIXTURES)},
        capture_output=True,
        text=True,
        check=False,
    )
    summary = [line for line in done.stdout.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    return {line.split()[1].split("::")[0].removeprefix("test_").removesuffix(".py") for line in summary}


def test_only_what_no_package_can_bring_may_be_skipped(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from no_silent_skips import *\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    hub\n    gpu\n    data\n")
    for name, body in {**REFUSED, **ALLOWED}.items():
        (tmp_path / f"test_{name}.py").write_text(f"import pytest\n\n{body}")
    assert _failed(tmp_path, "1") == set(REFUSED)
    assert _failed(tmp_path, "") == set()
