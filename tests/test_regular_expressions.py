"""No regular expression takes more than linear time: 100 kB of any letter that it knows cost next to nothing."""

import ast
import importlib
import re
import time
from collections.abc import Iterator
from functools import cache

import pytest

from tools.import_graph import ROOT

LENGTH = 100_000
LETTERS = "1aAx .,-+_\\/\"'=[]{}()<>:;%\n\t\r\0eE#é"
METHODS = ("match", "fullmatch", "search", "sub", "split", "findall", "finditer")
LIMIT_S = 1.0
"""Of the processor; a quadratic one takes 10 s and more."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    for folder in (ROOT / "recon", *sorted((ROOT / "apps").iterdir())):
        for path in sorted(folder.rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if "import re\n" in text:
                name = ".".join(path.relative_to(folder.parent).with_suffix("").parts)
                yield name, ast.parse(text)


def is_re(node: ast.AST, *names: str) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in {f"re.{name}" for name in names}


def uses() -> Iterator[tuple[str, str, str]]:
    """Of each expression its module, what it is in the source, and the method by which it is used."""
    for module, tree in modules():
        constants = {
            ast.unparse(node.targets[0])
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and is_re(node.value, "compile")
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            owner, method = ast.unparse(node.func.value), node.func.attr
            if method in METHODS and owner in constants:
                yield module, owner, method
            elif is_re(node, *METHODS):
                for source in (
                    [ast.unparse(node.args[0])] if not isinstance(node.args[0], ast.Name) else table(tree)
                ):
                    yield module, source, method


def table(tree: ast.Module) -> list[str]:
    """What may be an expression where it comes from a table of the module: every text with a backslash."""
    texts = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return sorted(repr(text) for text in texts if "\\" in text and "\n" not in text and is_pattern(text))


def is_pattern(text: str) -> bool:
    """Not a replacement, whose groups are elsewhere."""
    try:
        return bool(re.compile(text))
    except re.error:
        return False


USES = sorted(set(uses()))


def attacks() -> Iterator[str]:
    for letter in LETTERS:
        yield letter * LENGTH
        for other in LETTERS:
            yield (letter + other) * (LENGTH // 20)


@cache
def texts(as_bytes: bool) -> list[str | bytes]:
    """What every expression is given."""
    made = [text for attack in attacks() for text in (attack, f"1{attack}!", f"v {attack}")]
    return [text.encode() for text in made] if as_bytes else list(made)


def test_they_are_found() -> None:
    assert len(USES) > 8 and {use[2] for use in USES} >= {"match", "fullmatch"}


@pytest.mark.slow
@pytest.mark.parametrize(("module", "source", "method"), USES)
def test_time_grows_with_the_length_alone(module: str, source: str, method: str) -> None:
    if module.startswith("recon.blender.extension."):
        pattern = re.compile(ast.literal_eval(source))  # it runs in Blender
    else:
        found = eval(source, vars(importlib.import_module(module)))
        pattern = found if isinstance(found, re.Pattern) else re.compile(found)
    call = getattr(pattern, method)
    for data in texts(isinstance(pattern.pattern, bytes)):
        began = time.thread_time()
        made = call(b"" if isinstance(data, bytes) else "", data) if method == "sub" else call(data)
        if method == "finditer":
            list(made)
        assert time.thread_time() - began < LIMIT_S, (data[:20], len(data))


def test_a_quadratic_one_would_be_seen() -> None:
    began = time.thread_time()
    re.compile(r"\d+[.,]?\d*m").match("1" * (LENGTH // 10))
    quadratic = time.thread_time() - began
    assert 100 * quadratic > LIMIT_S  # ten times the length: a hundred times the time
