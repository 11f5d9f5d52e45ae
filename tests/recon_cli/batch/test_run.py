"""``recon build`` and ``recon depth`` on many photos."""

import errno
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from photo_folders import Z, build, make_photos, names_in, rows_of, run
from PIL import Image
from tiny_networks import save_depth_anything

from recon.batch.run_log import Record
from recon.depth import registry
from recon.depth.preview import Preview
from recon_cli.display import duration

ALL = [f"{name}.ply" for name in "abcdef"]


def test_a_folder_of_photos_becomes_a_folder_of_scenes(folder: Path) -> None:
    done = build(folder, "--format", "ply,glb", "--json")
    assert done.exit_code == 0, done.stderr
    assert names_in(folder / "out") == sorted(ALL + [f"{name}.glb" for name in "abcdef"])
    output = json.loads(done.stdout)
    assert output["ok"] and output["failed"] == []
    assert [Path(each["photo"]).name for each in output["written"]] == [f"{name}.jpg" for name in "abcdef"]
    assert [Path(w["path"]).name for w in output["written"][0]["written"]] == ["a.ply", "a.glb"]
    assert "6 written" in done.stderr


def test_the_files_are_those_of_single_runs(folder: Path) -> None:
    """Each photo with its own depth, and nothing of its neighbours."""
    assert build(folder, "--format", "ply").exit_code == 0
    for name in "ad":
        single = ["--depth", f"@depths/{name}.png", "--focal-px", "200", "-o", "@single.ply", "--overwrite"]
        assert run(folder, "build", f"@photos/{name}.jpg", *single).exit_code == 0
        assert (folder / "single.ply").read_bytes() == (folder / "out" / f"{name}.ply").read_bytes()


def test_a_list_on_standard_input(folder: Path) -> None:
    (folder / "photos" / "a.jpg").rename(folder / "photos" / "a name with ä.jpg")
    (folder / "depths" / "a.png").rename(folder / "depths" / "a name with ä.png")
    paths = [os.fsencode(folder / "photos" / f"{name}.jpg") for name in ("d", "a name with ä", "b")]
    words = ["build", "-", "-o", "@out", "--depth", "@depths", "--format", "xyz", "--json"]
    for separator, end in ((b"\n", b"\n"), (b"\r\n", b""), (b"\0", b"\0")):
        done = run(folder, *words, "--overwrite", stdin=separator.join(paths) + end)
        assert done.exit_code == 0, done.stderr
        written = [Path(each["photo"]).name for each in json.loads(done.stdout)["written"]]
        assert written == ["d.jpg", "a name with ä.jpg", "b.jpg"]
    assert names_in(folder / "out") == ["a name with ä.xyz", "b.xyz", "d.xyz"]
    assert run(folder, *words, stdin=b"\n \n").exit_code == 1


def test_bad_photos_are_skipped_and_reported(folder: Path) -> None:
    (folder / "photos" / "b.jpg").write_bytes(b"")
    (folder / "photos" / "c.jpg").write_bytes((folder / "photos" / "d.jpg").read_bytes()[:300])
    (folder / "depths" / "e.png").unlink()
    done = build(folder, "--format", "ply")
    assert done.exit_code == 1
    assert names_in(folder / "out") == ["a.ply", "d.ply", "f.ply", "failed.json"]
    assert "b.jpg is empty (0 bytes)" in done.stderr and "has no depth file in" in done.stderr
    assert "3 of 6 failed (b.jpg, c.jpg, e.jpg)" in done.stderr and "Traceback" not in done.stderr
    failed = json.loads((folder / "out" / "failed.json").read_text())["failed"]
    assert [Path(each["photo"]).name for each in failed] == ["b.jpg", "c.jpg", "e.jpg"]
    assert [each["error"]["type"] for each in failed] == ["PhotoError", "PhotoError", "DepthFileError"]
    again = build(folder, "--format", "ply", "--resume", "--json")
    assert again.exit_code == 1 and json.loads(again.stdout)["done_before"] == 3
    # Once repaired, they are processed, and the list of failures is deleted.
    make_photos(folder, "abcdef")
    assert build(folder, "--format", "ply", "--resume").exit_code == 0
    assert names_in(folder / "out") == ALL


