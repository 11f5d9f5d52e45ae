"""``recon eval`` from the command line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from known_pairs import CAMERA, Fake, Missing, entry, make, write

from recon.calibration.error_models import read_error_models
from recon.depth import registry
from recon.evaluate import Settings, compare, read_manifest
from recon.evaluate.error_model.samples import Samples, residuals_of
from recon.journal import Journal
from recon_cli.group import recon


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three good pairs, ``a``, ``b`` and ``c``."""
    make(tmp_path)
    return tmp_path


@pytest.fixture
def known(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Estimators by name, in place of the registry's."""
    noise = np.random.default_rng(0)
    outcome: dict[str, Any] = {
        "perfect": Fake(folder, name="perfect", focal_px=CAMERA.fx),
        "far": Fake(folder, lambda z: 1.2 * z, name="far"),
        "noisy": Fake(folder, lambda z: z * np.exp(noise.normal(0, 0.03, z.shape)), name="noisy"),
        "relative": Fake(folder, lambda z: 1 / z + 1, name="relative", gives="relative"),
        "missing": Missing(),
    }
    create = registry.create
    monkeypatch.setattr(registry, "create", lambda name, *rest: outcome.get(name) or create(name, *rest))
    return outcome


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(recon, ["eval", *map(str, words)])


def output_of(result: Result) -> dict[str, Any]:
    return dict(json.loads(result.stdout))


def test_a_perfect_model_has_no_error(folder: Path, known: dict[str, Any]) -> None:
    result = run(folder, "--model", "perfect")
    assert result.exit_code == 0, result.output
    assert "perfect: 3 photos, 0 failed; focal error 0.0 %" in result.stdout
    lines = {line[:9].strip(): line.split()[-6:] for line in result.stdout.splitlines()}
    assert lines["AbsRel"] == ["0.000"] * 6 and lines["δ1"] == lines["F 5 cm"] == ["1.000"] * 6
    assert max(map(len, result.stdout.splitlines()[1:])) <= 80


def test_sample_data_with_the_embedded_model() -> None:
    samples = Path(__file__).parents[3] / "sample_data"
    outcome = output_of(run(samples, "--model", "preview", "--json", "-q"))
    assert outcome["ok"] and outcome["models"]["preview"]["overall"]["photos"] == 3
    values = outcome["models"]["preview"]["overall"]["values"]
    assert values["scale.abs_rel"]["mean"] < values["metric.abs_rel"]["mean"]
    assert values["focal_error"]["mean"] == pytest.approx(0, abs=1e-3)  # from EXIF


def test_a_model_is_evaluated_with_what_is_done_to_its_predictions(tmp_path: Path) -> None:
    samples = Path(__file__).parents[3] / "sample_data"
    words: tuple[str | Path, ...] = (samples, "--model", "preview", "--limit", "1", "--alignment", "scale")
    changed = ("--augment", "flip", "--refine", "bilateral", "-o", tmp_path / "report")
    outcomes = [output_of(run(*words, *more, "--json", "-q")) for more in ((), changed)]
    plain, other = (
        each["models"]["preview"]["overall"]["values"]["scale.abs_rel"]["mean"] for each in outcomes
    )
    assert other == pytest.approx(plain, rel=0.3) and other != plain
    settings = json.loads((tmp_path / "report" / "report.json").read_text())["settings"]
    assert (settings["augment"], settings["refine"]) == (["flip"], "bilateral")
    text = (tmp_path / "report" / "report.md").read_text("utf-8")
    assert "Predictions with --augment flip and --refine bilateral." in text
    result = run(*words, "-o", tmp_path / "report", "--resume")
    assert result.exit_code == 1 and "made with other settings (augment" in result.stderr


def test_several_models_are_compared(folder: Path, known: dict[str, Any]) -> None:
    result = run(folder, "--model", "perfect", "--model", "far", "--model", "relative")
    comparison = result.stdout.splitlines()[-3:]
    assert [line.split()[:2] for line in comparison] == [
        ["perfect", "0.000"],
        ["far", "0.200"],
        ["relative", "-"],
    ]


def test_the_report_folder_holds_everything(folder: Path, known: dict[str, Any]) -> None:
    out = folder / "report"
    result = run(folder, "--model", "far", "-o", out, "--pictures", "2", "--json")
    assert result.exit_code == 0, result.output
    names = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert names == ["pictures/far/a.png", "pictures/far/b.png", "report.json", "report.md", "rows.jsonl"]
    report = json.loads((out / "report.json").read_text())
    assert report["models"] == output_of(result)["models"]
    assert [photo["metric"]["abs_rel"] for photo in report["photos"]] == pytest.approx([0.2] * 3, rel=1e-3)


def test_bad_pairs_are_listed_and_the_exit_code_is_1(folder: Path, known: dict[str, Any]) -> None:
    (folder / "b.png").unlink()
    result = run(folder, "--model", "perfect")
    assert result.exit_code == 1
    assert (
        "b.png: the file does not exist" in result.stderr
        and "1 of 3 pairs could not be evaluated" in result.stderr
    )
    assert "perfect: 2 photos, 1 failed" in result.stdout
    as_json = run(folder, "--model", "perfect", "--json", "-q")
    outcome = output_of(as_json)
    assert as_json.exit_code == 1 and not outcome["ok"]
    assert outcome["models"]["perfect"]["failed"][0]["pair"] == "b"
    assert outcome["models"]["perfect"]["overall"]["photos"] == 2


def test_a_model_that_cannot_run_is_the_only_complaint_where_all_pairs_are_fine(
    folder: Path, known: dict[str, Any]
) -> None:
    result = run(folder, "--model", "perfect", "--model", "depthpro", "--offline")
    assert result.exit_code == 1
    assert "depthpro cannot run" in result.stderr and "0 of" not in result.stderr


def test_a_run_goes_on_where_it_stopped(folder: Path, known: dict[str, Any]) -> None:
    out = folder / "report"
    (folder / "b.jpg").rename(folder / "hidden.jpg")
    assert run(folder, "--model", "perfect", "-o", out).exit_code == 1
    (folder / "hidden.jpg").rename(folder / "b.jpg")
    assert run(folder, "--model", "perfect", "-o", out).exit_code == 1  # neither --resume nor --overwrite
    # What went well is not asked again: its depth would be NaN now.
    known["perfect"].change = lambda z: z * (1.5 if abs(z.max() - 6.6) < 0.01 else np.nan)
    result = run(folder, "--model", "perfect", "-o", out, "--resume", "--json")
    assert result.exit_code == 0, result.output
    photos = {row["pair"]: row for row in json.loads((out / "report.json").read_text())["photos"]}
    assert photos["b"]["metric"]["abs_rel"] == pytest.approx(0.5, rel=1e-3)
    assert photos["a"]["metric"]["abs_rel"] == photos["c"]["metric"]["abs_rel"] == 0


def test_more_models_may_be_added_to_a_report(folder: Path, known: dict[str, Any]) -> None:
    out = folder / "report"
    assert run(folder, "--model", "perfect", "-o", out).exit_code == 0
    assert run(folder, "--model", "perfect", "--model", "far", "-o", out, "--resume").exit_code == 0
    assert set(json.loads((out / "report.json").read_text())["models"]) == {"perfect", "far"}


def test_an_error_model_is_fitted_and_merged(
    tmp_path: Path, known: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, tuple("abcdefg"))
    file = tmp_path / "errors.json"
    for name in ("noisy", "far"):
        known[name].folder = tmp_path
    first = run(tmp_path, "--model", "noisy", "--error-model", file, "--json")
    assert first.exit_code == 0, first.output
    assert run(tmp_path, "--model", "far", "--error-model", file).exit_code == 0
    models = read_error_models(file)
    assert set(models) == {"noisy", "far"} and models["noisy"].photos == 7
    assert models["noisy"].spread == pytest.approx(0.03, rel=0.4)
    assert (
        "7 photos of 7 scenes (7 render), focal length from the photo or the model, "
        in models["noisy"].source
    )
    assert output_of(first)["error_models"]["noisy"]["model"]["local"] == models["noisy"].local


def test_too_few_photos_make_no_error_model(folder: Path, known: dict[str, Any]) -> None:
    result = run(folder, "--model", "noisy", "--error-model", folder / "errors.json")
    assert result.exit_code == 1 and "needs 5 photos" in result.stderr
    assert not (folder / "errors.json").exists()


def test_samples_come_back_from_their_files(folder: Path, tmp_path: Path) -> None:
    pairs = read_manifest(folder)
    for estimator in (Fake(folder, lambda z: 1.1 * z), Fake(folder, lambda z: 1 / z, gives="relative")):
        kept, held = Samples(tmp_path / "residuals"), Samples(None)
        outcome = compare(pairs[0], estimator, Settings(), Journal())
        for samples in (kept, held):
            samples.add(outcome)
            assert samples.has("a") and not samples.has("b")
        (one,), (other,) = kept.of(pairs), held.of(pairs)
        for name, value in vars(other).items():
            np.testing.assert_array_equal(getattr(one, name), value)
        assert one.common == other.common == residuals_of(outcome).common


def test_a_model_without_weights_does_not_stop_the_others(folder: Path, known: dict[str, Any]) -> None:
    result = run(folder, "--model", "missing", "--model", "perfect")
    assert result.exit_code == 1 and "no weights" in result.stderr
    assert "perfect: 3 photos, 0 failed" in result.stdout
    alone = run(folder, "--model", "missing")
    assert alone.exit_code == 1 and "no weights" in alone.stderr


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--resume"], 2, "give it with -o"),
        (["--resume", "--overwrite", "-o", "x"], 2, "mutually exclusive"),
        (["--model", "perfekt"], 1, "Unknown model 'perfekt'"),
        (["--limit", "0"], 2, "--limit"),
        (["-o", "no/such/folder"], 1, "cannot be written"),
        (["--error-model", "no/such/file.json"], 1, "cannot be written"),
    ],
)
def test_invalid_input_is_reported(
    folder: Path, known: dict[str, Any], words: list[str], code: int, message: str
) -> None:
    result = run(folder, "--model", "perfect", *words)
    assert result.exit_code == code and message in result.stderr


def test_a_file_that_is_no_error_model_is_not_replaced(folder: Path, known: dict[str, Any]) -> None:
    (folder / "notes.json").write_text("{}")
    result = run(folder, "--model", "perfect", "--error-model", folder / "notes.json")
    assert result.exit_code == 1 and (folder / "notes.json").read_text() == "{}"


def test_a_limit_takes_the_first(folder: Path, known: dict[str, Any]) -> None:
    write(folder, {"a": entry("a"), "nothing": entry("x")})
    assert run(folder, "--model", "perfect", "--limit", "1").exit_code == 0


def test_the_real_photos_are_measured(shared_data: Path) -> None:
    outcome = output_of(
        run(shared_data / "rgbd", "--model", "preview", "--json", "-q", "--known-camera", "--limit", "12")
    )
    overall = outcome["models"]["preview"]["overall"]
    assert outcome["ok"] and overall["photos"] == 12
    # Only that it was measured: these pairs judge the preview, and no test selects it by them.
    assert 0 < overall["values"]["scale.abs_rel"]["median"] < 1
    assert overall["values"]["covered"]["mean"] > 0.8
