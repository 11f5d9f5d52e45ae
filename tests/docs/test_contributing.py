"""What CONTRIBUTING.md says of the sources and of the tests is so."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tools.import_graph import ROOT, modules_of

PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _imports(path: Path, *, at_the_top: bool) -> set[str]:
    """The packages that a file imports, anywhere or at its top (type checking aside)."""
    result = set()
    for node in _tree(path).body if at_the_top else ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            result |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            result.add(node.module.split(".")[0])
    return result


def _who_imports(package: str, *, at_the_top: bool = False) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in modules_of(ROOT).values()
        if package in _imports(path, at_the_top=at_the_top)
    }


def _outside(files: set[str], *folders: str) -> set[str]:
    return {file for file in files if not file.startswith(folders)}


def test_heavy_libraries_are_imported_where_the_page_says() -> None:
    assert _who_imports("torch") and not _outside(_who_imports("torch"), "recon/depth/")
    assert not _outside(
        _who_imports("torch", at_the_top=True), "recon/depth/nets/", "recon/depth/onnx/graphs.py"
    )
    assert _who_imports("open3d") and not _outside(
        _who_imports("open3d"), "apps/recon_viewer/", "recon/join/fusion/"
    )
    for package in ("trimesh", "laspy", "pxr"):
        result = _who_imports(package)
        assert result and not _outside(result, "recon/file_info/", "recon/export/")


def _prints_or_exits(path: Path) -> Iterator[int]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "sys.exit", "exit", "os._exit"):
            yield node.lineno


def test_the_library_prints_and_exits_only_where_the_page_says() -> None:
    result = {
        path.relative_to(ROOT).as_posix()
        for path in modules_of(ROOT).values()
        if list(_prints_or_exits(path))
    }
    in_library = {file for file in result if file.startswith("recon/")}
    assert in_library and in_library == set(re.findall(r"`(recon/\S+\.py)`", PAGE)) & in_library


def test_every_marker_is_named() -> None:
    listed = (ROOT / "pyproject.toml").read_text("utf-8").partition("\nmarkers = [")[2].partition("]")[0]
    markers = set(re.findall(r'^\s*"(\w+):', listed, re.MULTILINE))
    paragraph = PAGE[PAGE.index("**Tests**") : PAGE.index("**Commits**")]
    assert "hub" in markers and {name for name in markers if f"`{name}`" not in paragraph} == set()


def test_every_file_that_the_page_names_is_there() -> None:
    named = re.findall(r"`((?:recon|apps|tests|tools|docs|sample_data)/[\w./]*)`", PAGE)
    assert named and [name for name in named if not (ROOT / name).exists()] == []
    programs = re.findall(r"python -m (tools[\w.]+)", PAGE)
    paths = [ROOT / program.replace(".", "/") for program in programs]
    assert programs and all(
        path.with_suffix(".py").exists() or (path / "__main__.py").exists() for path in paths
    )
