"""The fuzzer sees faults, and what it has found stays mended."""

import random
from pathlib import Path

import pytest

from tools.fuzz import child
from tools.fuzz.__main__ import Tally, fuzz, table
from tools.fuzz.mutate import mutate
from tools.fuzz.readers import READERS
from tools.fuzz.seeds import Seed, make_seeds

FOUND = Path(__file__).parents[1] / "fuzz" / "found"
SAYS = {
    # Name of a file in tests/fuzz/found: its name for the reader, and what has to be said of it.
    "scene-depth-of-1e-41.npz": ("a.npz", "its depth must be between 1e-06 and 1e"),
    "error_model-smooth-of-1e308.json": ("a.json", "local must be between 0 and 100, got 1e+308"),
    "rows-settings-are-a-list.jsonl": ("rows.jsonl", "was not written by `recon eval`"),
    "rows-long-text.jsonl": ("rows.jsonl", "other settings (max_depth_m '99999"),
    "constraints-long-name.json": ("a.json", "constraint 1: sigma has 1,"),
    "reference-not-utf-8.csv": ("a.csv", "is not text in UTF-8 or UTF-16"),
    "checkpoint-long-model-type.json": ("config.json", "unsupported model_type depth_an((((("),
    "checkpoint-long-depth-type.json": ("config.json", "unknown depth_estimation_type '9999"),
    "checkpoint-index-long-name.json": ("model.safetensors.index.json", "99999 is missing"),
}
IS_READ = {
    # What is damaged in it is left out with a warning.
    "photo-depth-of-no-rows.heic": "a.heic",
}
DEEP = "[" * 100_000
CRAFTED = [
    # Of the first list of faults: each ended in another exception, a hang or gigabytes.
    ("calibration", "a.json", '{"format": "recon-calibration-3", "covariance": [[NaN, 0], [0, 0]]}', "NaN is not a"),
    ("calibration", "a.json", '{"format": "recon-calibration-3", "width": Infinity}', "Infinity is not a number"),
    ("calibration", "a.json", '{"format": "recon-calibration-3"}', 'damaged calibration: "kind" is missing'),
    *[
        (reader, name, f"{DEEP}\n", "inside of each other|not JSON|not written by|no record")
        for reader, name in (
            ("calibration", "a.json"), ("constraints", "a.json"), ("error_model", "a.json"),
            ("manifest", "pairs.json"), ("record", "batch.jsonl"), ("rows", "rows.jsonl"), ("info", "a.gltf"),
        )
    ],
    ("constraints", "a.json", "[" + "9" * 400 + "]", "a whole number of 400 digits is too large"),
    ("constraints", "a.json", f'[{{"camera_height": "{"9" * 100_000}"}}]', "more than any length"),
    ("error_model", "a.json", '{"format": "recon-error-models-1", "models": [{"photos": 1e400}]}', "1e400 is too"),
    ("manifest", "pairs.json", '{"a": {"rgb": "a", "depth_units_per_metre": ' + "9" * 400 + "}}", "400 digits"),
    ("record", "batch.jsonl", '{"kind": "photo", "photo": "a"}\n', '"settings" is missing'),
    ("info", "a.ply", "ply\nformat binary_little_endian 1.0\nelement x 1\nend_header\n", "damaged|neither points"),
    ("info", "a.pcd", "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 0 0 0\nPOINTS 1\nDATA binary\n", "damaged"),
    ("info", "a.stl", "solid a\n" + "\n" * 300_000, "damaged|no"),
]  # fmt: skip


def said(reader: str, tmp_path: Path, name: str, data: bytes, others: dict[str, bytes] | None = None) -> str:
    from recon.errors import ReconError

    for other, content in (others or {}).items():
        (tmp_path / other).write_bytes(content)
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ReconError) as caught:
        READERS[reader](tmp_path / name)
    assert len(str(caught.value)) < 1000
    return str(caught.value)


