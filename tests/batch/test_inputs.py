"""What is worked on, and what its outputs are called."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.batch.inputs import find_inputs, output_names
from recon.errors import PhotoError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def names(*words: Path | str, recursive: bool = False) -> list[str]:
    return [file.name for file in find_inputs([str(word) for word in words], recursive=recursive).files]


def test_a_folder_gives_its_photos_and_leaves_the_rest(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "b.JPG",
        "a.heic",
        ".hidden.jpg",
        "notes.txt",
        "clip.mp4",
        "a.depth.png",
        "c.depth.png",
        "in/d.jpg",
    )
    inputs = find_inputs([str(tmp_path)])
    assert [file.name for file in inputs.files] == [
        "a",
        "b",
        "c.depth",
    ]  # c.depth has no photo: it is one
    assert {path.name: why for path, why in inputs.skipped} == {
        ".hidden.jpg": "hidden",
        "notes.txt": "not a photo",
        "clip.mp4": "a video: pass its path explicitly",
        "a.depth.png": "the depth of a photo",
    }
    assert names(tmp_path, recursive=True) == ["a", "b", "c.depth", "in/d"]


def test_the_folder_structure_is_kept_below_what_all_have_in_common(tmp_path: Path) -> None:
    touch(tmp_path, "kitchen/1.jpg", "kitchen/2.jpg", "bath/1.jpg", "bath/deep/1.jpg")
    assert names(tmp_path / "kitchen") == ["1", "2"]
    assert names(tmp_path / "kitchen", tmp_path / "bath") == ["kitchen/1", "kitchen/2", "bath/1"]
    assert names(tmp_path / "kitchen/1.jpg", tmp_path / "bath/deep/1.jpg") == ["kitchen/1", "bath/deep/1"]
    shell, quoted = [tmp_path / "bath/1.jpg", tmp_path / "kitchen/1.jpg"], tmp_path / "*/1.jpg"
    assert names(*shell) == names(quoted) == ["bath/1", "kitchen/1"]
    assert names(tmp_path / "**/*.jpg") == names(tmp_path, recursive=True)


def test_equal_names_keep_their_suffixes(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "a.png", "b.jpg", "c.jpg", "C.PNG")
    assert sorted(names(tmp_path)) == ["C.PNG", "a.jpg", "a.png", "b", "c.jpg"]


@given(
    st.lists(
        st.tuples(st.sampled_from(["", "x/", "y/"]), st.text("aB.jp", min_size=1, max_size=5)), unique=True
    )
)
def test_no_two_photos_ever_get_one_name(parts: list[tuple[str, str]]) -> None:
    paths = sorted({Path(folder + name) for folder, name in parts if name.strip(".")})
    result = output_names(paths)
    assert len({name for name in result}) == len(paths)
    for path, name in zip(paths, result, strict=True):
        assert name in (path.as_posix(), path.with_suffix("").as_posix())


def test_one_file_named_twice_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a.jpg", "b.jpg")
    monkeypatch.chdir(tmp_path)
    assert names("a.jpg", "./a.jpg", tmp_path / "a.jpg", ".") == ["a", "b"]


def test_a_file_whose_name_is_a_pattern_is_a_file(tmp_path: Path) -> None:
    touch(tmp_path, "a[1].jpg", "a1.jpg")
    assert names(tmp_path / "a[1].jpg") == ["a[1]"]


def test_a_missing_file_or_one_that_is_not_a_photo_is_reported_when_it_is_processed(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "scan")
    assert names(tmp_path / "a.jpg", tmp_path / "gone.jpg", tmp_path / "scan") == ["a", "gone", "scan"]


@pytest.mark.parametrize(
    ("made", "word", "says"),
    [
        ([], ".", "contains no files"),
        (["notes.txt", "x.pdf"], ".", "only notes.txt, x.pdf"),
        (["in/a.jpg"], ".", "--recursive"),
        (["a.jpg"], "*.png", "matches no photo"),
        (["a.txt"], "*", "matches no photo"),
    ],
)
def test_nothing_to_do_is_an_error_that_says_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: list[str], word: str, says: str
) -> None:
    touch(tmp_path, *made)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PhotoError, match=says.replace("*", r"\*")):
        find_inputs([word])


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need rights on Windows")
def test_a_link_to_a_folder_is_no_endless_way(tmp_path: Path) -> None:
    touch(tmp_path, "in/a.jpg")
    (tmp_path / "in" / "back").symlink_to(tmp_path, target_is_directory=True)
    assert names(tmp_path, recursive=True) == ["in/a"]


def test_what_an_earlier_run_wrote_is_no_photo(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "a.png")
    inputs = find_inputs([str(tmp_path)], is_output=lambda path: path.suffix == ".png")
    assert [file.name for file in inputs.files] == ["a"]
    assert inputs.skipped == ((tmp_path / "a.png", "written by an earlier run"),)


def test_every_suffix_of_photos_counts(tmp_path: Path) -> None:
    for suffix in (".jfif", ".JFIF", ".jpe", ".mpo"):
        (tmp_path / f"a{suffix.lower().removeprefix('.')}{suffix}").touch()
    assert len(find_inputs([str(tmp_path)]).files) >= 3
