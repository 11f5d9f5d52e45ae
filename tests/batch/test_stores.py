"""Photos and scenes in an object store."""

import json
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
from photo_folders import make_photos, names_in, run
from s3_server import s3

from recon import batch
from recon.batch import store_inputs
from recon.batch.store_path import Stored, StorePath, is_url, path_of
from recon.batch.store_record import StoreRecord

__all__ = ["s3"]

NAMES = "abc"
PHOTOS = "s3://bucket/photos/"
SAYS = ("--depth", "@depths", "--focal-px", "200")


@pytest.fixture
def folder(tmp_path: Path, s3: Any) -> Path:
    """``photos`` with three photos, on this machine and in the bucket, which holds nothing else; their ``depths``."""
    make_photos(tmp_path, NAMES)
    if keys := s3.find("bucket"):
        s3.rm(keys)
    for name in NAMES:
        s3.put_file(str(tmp_path / "photos" / f"{name}.jpg"), f"bucket/photos/{name}.jpg")
    return tmp_path


def objects(s3: Any, below: str = "bucket/scenes/") -> dict[str, bytes]:
    """What is there, without the record."""
    names = [name for name in s3.find(below) if not name.endswith("batch.jsonl")]
    return {name.removeprefix(below): s3.cat_file(name) for name in names}


def rows(s3: Any) -> list[dict[str, Any]]:
    lines = s3.cat_file("bucket/scenes/batch.jsonl").decode().splitlines()
    return [row for row in map(json.loads, lines) if row["kind"] == "photo"]


def test_files_record_and_exit_code_are_those_of_folders(folder: Path, s3: Any) -> None:
    s3.pipe_file("bucket/photos/bad.jpg", b"")
    (folder / "photos" / "bad.jpg").write_bytes(b"")
    there = run(folder, "build", PHOTOS, "-o", "s3://bucket/scenes/", *SAYS, "--format", "glb,obj", "--json")
    here = run(folder, "build", "@photos", "-o", "@scenes", *SAYS, "--format", "glb,obj", "--json")
    assert (there.exit_code, here.exit_code) == (1, 1)
    ours = {name: (folder / "scenes" / name).read_bytes() for name in names_in(folder / "scenes")}
    theirs = objects(s3)
    failed = json.loads(theirs.pop("failed.json"))
    assert failed == json.loads(
        ours.pop("failed.json").decode().replace(str(folder / "photos"), "s3://bucket/photos")
    )
    assert theirs == ours and len(ours) == 12
    assert sorted(row["photo"] for row in rows(s3)) == [
        f"{PHOTOS}{name}.jpg" for name in ("a", "b", "bad", "c")
    ]
    text = s3.cat_file("bucket/scenes/batch.jsonl").decode() + there.stdout + there.stderr
    assert "recon-" not in text.replace("recon-batch-1", "") and "s3:/b" not in text
    assert "s3://bucket/scenes/a.glb" in there.stdout


def test_resume_does_what_is_missing_or_new_and_keeps_what_was_edited(folder: Path, s3: Any) -> None:
    words = ("build", PHOTOS, "-o", "s3://bucket/scenes", *SAYS, "--format", "ply")
    assert run(folder, *words).exit_code == 0
    whole = objects(s3)
    again = run(folder, *words)
    assert again.exit_code == 1 and "--resume" in again.stderr and objects(s3) == whole
    s3.rm_file("bucket/scenes/a.ply")
    s3.pipe_file("bucket/scenes/b.ply", b"edited")
    resumed = run(folder, *words, "--resume")
    assert resumed.exit_code == 0 and "2 of 3 are already done" in resumed.stderr
    assert "edited since recon wrote them, and kept: b.ply" in resumed.stderr
    assert objects(s3) == {**whole, "b.ply": b"edited"}
    s3.put_file(str(folder / "photos" / "a.jpg"), "bucket/photos/c.jpg")
    assert "1 written" in run(folder, *words, "--resume").stderr
    assert objects(s3)["c.ply"] != whole["c.ply"]


