"""Metric scale from the command line: known measurements on the sample data and on a recorded network output."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from recon.depth_map.read import read_depth
from recon_cli.group import recon

SAMPLE = Path(__file__).parents[3] / "sample_data"
RECORDED = Path(__file__).parents[4] / "shared" / "data" / "relative"
PAIRS: dict[str, dict[str, Any]] = json.loads((SAMPLE / "pairs.json").read_text())


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(recon, [str(word) for word in words])


def output_of(*words: str | Path) -> dict[str, Any]:
    done = run(*words, "--json")
    assert done.exit_code == 0, done.stderr
    return dict(json.loads(done.stdout))


def decided(answer: dict[str, Any], topic: str) -> dict[str, Any]:
    (result,) = [each for each in answer["entries"] if each["topic"] == topic and each["kind"] == "decision"]
    return dict(result)


def relative_of(name: str, folder: Path, *, noise: float = 0.0, seed: int = 0) -> Path:
    """The sample's true depth made relative, with noise in patches of 24 px."""
    pair = PAIRS[name]
    depth = read_depth(SAMPLE / pair["depth"], 1 / pair["depth_units_per_metre"])
    height, width = depth.z_m.shape
    inverse = np.divide(1, depth.z_m, out=np.zeros_like(depth.z_m), where=depth.valid)
    error = np.random.default_rng(seed).normal(0, noise, (height // 24 + 1, width // 24 + 1))
    patches = np.exp(error.repeat(24, axis=0).repeat(24, axis=1)[:height, :width])
    np.save(
        folder / f"{name}.npy",
        np.where(depth.valid, (inverse * patches + 0.07) / 0.013, np.nan).astype(np.float32),
    )
    return folder / f"{name}.npy"


def distances(name: str) -> list[str]:
    """``--at`` with the true distance of some pixels, so that the scatter of all shows how good the depth is."""
    pair = PAIRS[name]
    z_m = read_depth(SAMPLE / pair["depth"], 1 / pair["depth_units_per_metre"]).z_m
    fx, fy, cx, cy = pair["K_fx_fy_cx_cy"]
    words = []
    for x, y in ((100.5, 700.5), (600.5, 500.5), (900.5, 400.5)):
        distance_m = float(z_m[int(y), int(x)]) * np.hypot(1.0, np.hypot((x - cx) / fx, (y - cy) / fy))
        words += ["--at", f"{x},{y}={distance_m:.4f}m"]
    return words


def length(known: dict[str, Any]) -> str:
    (ax, ay), (bx, by) = known["a_px"], known["b_px"]
    return f"{ax},{ay}:{bx},{by}={known['length_m']}m"


@pytest.mark.parametrize(
    ("name", "left_out"), [("living_room", 0), ("living_room", 2), ("street", 0), ("street", 1)]
)
def test_a_length_that_was_not_given_is_measured_within_its_interval(
    tmp_path: Path, name: str, left_out: int
) -> None:
    lengths = list(PAIRS[name]["known_lengths"])
    asked = lengths.pop(left_out)
    given = [word for each in lengths for word in ("--length", length(each))]
    photo, scene = SAMPLE / f"{name}.jpg", tmp_path / "s.npz"
    answer = output_of(
        *("build", photo, "--relative-depth", relative_of(name, tmp_path), "-o", scene),
        *(*given, *distances(name), "--camera-height", "1.5m+-1cm"),
    )
    assert decided(answer, "calibration")["values"]["kind"] == "relative"
    (ax, ay), (bx, by) = asked["a_px"], asked["b_px"]
    result = output_of(
        "measure", scene, "--from", f"{ax},{ay}", "--to", f"{bx},{by}", "--depth-sigma", "0.5%"
    )
    (measured,) = result["measurements"]
    assert measured["low"] <= asked["length_m"] <= measured["high"]
    assert measured["high"] - measured["low"] < 0.3 * asked["length_m"]


def test_a_calibration_is_saved_and_gives_the_same_metres(tmp_path: Path) -> None:
    photo, relative = SAMPLE / "living_room.jpg", relative_of("living_room", tmp_path)
    (tmp_path / "known.json").write_text(
        json.dumps([{"camera_height": "1.5m"}, {"at": [900.5, 300.5], "distance": "4.5m", "sigma": "40%"}])
    )
    known = [word for each in PAIRS["living_room"]["known_lengths"] for word in ("--length", length(each))]
    words = ["--relative-depth", relative, *known, "--constraints", tmp_path / "known.json"]
    output_of("build", photo, *words, "-o", tmp_path / "a.npz")
    output_of("calibrate", photo, *words, "-o", tmp_path / "cal.json")
    calibration = ["--relative-depth", relative, "--calibration", tmp_path / "cal.json"]
    again = output_of("build", photo, *calibration, "-o", tmp_path / "b.npz")
    assert not [text for text in again["warnings"] if "calibration" in text]
    with np.load(tmp_path / "a.npz") as first, np.load(tmp_path / "b.npz") as second:
        assert np.array_equal(first["z_m"], second["z_m"])
    street = ["--relative-depth", relative_of("street", tmp_path), *calibration[2:]]
    other = output_of("build", SAMPLE / "street.jpg", *street, "-o", tmp_path / "c.npz")
    assert any("made on living_room.jpg" in text for text in other["warnings"])
    zoomed = output_of("build", photo, *calibration, "--focal-px", "1200", "-o", tmp_path / "d.npz")
    assert any("another camera or zoom" in text for text in zoomed["warnings"])


def test_a_focal_length_that_misleads_is_noticed_and_can_be_fitted(tmp_path: Path) -> None:
    """As in a cropped picture: lengths in two directions fit another focal length than the one that is used."""
    photo, pair = SAMPLE / "living_room.jpg", PAIRS["living_room"]
    known = [word for each in pair["known_lengths"] for word in ("--length", length(each))]
    words = ["build", photo, "--depth", SAMPLE / pair["depth"], *known, "--camera-height", "1.5m"]
    right = output_of(*words, "-o", tmp_path / "a.npz")
    assert not any("the known lengths fit a focal length" in text for text in right["warnings"])
    wrong = output_of(*words, "--focal-px", "2000", "-o", tmp_path / "b.npz")
    assert any("the known lengths fit a focal length" in text for text in wrong["warnings"])
    fitted = output_of(*words, "--focal-px", "2000", "--fit", "scale+focal", "-o", tmp_path / "c.npz")
    focal = fitted["scene"]["focal"]
    assert focal["source"] == "fit" and focal["fx_px"] == pytest.approx(pair["K_fx_fy_cx_cy"][0], rel=0.02)
    assert 0.001 < focal["sigma"] < 0.2


def test_what_is_given_wrong_is_one_sentence_and_nothing_is_written(tmp_path: Path) -> None:
    photo, relative = SAMPLE / "living_room.jpg", relative_of("living_room", tmp_path)
    words = ["build", photo, "--relative-depth", relative, "-o", tmp_path / "a.ply"]
    for extra, code, says in (
        ([], 1, "add two known lengths"),
        (["--at", "100,100=3m"], 1, "2 are needed"),
        (["--at", "100,100=3"], 2, "expected a number with a unit"),
        (["--at", "5000,100=3m", "--at", "10,10=3m"], 1, "lies outside the photo (1152 x 864 px)"),
        (["--constraints", tmp_path / "none.json"], 1, "cannot be read"),
        (["--calibration", tmp_path / "none.json"], 1, "cannot be read"),
        (["--calibration", "c.json", "--at", "1,2=3m"], 2, "--calibration is applied unchanged"),
        (["--reference", "cal.json"], 1, "pass a saved calibration as --calibration cal.json"),
        (["--model", "preview"], 2, "--relative-depth"),
    ):
        done = run(*words, *extra)
        assert done.exit_code == code and says in done.stderr, (extra, done.stderr)
        assert "Traceback" not in done.stderr and not (tmp_path / "a.ply").exists()


@pytest.mark.data
@pytest.mark.skipif(not RECORDED.is_dir(), reason="needs ../shared/data")
def test_the_recorded_output_of_a_network_is_calibrated_and_built(tmp_path: Path) -> None:
    """Archive boxes are 32 cm wide; the lid in front is at a distance of about 1 m."""
    known = [
        "--length",
        "428,95:497,90=32cm",
        "--length",
        "287,87:353,80=32cm+-5%",
        "--at",
        "300,400=0.9m+-10cm",
    ]
    answer = output_of(
        *("build", RECORDED / "webcam.png", "--relative-depth", RECORDED / "webcam.relative.npy"),
        *(
            "--fov",
            "60",
            *known,
            "-o",
            tmp_path / "w.npz",
            "-o",
            tmp_path / "w.ply",
            "-o",
            tmp_path / "w.glb",
        ),
    )
    assert decided(answer, "calibration")["values"]["scale"] > 0
    measured = output_of(
        "measure", tmp_path / "w.npz", "--from", "446,190", "--to", "518,186", "--depth-sigma", "5%"
    )
    (box,) = measured["measurements"]
    assert box["low"] < 0.32 < box["high"]
