"""All or nothing: what happens to the old file, and what is left behind, when writing goes wrong."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recon.atomic_write import check_writable, staged
from recon.errors import ExportError


@pytest.fixture
def old(tmp_path) -> Path:
    path = tmp_path / "scene.ply"
    path.write_text("old")
    return path


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_the_new_file_replaces_the_old_and_nothing_else_is_left(old):
    with staged(old) as temporary:
        temporary.write_text("new")
        assert old.read_text() == "old"
        assert temporary.name == old.name
        assert temporary.stat().st_dev == old.stat().st_dev
    assert old.read_text() == "new"
    assert names(old.parent) == ["scene.ply"]


@pytest.mark.parametrize("failure", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_an_interruption_leaves_the_old_files(old, failure):
    sidecar = old.with_suffix(".mtl")
    sidecar.write_text("old sidecar")
    with pytest.raises(failure), staged(old, (sidecar,)) as temporary:
        (temporary.parent / sidecar.name).write_text("new")
        temporary.write_text("half a fi")
        raise failure
    assert old.read_text() == "old"
    assert sidecar.read_text() == "old sidecar"
    assert names(old.parent) == ["scene.mtl", "scene.ply"]


@pytest.mark.parametrize(
    ("code", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EACCES, "permission"), (errno.EIO, "cannot be written")],
)
def test_a_failing_disk_is_one_sentence(old, code, words):
    with pytest.raises(ExportError, match=words) as refused, staged(old) as temporary:
        temporary.write_text("half")
        raise OSError(code, os.strerror(code))
    assert str(old) in str(refused.value)
    assert old.read_text() == "old"
    assert names(old.parent) == ["scene.ply"]


def test_what_appeared_meanwhile_is_not_replaced_unless_asked(tmp_path):
    path = tmp_path / "scene.obj"
    sidecar = tmp_path / "scene.mtl"

    def write(**how):
        with staged(path, (sidecar,), **how) as temporary:
            temporary.write_text("new")
            (temporary.parent / sidecar.name).write_text("new")
            sidecar.write_text("another run's")

    with pytest.raises(ExportError, match=r"scene\.mtl has appeared in the meantime"):
        write(overwrite=False)
    assert sidecar.read_text() == "another run's"
    assert names(tmp_path) == ["scene.mtl"]
    write(overwrite=True)
    assert sidecar.read_text() == "new"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_really_full_disk(old):
    with pytest.raises(ExportError, match="disk is full"), staged(old) as temporary:
        temporary.symlink_to("/dev/full")
        with temporary.open("wb") as file:
            file.write(b"x" * 100_000)
    assert old.read_text() == "old"
    assert names(old.parent) == ["scene.ply"]


def test_a_missing_folder_is_not_made(tmp_path):
    path = tmp_path / "missing" / "scene.ply"
    with pytest.raises(ExportError, match="does not exist"), staged(path):
        pytest.fail("the body must not run")
    assert names(tmp_path) == []


def test_a_file_in_the_place_of_the_folder(old):
    with pytest.raises(ExportError, match="not a folder"), staged(old / "scene.ply"):
        pytest.fail("the body must not run")


def test_a_folder_in_the_place_of_a_sidecar_moves_nothing(old):
    sidecar = old.parent / "scene.mtl"
    sidecar.mkdir()
    with pytest.raises(ExportError, match=r"scene\.mtl is a folder"), staged(old, (sidecar,)) as temporary:
        temporary.write_text("new")
        (temporary.parent / "scene.mtl").write_text("new")
    assert old.read_text() == "old"
    assert names(old.parent) == ["scene.mtl", "scene.ply"]


class TestFolder:
    """An output that is a folder: its files are all or nothing too."""

    @pytest.fixture
    def scene(self, tmp_path) -> Path:
        folder = tmp_path / "scene.colmap"
        folder.mkdir()
        (folder / "points.txt").write_text("old")
        return folder

    @staticmethod
    def write(folder: Path, text: str) -> None:
        with staged(folder, [folder / "points.txt", folder / "images" / "a.jpg"]) as temporary:
            (temporary / "images").mkdir(parents=True)
            (temporary / "points.txt").write_text(text)
            (temporary / "images" / "a.jpg").write_text(text)

    def test_a_new_one(self, tmp_path):
        self.write(tmp_path / "a.colmap", "new")
        assert (tmp_path / "a.colmap" / "images" / "a.jpg").read_text() == "new"
        assert names(tmp_path) == ["a.colmap"]

    def test_the_old_one_is_replaced_as_a_whole(self, scene):
        self.write(scene, "new")
        assert (scene / "points.txt").read_text() == "new"
        assert names(scene.parent) == ["scene.colmap"]

    def test_what_is_not_ours_is_never_lost(self, scene):
        (scene / "database.db").write_text("hours of work")
        with pytest.raises(ExportError, match="contains other files"):
            check_writable([(scene, scene / "points.txt")], overwrite=True)
        with pytest.raises(ExportError, match="is a folder"):
            self.write(scene, "new")
        assert (scene / "points.txt").read_text() == "old"
        assert names(scene) == ["database.db", "points.txt"]

    def test_something_to_lose_needs_overwrite(self, scene):
        files = (scene, scene / "points.txt")
        with pytest.raises(ExportError, match="--overwrite"):
            check_writable([files], overwrite=False)
        check_writable([files], overwrite=True)

    @pytest.mark.parametrize("failure", [OSError(errno.EIO, "disk"), KeyboardInterrupt()])
    def test_the_old_one_comes_back_where_the_last_step_fails(self, scene, failure, monkeypatch):
        rename = os.rename

        def fails_for_the_new(source, target):
            if Path(target) == scene and not Path(source).name.endswith(".old"):
                raise failure
            rename(source, target)

        monkeypatch.setattr(os, "rename", fails_for_the_new)
        with pytest.raises((ExportError, KeyboardInterrupt)):
            self.write(scene, "new")
        assert (scene / "points.txt").read_text() == "old"
        assert names(scene.parent) == ["scene.colmap"]

    def test_a_file_that_is_missing_is_our_bug(self, scene):
        with pytest.raises(ValueError, match="declares"), staged(scene, [scene / "points.txt"]) as temporary:
            temporary.mkdir()
        assert (scene / "points.txt").read_text() == "old"


def test_the_umask_is_honoured(tmp_path):
    path = tmp_path / "scene.ply"
    before = os.umask(0o027)
    try:
        with staged(path) as temporary:
            temporary.write_text("new")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_writer_that_does_not_keep_to_its_list_is_our_bug(old):
    with pytest.raises(ValueError, match="declares"), staged(old) as temporary:
        temporary.write_text("new")
        (temporary.parent / "surprise.jpg").write_text("x")
    assert old.read_text() == "old"


def test_a_long_name_in_any_script(tmp_path):
    path = tmp_path / ("室" * 80 + ".ply")
    with staged(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"
    with pytest.raises(ExportError, match="too long"), staged(tmp_path / ("室" * 90 + ".ply")) as temporary:
        temporary.write_text("new")
    assert names(tmp_path) == [path.name]


def test_what_a_killed_run_left_is_not_taken_up(old):
    code = (
        "import sys, time; from pathlib import Path; from recon.atomic_write import staged\n"
        f"with staged(Path({str(old)!r})) as temporary:\n"
        "    temporary.write_text('half'); print('ready', flush=True); time.sleep(60)"
    )
    killed = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert killed.stdout is not None
    assert killed.stdout.readline() == b"ready\n"
    killed.send_signal(signal.SIGKILL)
    killed.wait(10)
    litter = [name for name in names(old.parent) if name.endswith(".part")]
    assert len(litter) == 1
    assert old.read_text() == "old"
    with staged(old) as temporary:
        assert temporary.parent.name != litter[0]
        assert list(temporary.parent.iterdir()) == []
        temporary.write_text("new")
    assert old.read_text() == "new"
    assert names(old.parent) == sorted([*litter, "scene.ply"])


def test_ctrl_c_in_a_real_process_leaves_no_litter(old):
    code = (
        "import time; from pathlib import Path; from recon.atomic_write import staged\n"
        f"with staged(Path({str(old)!r})) as temporary:\n"
        "    temporary.write_text('half'); print('ready', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) != 0
    assert old.read_text() == "old"
    assert names(old.parent) == ["scene.ply"]


class TestCheckWritable:
    def test_new_and_empty_files_pass(self, tmp_path):
        empty = tmp_path / "empty.ply"
        empty.touch()
        check_writable([(empty,), (tmp_path / "new.ply",)], overwrite=False)

    def test_something_to_lose_needs_overwrite(self, old):
        with pytest.raises(ExportError, match="--overwrite"):
            check_writable([(old,)], overwrite=False)
        check_writable([(old,)], overwrite=True)

    def test_a_sidecar_counts_too(self, old):
        with pytest.raises(ExportError, match=r"written with new\.obj.*--overwrite"):
            check_writable([(old.parent / "new.obj", old)], overwrite=False)

    def test_a_folder_is_never_replaced(self, tmp_path):
        (tmp_path / "scene.ply").mkdir()
        with pytest.raises(ExportError, match="is a folder"):
            check_writable([(tmp_path / "scene.ply",)], overwrite=True)

    def test_two_outputs_of_one_name(self, tmp_path):
        path = tmp_path / "scene.ply"
        again = tmp_path / "." / ".." / tmp_path.name / "scene.ply"
        with pytest.raises(ExportError, match="twice"):
            check_writable([(path,), (again,)], overwrite=True)

    def test_sidecars_that_clash(self, tmp_path):
        shared = tmp_path / "scene.mtl"
        with pytest.raises(ExportError, match="twice"):
            check_writable([(tmp_path / "a.obj", shared), (tmp_path / "b.obj", shared)], overwrite=True)

    def test_what_is_read_is_never_replaced(self, old):
        with pytest.raises(ExportError, match="is an input file"):
            check_writable([(old.parent / "a.obj", old)], overwrite=True, inputs=[old])

    def test_what_a_link_leads_to_is_read_too(self, old):
        link = old.parent / "link.ply"
        link.symlink_to(old.name)
        for output in (old, link):
            with pytest.raises(ExportError, match="is an input file"):
                check_writable([(output,)], overwrite=True, inputs=[link])

    def test_a_missing_folder(self, tmp_path):
        with pytest.raises(ExportError, match="does not exist"):
            check_writable([(tmp_path / "missing" / "a.ply",)], overwrite=True)

    def test_no_permission(self, tmp_path, monkeypatch):
        # Not by chmod: root, as which containers test, may write everywhere.
        monkeypatch.setattr(os, "access", lambda path, mode: False)
        with pytest.raises(ExportError, match="no permission"):
            check_writable([(tmp_path / "a.ply",)], overwrite=True)
