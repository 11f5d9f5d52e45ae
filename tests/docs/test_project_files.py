"""The version is the same everywhere, and the workflows call commands of ./dev that exist."""

import re
import subprocess
from pathlib import Path

from recon.version import __version__

ROOT = Path(__file__).parents[2]


def test_the_version_is_the_same_in_all_files() -> None:
    (cited,) = re.findall(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text("utf-8"), re.MULTILINE)
    newest = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)[0]
    assert cited == newest == __version__


def test_workflows_and_hooks_are_thin_and_call_commands_that_are_there() -> None:
    files = [*(ROOT / ".github" / "workflows").glob("*.yml"), ROOT / ".pre-commit-config.yaml"]
    text = "\n".join(path.read_text("utf-8") for path in files)
    script = (ROOT / "dev").read_text("utf-8")
    called = re.findall(r"\./dev ([\w-]+)", text)
    assert set(called) >= {"docs", "wheel", "install-test", "lint"}
    assert [name for name in called if not re.search(rf"^  {name}\)", script, re.MULTILINE)] == []
    commands = re.findall(r"^ +- run: (.*)$", text, re.MULTILINE)
    assert commands and all("./dev" in line or ".ci/run" in line for line in commands)


def test_dev_without_a_command_lists_all_of_them() -> None:
    done = subprocess.run(["bash", "dev"], cwd=ROOT, capture_output=True, text=True)
    listed = re.findall(r"^ +\./dev ([\w-]+)|\./dev (recon) ", done.stdout, re.MULTILINE)
    cases = re.findall(r"^  ([\w-]+)\)", (ROOT / "dev").read_text("utf-8"), re.MULTILINE)
    assert done.returncode == 2 and {a or b for a, b in listed} == set(cases)
    assert "set -euo" not in done.stdout
