"""What hostile JSON does to its one reader, and that there is no second one."""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from recon.strict_json import MOST_DEPTH, as_kind, known_fields, parse_json, read_json
from tools.import_graph import ROOT

OWN = {
    # What recon's own processes say to each other, or a copy made by way of text.
    "recon/batch/run_log.py": 1,
    "recon/blender/extension/background.py": 1,
    "recon/depth/hub/download.py": 1,
    "recon/depth/nets/preview_look.py": 1,
    "recon/evaluate/results_file.py": 1,
    "recon/file_info/usd.py": 1,
    "recon/join/mapping_process.py": 1,
    "recon/strict_json.py": 1,
    "apps/recon_viewer/background/messages.py": 2,
    "apps/recon_viewer/background/tk_dialog.py": 1,
    "apps/recon_viewer/model/samples.py": 1,
}
ARRAYS = {"recon/file_info/usd.py": 1, "apps/recon_viewer/background/geometry_transfer.py": 3}


def calls(*names: str) -> dict[str, int]:
    """How often each file calls ``json.load``, ``np.load``, ..."""
    result: dict[str, int] = {}
    for folder in ("recon", "apps"):
        for path in (ROOT / folder).rglob("*.py"):
            nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            count = sum(isinstance(node, ast.Call) and ast.unparse(node.func) in names for node in nodes)
            if count:
                result[path.relative_to(ROOT).as_posix()] = count
    return result


def test_no_file_of_a_stranger_is_read_by_another_reader() -> None:
    assert calls("json.loads", "json.load") == OWN
    assert calls("np.load") == ARRAYS


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON|inside of each other"),
        ("[" * 100_000 + "]" * 100_000, "inside of each other"),
        ("[" * (MOST_DEPTH + 1) + "]" * (MOST_DEPTH + 1), "inside of each other"),
        ('{"a":' * 65 + "1" + "}" * 65, "inside of each other"),
        ("NaN", "NaN is not a number"),
        ("[-Infinity]", "-Infinity is not a number"),
        ("1e400", "1e400 is too large"),
        ("9" * 100_000, "a whole number of 100000 digits"),
        ("-" + "9" * 19, "too large"),
        ("0." + "1" * 100_000, "a number of 100,002 digits"),
        (b"\xff\xfe\xfd", "not JSON"),
        ("[" + "[]," * 2_000_001 + "1]", "more than 2,000,000 lists"),
    ],
)
def test_what_breaks_a_limit_is_refused(text: str | bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_json(text)


def test_what_other_programs_write_is_read(tmp_path: Path) -> None:
    deep = "[" * MOST_DEPTH + "]" * MOST_DEPTH
    assert str(parse_json(deep)) == deep
    assert parse_json(str(2**63 - 1)) == 2**63 - 1
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        (tmp_path / "a.json").write_text('{"ü": 1.5}', encoding=encoding)
        assert read_json(tmp_path / "a.json") == {"ü": 1.5}
    with pytest.raises(ValueError, match="larger than the limit of 0 MB"):
        read_json(tmp_path / "a.json", most_bytes=4)


@dataclass(frozen=True)
class Inner:
    at: tuple[float, float]


@dataclass(frozen=True)
class Outer:
    name: str
    count: int
    kind: Literal["a", "b"] = "a"
    share: float | None = None
    path: Path | None = None
    inner: tuple[Inner, ...] = ()
    more: Any = None


def test_values_become_the_types_of_a_dataclass() -> None:
    values = {"name": "n", "count": 3.0, "share": 1, "path": "p", "inner": [{"at": [1, 2]}], "more": [{}]}
    result = as_kind(Outer, values)
    assert result == Outer("n", 3, "a", 1.0, Path("p"), (Inner((1.0, 2.0)),), [{}])
    assert type(result.share) is float and type(result.count) is int
    assert known_fields(Outer, {"name": "n", "later": 1}) == {"name": "n"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": None}, "name must be text, got null"),
        ({"name": 3}, "name must be text, got 3"),
        ({"count": "3"}, "count must be a whole number, got '3'"),
        ({"count": True}, "count must be a whole number, got True"),
        ({"count": 3.5}, "count must be a whole number, got 3.5"),
        ({"kind": "c"}, "kind must be 'a' or 'b', got 'c'"),
        ({"kind": ["a"]}, "kind must be 'a' or 'b', got a list"),
        ({"share": False}, "share must be a number, got False"),
        ({"share": {}}, "share must be a number, got an object"),
        ({"path": "a\0b"}, "path must be a file name"),
        ({"inner": {}}, "inner must be a list, got an object"),
        ({"inner": [3]}, r"inner\[0\] must be an object, got 3"),
        ({"inner": [{}]}, r'"inner\[0\].at" is missing'),
        ({"inner": [{"at": [1]}]}, r"inner\[0\].at must have 2 values, got 1"),
        ({"inner": [{"at": [1, "x" * 999]}]}, r"inner\[0\].at\[1\] must be a number, got 'x{59}\.\.\.$"),
        ({"later": 1}, '"later" is not known'),
        ({"count": 1e300}, r"count must be a whole number, got 1e\+300"),
    ],
)
def test_the_error_for_a_wrong_value_names_its_key(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        as_kind(Outer, {"name": "n", "count": 3, **change})


def test_a_missing_key_is_named() -> None:
    with pytest.raises(ValueError, match=r'^"count" is missing'):
        as_kind(Outer, {"name": "n"})
    with pytest.raises(ValueError, match="it must be an object, got a list"):
        as_kind(Outer, [])