def test_names_that_collide_lose_nothing(folder: Path) -> None:
    make_photos(folder, "ab", suffix=".png")
    done = run(folder, "build", "@photos", "-o", "@out", "--format", "ply", "--model", "preview")
    assert done.exit_code == 0, done.stderr
    expected = ["a.jpg.ply", "a.png.ply", "b.jpg.ply", "b.png.ply", "c.ply", "d.ply", "e.ply", "f.ply"]
    assert names_in(folder / "out") == expected


def test_folders_keep_their_structure(folder: Path) -> None:
    (folder / "photos" / "in").mkdir()
    (folder / "photos" / "a.jpg").rename(folder / "photos" / "in" / "b.jpg")
    words = ["build", "@photos", "-o", "@photos/out", "--format", "obj", "--model", "preview"]
    assert run(folder, *words).exit_code == 0
    assert "in/b.obj" not in names_in(folder / "photos" / "out")
    assert run(folder, *words, "--recursive", "--resume").exit_code == 0
    result = names_in(folder / "photos" / "out")
    assert {"b.obj", "b.mtl", "in/b.obj", "in/b.mtl"} <= set(result)
    # What it wrote itself, the textures too, is no photo the next time.
    again = run(folder, *words, "--recursive", "--resume", "--json")
    assert json.loads(again.stdout)["done_before"] == 6 and names_in(folder / "photos" / "out") == result


def test_resume_does_only_what_is_missing(folder: Path) -> None:
    out = folder / "out"
    assert build(folder, "--format", "ply").exit_code == 0
    (out / "b.ply").unlink()  # gone
    Image.fromarray(np.zeros((120, 160, 3), np.uint8)).save(folder / "photos" / "d.jpg")  # another photo
    make_photos(folder, ["g"])  # a new one
    os.utime(folder / "depths" / "e.png", (1, 1))  # other depth
    before = {path.name: path.stat().st_mtime_ns for path in out.glob("*.ply")}
    done = build(folder, "--format", "ply", "--resume", "--json")
    assert done.exit_code == 0, done.stderr
    written = [Path(each["photo"]).name for each in json.loads(done.stdout)["written"]]
    assert written == ["b.jpg", "d.jpg", "e.jpg", "g.jpg"]
    after = {path.name: path.stat().st_mtime_ns for path in out.glob("*.ply")}
    assert {name for name in before if after[name] == before[name]} == {"a.ply", "c.ply", "f.ply"}
    nothing = build(folder, "--format", "ply", "--resume", "--json")
    output = json.loads(nothing.stdout)
    assert (nothing.exit_code, output["done_before"], output["written"]) == (0, 7, [])


def test_resume_makes_again_what_is_cut_off_and_keeps_what_was_edited(folder: Path) -> None:
    out = folder / "out"
    assert build(folder, "--format", "ply").exit_code == 0
    whole = {name: (out / name).read_bytes() for name in ALL}
    (out / "a.ply").write_bytes(b"")
    (out / "c.ply").write_bytes(whole["c.ply"][:-100])
    (out / "e.ply").write_bytes(b"edited" + whole["e.ply"])
    done = build(folder, "--format", "ply", "--resume")
    assert done.exit_code == 0 and "4 of 6 are already done" in done.stderr
    assert "edited since recon wrote them, and kept: e.ply" in done.stderr
    assert {name: (out / name).read_bytes() for name in ALL} == {**whole, "e.ply": b"edited" + whole["e.ply"]}


def test_a_second_run_in_the_same_folder_is_refused(folder: Path) -> None:
    assert build(folder, "--format", "ply").exit_code == 0
    rows = (folder / "out" / "batch.jsonl").read_bytes()
    with Record(folder / "out", {}) as record:
        record.lock()
        for words in ((), ("--resume",), ("--overwrite",)):
            done = build(folder, "--format", "ply", *words)
            assert done.exit_code == 1 and "another run is writing to" in done.stderr
        assert build(folder, "--format", "ply", "--resume", "--dry-run").exit_code == 0
    assert (folder / "out" / "batch.jsonl").read_bytes() == rows
    assert build(folder, "--format", "ply", "--resume").exit_code == 0