@pytest.mark.parametrize("name", SAYS)
def test_what_was_found_is_a_sentence(name: str, tmp_path: Path) -> None:
    called, says = SAYS[name]
    others = {"config.json": b"{}", "model.safetensors": b""}
    others = {
        other: data for other, data in others.items() if name.startswith("checkpoint") and other != called
    }
    if called.endswith("index.json"):
        del others["model.safetensors"]
    assert says in said(name.partition("-")[0], tmp_path, called, (FOUND / name).read_bytes(), others)


@pytest.mark.parametrize("name", IS_READ)
def test_what_was_found_is_read(name: str, tmp_path: Path) -> None:
    (tmp_path / IS_READ[name]).write_bytes((FOUND / name).read_bytes())
    READERS[name.partition("-")[0]](tmp_path / IS_READ[name])


def test_every_found_file_has_its_sentence_or_is_read() -> None:
    assert {path.name for path in FOUND.iterdir()} == {*SAYS, *IS_READ}


@pytest.mark.parametrize(("reader", "name", "text", "says"), CRAFTED)
def test_what_a_person_thought_of_is_a_sentence(
    reader: str, name: str, text: str, says: str, tmp_path: Path
) -> None:
    import re

    assert re.search(says, said(reader, tmp_path, name, text.encode()))


@pytest.mark.parametrize("reader", [name for name in READERS if name not in ("checkpoint", "info", "video")])
def test_seeds_are_sound_and_the_same_number_makes_the_same_input(reader: str, tmp_path: Path) -> None:
    (tmp_path / "seeds").mkdir()
    seeds = make_seeds(reader, tmp_path / "seeds")
    assert {child._try(reader, seed, seed.data, tmp_path) for seed in seeds} == {("read", "")}
    made = [child.input_of(7, number, seeds) for number in range(40)]
    assert made == [child.input_of(7, number, seeds) for number in range(40)]
    assert sum(data != seed.data for seed, data in made) > 30


@pytest.mark.parametrize(
    ("code", "signature"),
    [
        ("raise KeyError('x')", "KeyError"),
        ("raise CalibrationError('x' * 5000)", "message"),
        ("raise CalibrationError(' ')", "message"),
        ("while True: pass", "TooLong"),
    ],
)
def test_faults_are_seen(code: str, signature: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import signal

    from recon.errors import CalibrationError

    def read(path: Path) -> None:
        exec(code, {"CalibrationError": CalibrationError})

    def too_long(number: int, frame: object) -> None:
        raise child.TooLong

    before = signal.signal(signal.SIGPROF, too_long)
    monkeypatch.setattr(child, "LIMIT_S", 0.2)
    monkeypatch.setitem(READERS, "calibration", read)
    try:
        assert child._try("calibration", Seed("a.json", b""), b"", tmp_path)[1] == signature
    finally:
        signal.signal(signal.SIGPROF, before)


def test_a_found_input_becomes_smaller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(path: Path) -> None:
        if b"x" in path.read_bytes():
            raise KeyError

    monkeypatch.setitem(READERS, "calibration", read)
    seed = Seed("a.json", b"")
    small = child._smaller("calibration", seed, b"a" * 500 + b"x" + b"b" * 500, "KeyError", tmp_path)
    assert b"x" in small and len(small) < 100


def test_a_process_feeds_a_reader_and_its_table_counts(tmp_path: Path) -> None:
    found = fuzz("constraints", seed=3, seconds=60, inputs=50, keep=tmp_path)
    assert found.inputs == 50 and not found.faults and found.outcomes["refused"] > 10
    assert "constraints       50" in table([found])
    bad = Tally("x")
    bad.outcomes.update({"read": 2, "KeyError a.py f": 1})
    assert bad.faults == {"KeyError a.py f": 1} and "1 x KeyError a.py f" in table([bad])


def test_every_kind_of_mutation_is_applied() -> None:
    draw, seen = random.Random(0), set()
    text = b'{"a": [1, 2.5, {"b": "text"}], "c": null}'
    for _ in range(2000):
        seen.add(mutate(text, [b"another file"], draw))
    assert len(seen) > 1000
    assert any(len(one) > 50_000 for one in seen) and any(len(one) < len(text) for one in seen)