def test_killed_before_the_record_is_put_it_goes_on(
    folder: Path, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    how: dict[str, Any] = {"formats": ["ply"], "options": batch_options(folder)}

    def end(event: batch.Event) -> None:
        if isinstance(event, batch.Written):
            raise RuntimeError("the machine is off")

    with monkeypatch.context() as patched:
        begin = StoreRecord.begin_all

        def begun(record: StoreRecord, photos: Any) -> None:
            begin(record, photos)
            patched.setattr(StoreRecord, "_put", lambda record: None)

        patched.setattr(StoreRecord, "begin_all", begun)
        with pytest.raises(RuntimeError, match="off"):
            batch.run(PHOTOS, "s3://bucket/scenes", on_event=end, **how)
    assert objects(s3) and not rows(s3)
    done = batch.run(PHOTOS, "s3://bucket/scenes", resume=True, **how)
    assert done.ok and len(done.written) == 3 and sorted(objects(s3)) == ["a.ply", "b.ply", "c.ply"]
    assert sorted(row["photo"] for row in rows(s3)) == [f"{PHOTOS}{name}.jpg" for name in NAMES]


def batch_options(folder: Path) -> Any:
    from recon import Options

    return Options(depth=folder / "depths", focal_px=200.0)


def test_one_side_may_be_a_folder(folder: Path, s3: Any) -> None:
    assert run(folder, "build", f"{PHOTOS}*.jpg", "-o", "@out", *SAYS).exit_code == 0
    assert names_in(folder / "out") == ["a.ply", "b.ply", "c.ply"]
    assert run(folder, "build", f"{PHOTOS}*.jpg", "-o", "@out", *SAYS, "--resume").stderr.count(
        "already done"
    )
    assert run(folder, "build", "@photos/a.jpg", "-o", "s3://bucket/scenes", *SAYS).exit_code == 0
    assert objects(s3) == {"a.ply": (folder / "out" / "a.ply").read_bytes()}


def test_odd_names_and_folders_of_a_store(folder: Path, s3: Any) -> None:
    for key in ("photos//d.jpg", "photos/", "photos/sub/e.jpg", "photos/note.txt", "photos/clip.mp4"):
        s3.pipe_file(f"bucket/{key}", b"x")
    shown = run(folder, "build", PHOTOS, "-o", "@out", "--dry-run", "-v")
    assert "3 photos in s3://bucket/photos; 2 other files skipped" in shown.stderr and shown.exit_code == 0
    deep = run(folder, "build", PHOTOS, "-o", "@out", "--dry-run", "-v", "--recursive")
    assert "4 photos" in deep.stderr and "sub/e.ply" in deep.stderr
    assert "empty or relative part" in deep.stderr


@pytest.mark.parametrize("words", [["s3://b/photos/"], ["s3://b/photos/*.jpg"]])
def test_names_that_lead_out_of_the_folder_are_skipped(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["a.jpg", "../../evil.jpg", "x/../../y.jpg"]
    found = {name: Stored(1, 1) for name in names}
    listed = [(StorePath("s3://b/photos") / name).listed(found[name]) for name in names]
    monkeypatch.setattr(store_inputs, "list_folder", lambda folder, recursive: found)
    monkeypatch.setattr(store_inputs, "list_matching", lambda pattern: listed)
    inputs = store_inputs.find_stored_inputs(words, recursive=True)
    assert [each.name for each in inputs.files] == ["a"] and len(inputs.skipped) == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("s3://nothere/photos/", "-o", "s3://bucket/x"), "bucket s3://nothere does not exist"),
        (("s3://nothere/*.jpg", "-o", "s3://bucket/x"), "bucket s3://nothere does not exist"),
        (("@photos", "-o", "s3://nothere/x"), "bucket s3://nothere does not exist"),
        (("s3://bucket/empty/", "-o", "s3://bucket/x"), "does not exist"),
        ((PHOTOS, "@photos", "-o", "s3://bucket/x"), "need one run each"),
        (("s3://bucket/clip.mp4", "-o", "s3://bucket/x"), "is a video"),
        (("gs://bucket/photos/", "-o", "@x"), "pip install gcsfs"),
        (("https://host/a.jpg", "-o", "@x"), "Download the photo first"),
        (("s3://", "-o", "@x"), "names no bucket: expected s3://BUCKET/NAME"),
        (("@photos", "-o", "s3://"), "names no bucket: expected s3://BUCKET/NAME"),
        (("s3://me:secret@bucket/photos", "-o", "@x"), "credentials are not part of it"),
        (("@photos", "-o", "gs://me:secret@bucket/x"), "credentials are not part of it"),
    ],
)
@pytest.mark.usefixtures("no_model")
def test_what_cannot_be_is_refused_in_one_sentence(folder: Path, words: tuple[str, ...], says: str) -> None:
    done = run(folder, "build", *words)
    assert done.exit_code in (1, 2) and says in done.stderr and "Traceback" not in done.stderr
    assert "secret" not in done.stderr


@pytest.mark.usefixtures("no_model")
def test_no_credentials_no_server_no_library(folder: Path, s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("build", PHOTOS, "-o", "s3://bucket/scenes")
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "fsspec", None)
        assert 'pip install "recon[s3]"' in run(folder, *words).stderr
    with monkeypatch.context() as patched:
        patched.delenv("AWS_ACCESS_KEY_ID")
        type(s3).clear_instance_cache()
        assert "there are no credentials; set AWS_PROFILE" in run(folder, *words).stderr
    with monkeypatch.context() as patched:
        patched.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        patched.setenv("AWS_MAX_ATTEMPTS", "1")
        type(s3).clear_instance_cache()
        done = run(folder, *words)
        assert done.exit_code == 1 and "Could not connect to the endpoint" in done.stderr
    type(s3).clear_instance_cache()


def test_paths_of_a_store_are_paths_whose_string_is_their_url() -> None:
    path = StorePath("s3://bucket/photos/") / "sub/a.jpg"
    assert str(path) == "s3://bucket/photos/sub/a.jpg" and path.scheme == "s3" and not path.exists()
    assert path.relative_to(StorePath("s3://bucket/photos")).as_posix() == "sub/a.jpg"
    assert str(path.with_name("b.glb")) == "s3://bucket/photos/sub/b.glb"
    assert (str(path.parent), path.stem, path.suffix) == ("s3://bucket/photos/sub", "a", ".jpg")
    assert pickle.loads(pickle.dumps(path)) == path and isinstance(path.parent, StorePath)
    assert path.fingerprint == [] and path.listed(Stored(3, 7)).fingerprint == [3, 7]
    assert is_url("S3://bucket/a.jpg") and is_url(path) and not is_url("photos/s3.jpg")
    assert type(path_of("photos")) is type(Path("photos")) and isinstance(path_of("gs://b"), StorePath)