def test_resume_adds_another_format(folder: Path) -> None:
    out = folder / "out"
    assert build(folder, "--format", "ply").exit_code == 0
    before = {path.name: path.stat().st_mtime_ns for path in out.glob("*.ply")}
    done = build(folder, "--format", "ply,xyz", "--resume")
    assert done.exit_code == 0, done.stderr
    assert names_in(out) == sorted(ALL + [f"{name}.xyz" for name in "abcdef"])
    assert {path.name: path.stat().st_mtime_ns for path in out.glob("*.ply")} == before


def test_what_is_in_the_way_is_never_lost(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "c.ply").write_text("mine")
    for words, says in (
        ((), "--resume"),
        (("--resume",), "not in the folder's record"),
    ):
        done = build(folder, "--format", "ply", *words)
        assert done.exit_code == 1 and "c.ply already exist" in done.stderr and says in done.stderr
        assert (folder / "out" / "c.ply").read_text() == "mine" and names_in(folder / "out") == ["c.ply"]
    assert build(folder, "--format", "ply", "--overwrite").exit_code == 0
    other = build(folder, "--format", "ply", "--resume", "--stride", "2")
    assert other.exit_code == 1 and "made with other options (stride: not given)" in other.stderr
    # A photo is not written over either.
    assert (
        run(folder, "depth", "@photos", "-o", "@photos", "--format", "jpg", "--model", "preview").exit_code
        == 1
    )


def test_a_record_that_is_not_ours_is_not_touched(folder: Path) -> None:
    (folder / "out").mkdir()
    for text in ("my notes\n", '{"kind": "photo"}\n', "[]\n"):
        (folder / "out" / "batch.jsonl").write_text(text)
        done = build(folder, "--format", "ply")
        assert done.exit_code == 1 and "not a record written by recon" in done.stderr
        assert (folder / "out" / "batch.jsonl").read_text() == text


