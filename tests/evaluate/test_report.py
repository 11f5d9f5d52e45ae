"""Result rows, resumed runs, means over photos, tables."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from known_pairs import Fake

from recon.errors import ExportError, Failure
from recon.evaluate import EvaluationError, Measures, Row, Settings, read_manifest, run
from recon.evaluate.report import (
    DEPTH_COLUMNS,
    comparison_table,
    depth_table,
    model_table,
    photo_line,
    write_report,
)
from recon.evaluate.results_file import RowFile
from recon.evaluate.summary import FailedPair, Summary, summarise
from recon.journal import Journal

SETTINGS = Settings()


def row(pair: str, abs_rel: float, model: str = "m", scene: str = "", **single: Any) -> Row:
    """A row that went well."""
    measures = Measures(
        place=pair,
        gives="metric",
        seconds=0.1,
        pixels=100,
        covered=1.0,
        focal_px=None,
        focal_source=None,
        focal_true_px=None,
        focal_error=None,
        boundary_f1=None,
        boundary_f1_pooled=None,
        errors={"metric": dict.fromkeys(DEPTH_COLUMNS, abs_rel)},
    )
    return Row(model, pair, "", scene, replace(measures, **single))


def failed(pair: str) -> Row:
    return Row("m", pair, "", "", Failure("E", "bad | worse"), ("odd",))


def test_rows_are_there_as_soon_as_they_are_added(tmp_path: Path) -> None:
    rows = RowFile(tmp_path / "rows.jsonl", SETTINGS, resume=False)
    rows.add(row("a", 0.1))
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == 2
    assert [each.pair for each in rows] == ["a"]


def test_a_resumed_run_skips_successful_pairs(tmp_path: Path) -> None:
    first = RowFile(tmp_path / "rows.jsonl", SETTINGS, resume=False)
    for each in (row("a", 0.1), failed("b"), row("c", 0.3)):
        first.add(each)
    again = RowFile(tmp_path / "rows.jsonl", SETTINGS, resume=True)
    assert again.done == {("m", "a"), ("m", "c")}
    again.add(row("b", 0.2))
    assert list(again) == [row("a", 0.1), row("c", 0.3), row("b", 0.2)]


@pytest.mark.parametrize("one", [row("a", 0.1, focal_error=0.2), failed("b")])
def test_a_row_comes_back_from_its_line(one: Row) -> None:
    values = json.loads(json.dumps(one.as_dict()))
    assert Row.from_dict(values) == one and values["ok"] is isinstance(one.result, Measures)


def test_an_unfinished_line_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    RowFile(path, SETTINGS, resume=False).add(row("a", 0.1))
    with path.open("a") as file:
        file.write('{"model": "m", "pa')
    again = RowFile(path, SETTINGS, resume=True)
    again.add(row("b", 0.2))
    assert [each.pair for each in again] == ["a", "b"]


def test_other_settings_cannot_go_on(tmp_path: Path) -> None:
    RowFile(tmp_path / "rows.jsonl", SETTINGS, resume=False)
    with pytest.raises(EvaluationError, match=r"other settings \(camera 'own'\)"):
        RowFile(tmp_path / "rows.jsonl", Settings(camera="truth"), resume=True)


@pytest.mark.parametrize("content", ["", "[]\n", '{"format": "else"}\n', "no json\n"])
def test_another_file_cannot_go_on(tmp_path: Path, content: str) -> None:
    (tmp_path / "rows.jsonl").write_text(content)
    with pytest.raises(EvaluationError, match="was not written by `recon eval`"):
        RowFile(tmp_path / "rows.jsonl", SETTINGS, resume=True)
    assert (tmp_path / "rows.jsonl").read_text() == content


def test_means_and_medians_are_over_photos() -> None:
    rows = [
        row("a", 0.1, scene="indoor"),
        row("b", 0.2, scene="indoor"),
        row("c", 0.9, scene="outdoor"),
        failed("d"),
    ]
    result = summarise(rows)["m"]
    abs_rel = result.overall.values["metric.abs_rel"]
    assert (abs_rel.mean, abs_rel.median, abs_rel.photos) == (pytest.approx(0.4), 0.2, 3)
    assert result.overall.photos == 3
    assert {scene: one.photos for scene, one in result.scenes.items()} == {"indoor": 2, "outdoor": 1}
    assert result.scenes["indoor"].values["metric.abs_rel"].mean == pytest.approx(0.15)
    assert result.failed == (FailedPair("E", "bad | worse", "d"),)


def test_what_a_photo_has_not_does_not_count() -> None:
    result = summarise([row("a", 0.1, focal_error=0.2), row("b", 0.1)])["m"].overall.values
    assert (result["focal_error"].photos, result["focal_error"].mean) == (1, 0.2)
    assert "boundary_f1" not in result


def test_a_model_of_which_all_failed_has_a_summary() -> None:
    result = summarise([failed("a")])
    assert result["m"].overall == Summary(0, {}) and len(result["m"].failed) == 1
    assert photo_line(result["m"]) == "0 photos, 1 failed"


def test_tables_show_what_was_measured() -> None:
    result = summarise([row("a", 0.125), row("a", 0.5, model="other")])
    table = model_table(result["m"])
    assert table.titles == ("", "estimated\nmean", "estimated\nmedian")
    assert table.rows[0] == ("AbsRel", "0.125", "0.125")
    assert [line[:4] for line in depth_table(result).rows][2] == ("other", "as predicted", "mean", "0.500")
    comparison = comparison_table(result)
    assert comparison is not None and comparison.rows[1][:3] == ("other", "0.500", "0.500")
    assert comparison_table(summarise([row("a", 0.1)])) is None


def test_the_report_says_all(tmp_path: Path, folder: Path) -> None:
    (folder / "b.jpg").unlink()
    rows = list(run(read_manifest(folder), Fake(folder, lambda z: 1.1 * z), SETTINGS, Journal()))
    paths = write_report(tmp_path, summarise(rows), rows, SETTINGS, manifest="pairs", overwrite=False)
    content = json.loads(paths[0].read_text())
    assert content["format"] == "recon-eval-1" and len(content["photos"]) == 3
    assert content["models"]["fake"]["overall"]["values"]["metric.abs_rel"]["mean"] == pytest.approx(
        0.1, rel=1e-3
    )
    text = paths[1].read_text()
    assert "| fake | as predicted | mean | 0.100 |" in text and "- fake, b: " in text
    assert "SI-log (sqrt(mean d² - (mean d)²)" in text
    with pytest.raises(ExportError, match="--overwrite"):
        write_report(tmp_path, summarise(rows), rows, SETTINGS, manifest="pairs", overwrite=False)
