"""Every Python program of the pages is Python, and the names of recon that it uses are there."""

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS = [
    pytest.param(block, id=f"{page.stem}-{k}")
    for page in PAGES
    for k, block in enumerate(re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL))
]


def _missing(program: str) -> list[str]:
    """Names of recon that a program imports or writes out, and that are not there."""
    names = set()
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("recon"):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names if alias.name.startswith("recon")}
        elif isinstance(node, ast.Attribute) and re.fullmatch(r"recon(\.\w+)+", ast.unparse(node)):
            names.add(ast.unparse(node))
    return sorted(name for name in names if not _is_there(name))


def _is_there(name: str) -> bool:
    """Whether a dotted name is a module, or an attribute of one."""
    parent, _, last = name.rpartition(".")
    try:
        import_module(name)
    except ModuleNotFoundError:
        return bool(parent) and hasattr(import_module(parent), last)
    return True


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_uses_names_that_are_there(program: str) -> None:
    assert _missing(program) == []


def test_programs_are_found_and_wrong_names_noticed() -> None:
    assert len(PROGRAMS) >= 14
    assert _missing("import recon\nrecon.batch.run()\nrecon.batch.walk()") == ["recon.batch.walk"]
    assert _missing("from recon.measure import distance, width") == ["recon.measure.width"]