def test_a_full_disk_ends_the_run_and_it_goes_on_later(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace, count = os.replace, 0

    def full(*paths: Any) -> None:
        nonlocal count
        count += 1
        if count > 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(*paths)

    monkeypatch.setattr(os, "replace", full)
    done = build(folder, "--format", "ply")
    assert done.exit_code == 1 and "the disk is full" in done.stderr and "--resume" in done.stderr
    assert names_in(folder / "out") == ["a.ply", "b.ply"] and len(rows_of(folder / "out")) == 2
    monkeypatch.undo()
    assert build(folder, "--format", "ply", "--resume").exit_code == 0
    assert names_in(folder / "out") == ALL


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["@photos", "-o", "@no/out", "--format", "ply"], 1, "create it first"),
        (["@photos", "-o", "@photos/a.jpg", "--format", "ply"], 1, "pass the name of a folder"),
        (["@photos", "-o", "@scene.ply"], 2, "use -o DIR and --format ply"),
        (["@photos", "-o", "@a", "-o", "@b", "--format", "ply"], 2, "one folder"),
        (["@photos", "-o", "@out", "--format", "foo"], 1, ".foo is not a known format"),
        (["@photos", "-o", "@out", "--format", ","], 2, "glb,ply"),
        (["@photos", "-o", "@out", "--at", "1,1=2m"], 2, "--at refers to pixels of one photo"),
        (["@photos", "-o", "@out", "--length", "1,1:2,2=2m"], 2, "--length refers to pixels"),
        (["@photos", "-o", "@out", "--depth", "@depths/a.png"], 2, "pass a folder"),
        (["@photos", "-o", "@out", "--reference", "@depths/a.png"], 2, "belongs to one photo"),
        (["@photos", "-o", "@out", "--resume", "--overwrite"], 2, "mutually exclusive"),
        (["@photos", "-o", "@out", "--every", "2"], 2, "--every selects frames of a video"),
        (["@photos/a.jpg", "-o", "@a.ply", "--resume"], 2, "--resume requires several photos"),
        (
            ["@photos", "-o", "@out", "--model", "dav2-small", "--offline"],
            1,
            "metric scale needs a reference",
        ),
        (["@depths/none*.png", "-o", "@out"], 1, "matches no photo"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(
    folder: Path, words: list[str], code: int, says: str
) -> None:
    before = names_in(folder)
    done = run(folder, "build", *words)
    assert done.exit_code == code, done.stderr
    assert says in done.stderr and "Traceback" not in done.stderr
    assert [name for name in names_in(folder) if name != "out/batch.jsonl"] == before


def test_missing_weights_end_the_run_at_once(folder: Path) -> None:
    done = run(folder, "build", "@photos", "-o", "@out", "--model", "dav2-metric-indoor-small", "--offline")
    assert done.exit_code == 1 and "recon models pull" in done.stderr
    assert "failed" not in done.stderr and names_in(folder / "out") == []


def test_one_model_serves_all_photos(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    create = registry.create

    def counting(name: str, *rest: Any) -> Any:
        made.append(name)
        return Preview() if name == "dav2-small" else create(name, *rest)

    monkeypatch.setattr(registry, "create", counting)
    words = ["--format", "ply", "--model", "dav2-small", "--reference", "preview", "--json"]
    done = run(folder, "build", "@photos", "-o", "@out", *words)
    assert done.exit_code == 0, done.stderr
    assert made == ["dav2-small", "preview"]


def test_what_is_known_of_the_camera_holds_for_each(folder: Path) -> None:
    done = build(folder, "--format", "npz", "--camera-height", "3m")
    assert done.exit_code == 0, done.stderr
    from recon.scene import Scene

    for name in "af":
        scene = Scene.load(folder / "out" / f"{name}.npz")
        assert scene.intrinsics.fx == 200 and "camera height" in scene.provenance.calibration.reference
    # The floor of each is 3 m below, whatever its own depth said.
    depths = [Scene.load(folder / "out" / f"{name}.npz").depth.z_m.max() for name in "af"]
    assert depths[0] == pytest.approx(depths[1], rel=0.02)


def test_a_saved_calibration_holds_for_all(folder: Path) -> None:
    known = ["--model", "preview", "--focal-px", "200"]
    saved = run(
        folder, "calibrate", "@photos/a.jpg", *known, "--reference", "@depths/a.png", "-o", "@cal.json"
    )
    assert saved.exit_code == 0, saved.stderr
    done = run(
        folder, "build", "@photos", "-o", "@out", "--format", "npz", *known, "--calibration", "@cal.json"
    )
    assert done.exit_code == 0, done.stderr
    from recon.scene import Scene

    scales = {Scene.load(path).provenance.calibration.scale for path in (folder / "out").glob("*.npz")}
    assert len(scales) == 1


def test_formats_that_are_folders(folder: Path) -> None:
    words = ["build", "@photos", "-o", "@out", "--depth", "@depths", "--format", "colmap,ply"]
    assert run(folder, *words).exit_code == 0
    assert len(list((folder / "out" / "a.colmap").rglob("cameras.txt"))) == 1
    assert run(folder, *words).exit_code == 1
    assert json.loads(run(folder, *words, "--resume", "--json").stdout)["done_before"] == 6
    assert run(folder, *words, "--overwrite").exit_code == 0


def test_a_folder_of_relative_depth(folder: Path) -> None:
    from recon.scene import Scene

    (folder / "relative").mkdir()
    for k, name in enumerate("abcdef", 1):
        np.save(folder / "relative" / f"{name}.npy", (k / Z).astype(np.float32))
    known = [
        "--relative-depth",
        "@relative",
        "--camera-height",
        "1.5m",
        "--fit",
        "scale",
        "--focal-px",
        "200",
    ]
    done = run(folder, "build", "@photos", "-o", "@out", "--format", "npz", *known)
    assert done.exit_code == 0, done.stderr
    scenes = {name: Scene.load(folder / "out" / f"{name}.npz") for name in "af"}
    assert [scenes[name].provenance.model.details["file"] for name in "af"] == ["a.npy", "f.npy"]
    # The same but for its scale, which the calibration finds.
    assert scenes["a"].depth.z_m == pytest.approx(scenes["f"].depth.z_m, rel=1e-3)


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="names of any bytes are Linux's")
def test_a_name_that_is_no_text_is_a_name_all_the_same(folder: Path) -> None:
    odd = os.fsdecode(b"odd\xff")
    (folder / "photos" / "a.jpg").rename(folder / "photos" / f"{odd}.jpg")
    words = ["build", "@photos", "-o", "@out", "--model", "preview"]
    assert run(folder, *words, "--format", "ply").exit_code == 0
    assert (folder / "out" / f"{odd}.ply").is_file()
    assert run(folder, *words, "--format", "ply", "--resume", "-q").exit_code == 0
    textured = run(folder, *words, "--format", "obj")
    assert textured.exit_code == 1 and "not UTF-8" in textured.stderr and len(rows_of(folder / "out")) == 12


def test_a_dry_run_shows_the_plan_and_writes_nothing(folder: Path) -> None:
    done = build(folder, "--format", "glb,ply", "--dry-run", "--json")
    assert done.exit_code == 0, done.stderr
    output = json.loads(done.stdout)
    assert len(output["would_write"]) == 12 and output["would_write"][0] == str(folder / "out" / "a.glb")
    assert not (folder / "out").exists()
    assert build(folder, "--format", "ply").exit_code == 0
    resumed = build(folder, "--format", "ply", "--dry-run", "--resume", "--json")
    assert json.loads(resumed.stdout)["would_write"] == []


def test_depth_of_a_folder(folder: Path) -> None:
    words = ["depth", "@photos", "-o", "@out", "--depth", "@depths"]
    done = run(folder, *words, "--format", "png,npy", "--json")
    assert done.exit_code == 0, done.stderr
    stored = np.asarray(Image.open(folder / "out" / "c.png"))
    assert (stored == np.asarray(Image.open(folder / "depths" / "c.png"))).all()
    assert np.load(folder / "out" / "c.npy")[0, 0] == pytest.approx(stored[0, 0] / 1000)
    pictures = [
        *words[:2],
        "-o",
        "@pictures",
        "--depth",
        "@depths",
        "--format",
        "jpg",
        "--depth-range",
        "1,9",
    ]
    assert run(folder, *pictures).exit_code == 0
    sizes = {Image.open(path).size for path in (folder / "pictures").glob("*.jpg")}
    assert len(sizes) == 1  # one legend for all
    assert run(folder, *words, "--format", "png", "--resume", "--png-unit", "0.01").exit_code == 1
    bad = run(folder, *words, "--format", "gif")
    assert bad.exit_code == 1 and ".gif is not a known depth format" in bad.stderr


@pytest.mark.slow
def test_real_photos_with_depth_next_to_them(shared_data: Path, tmp_path: Path) -> None:
    """LiDAR, Kinect and stereo, some of the depth smaller than its photo: ``NAME.depth.png`` in the same folder."""
    photos = shared_data / "rgbd"
    words = ["build", str(photos), "-o", "@out", "--depth", str(photos), "--stride", "8", "--format", "xyz"]
    done = run(tmp_path, *words, "--json")
    assert done.exit_code == 0, done.stderr
    assert len(names_in(tmp_path / "out")) == len(list(photos.glob("*.depth.png"))) == 30


@pytest.mark.slow
def test_real_photos_with_odd_metadata(shared_data: Path, tmp_path: Path) -> None:
    """By a tiny network: only how the photos are read is of interest."""
    network = save_depth_anything(tmp_path / "network", depth_estimation_type="metric", max_depth=20)
    words = [
        "depth",
        str(shared_data / "exif"),
        "-o",
        "@out",
        "--model",
        f"hf:{network}",
        "--format",
        "npy",
        "--json",
    ]
    done = run(tmp_path, *words)
    output = json.loads(done.stdout)
    photos = [path for path in (shared_data / "exif").iterdir() if path.suffix != ".md"]
    assert len(output["written"]) + len(output["failed"]) == len(photos)
    assert all(each["error"]["type"] == "PhotoError" for each in output["failed"])
    assert done.exit_code == (1 if output["failed"] else 0) and "Traceback" not in done.stderr


def test_details_are_shown_on_request(folder: Path) -> None:
    (folder / "photos" / ".hidden.jpg").write_bytes(b"x")
    quiet, plain, verbose = (
        build(folder, "--format", "ply", "--overwrite", *words).stderr for words in (["-q"], [], ["-v"])
    )
    assert quiet == "" and ".hidden.jpg" not in plain and "1 other file skipped" in plain
    assert ".hidden.jpg: hidden" in verbose and "c: " in verbose and "c.ply: PLY, cloud" in verbose


def test_durations_are_formatted_for_people() -> None:
    assert [duration(s) for s in (4.2, 61, 700, 3 * 3600 + 120)] == ["4 s", "61 s", "12 min", "3 h 02 min"]
