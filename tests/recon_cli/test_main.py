import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from rich.console import Console
from synthetic import floor_and_wall, with_box

from recon.version import __version__
from recon_cli.console import ConsoleJournal
from recon_cli.group import recon

Z = with_box(floor_and_wall(), slice(30, 90), slice(50, 100), 2.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A photo, and its measured depth in mm."""
    rgb = np.random.default_rng(0).integers(0, 256, (120, 160, 3)).astype(np.uint8)
    Image.fromarray(rgb).save(tmp_path / "photo.jpg", quality=95)
    Image.fromarray(np.rint(Z * 1000).astype(np.uint16)).save(tmp_path / "depth.png")
    return tmp_path


def run(folder: Path, *arguments: str) -> Result:
    """Runs ``recon``; words that name a file of the folder become its path."""
    words = [str(folder / word[1:]) if word.startswith("@") else word for word in arguments]
    return CliRunner().invoke(recon, words)


def build(folder: Path, *arguments: str) -> Result:
    return run(folder, "build", "@photo.jpg", "--depth", "@depth.png", "--focal-px", "200", *arguments)


def entry(output: dict[str, Any], topic: str) -> dict[str, Any]:
    """The one entry of a topic in the answer of ``--json``."""
    (result,) = [each for each in output["entries"] if each["topic"] == topic]
    return dict(result)


def start(*words: str, **how: Any) -> "subprocess.Popen[bytes]":
    """Runs ``recon`` in a separate process."""
    return subprocess.Popen([sys.executable, "-m", "recon_cli.main", *words], **how)


def heavy_modules(code: str) -> set[str]:
    """Which of the heavy libraries a fresh interpreter has loaded after ``code``."""
    result = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return {"torch", "transformers", "open3d", "cv2", "scipy", "matplotlib", "huggingface_hub"} & set(result)


def test_import_and_help_load_nothing_heavy() -> None:
    assert heavy_modules("import recon, recon.types, recon.frames") == set()
    for words in (
        ["--help"],
        ["build", "--help"],
        ["export", "--help"],
        ["depth", "--help"],
        ["models", "--help"],
        ["measure", "--help"],
        ["eval", "--help"],
    ):
        code = (
            "import contextlib, io\nfrom recon_cli.group import recon\n"
            "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
            f"    recon.main({words!r})"
        )
        assert heavy_modules(code) == set(), words


def test_a_build_with_measured_depth_loads_no_network(folder: Path) -> None:
    code = (
        "import contextlib\nfrom recon_cli.group import recon\nwith contextlib.suppress(SystemExit):\n"
        f"    recon.main(['build', {str(folder / 'photo.jpg')!r}, '--depth', {str(folder / 'depth.png')!r}, "
        f"'-q', '-o', {str(folder / 'scene.ply')!r}])"
    )
    assert heavy_modules(code) & {"torch", "transformers", "open3d"} == set()
    assert (folder / "scene.ply").is_file()


def test_build_writes_every_output_and_says_what_it_decided(folder: Path) -> None:
    done = build(folder, "-o", "@a.ply", "-o", "@b.glb", "-o", "@c.npz")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == ""
    for word in ("photo.jpg, 160 x 120 px", "200.0 px", "as given", "2.00 m", "a.ply", "points", "MB"):
        assert word in done.stderr
    assert sorted(p.name for p in folder.iterdir()) == ["a.ply", "b.glb", "c.npz", "depth.png", "photo.jpg"]


def test_json_is_the_whole_of_stdout(folder: Path) -> None:
    output = json.loads(build(folder, "-o", "@a.ply", "--json").stdout)
    assert output["ok"] and output["written"][0]["points"] == entry(output, "dropped")["values"]["kept"]
    assert output["scene"]["focal"]["fx_px"] == 200 and output["scene"]["model"]["name"] == "measured"
    failed = build(folder, "-o", "@a.ply", "--json")
    error = json.loads(failed.stdout)
    assert failed.exit_code == 1 and not error["ok"] and error["error"]["type"] == "ExportError"


def test_json_contains_all_entries_and_what_was_written(folder: Path) -> None:
    output = json.loads(build(folder, "-o", "@a.ply", "-o", "@b.glb", "--json").stdout)
    written = [each for each in output["entries"] if each["topic"] == "written"]
    assert [each["values"]["path"] for each in written] == [str(folder / "a.ply"), str(folder / "b.glb")]
    assert written[0]["values"]["points"] == output["written"][0]["points"]
    assert all(each["kind"] == "decision" and "MB" in each["message"] for each in written)
    depth = run(folder, "depth", "@photo.jpg", "--depth", "@depth.png", "-o", "@d.npy", "--json")
    assert entry(json.loads(depth.stdout), "written")["values"]["path"] == str(folder / "d.npy")


def test_a_usage_error_is_json_too(folder: Path) -> None:
    for words in (["depth", "@photo.jpg", "--json"], ["export", "--json", "--no-such-option"]):
        done = run(folder, *words)
        output = json.loads(done.stdout)
        assert done.exit_code == 2 and not output["ok"] and "Error" in done.stderr
        assert output["error"]["type"] in ("MissingParameter", "NoSuchOption") and output["error"]["message"]
    wrong = run(folder, "build", "@photo.jpg", "-o", "@a.ply", "--fov", "300", "--json")
    assert wrong.exit_code == 2 and json.loads(wrong.stdout)["error"]["type"] == "UsageError"


def test_quiet_says_nothing_and_warnings_remain(folder: Path) -> None:
    assert build(folder, "-q", "-o", "@a.ply").stderr == ""
    warned = run(folder, "build", "@photo.jpg", "--offline", "-q", "-o", "@b.ply")
    assert warned.exit_code == 0 and "recon models pull depthpro" in warned.stderr


def test_the_main_job_runs_offline_on_any_photo(folder: Path) -> None:
    done = run(folder, "build", "@photo.jpg", "-o", "@scene.ply", "--offline")
    assert done.exit_code == 0 and "preview" in done.stderr
    assert (folder / "scene.ply").stat().st_size > 100_000


def test_a_dry_run_writes_nothing(folder: Path) -> None:
    done = build(folder, "-o", "@a.ply", "--dry-run")
    assert done.exit_code == 0 and "would write" in done.stderr
    assert not (folder / "a.ply").exists()
    auto = run(folder, "build", "@photo.jpg", "-o", "@a.glb", "--dry-run", "--offline", "--json")
    output = json.loads(auto.stdout)
    assert output["would_write"] == [str(folder / "a.glb")]
    assert entry(output, "model")["values"]["name"] == "preview"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["build", "@none.jpg", "-o", "@a.ply"], 1, "does not exist"),
        (["build", "@photo.jpg", "-o", "@a.foo"], 1, ".npz, .obj"),
        (["build", "@photo.jpg", "-o", "@no/a.ply"], 1, "create it first"),
        (["build", "@photo.jpg", "-o", "@a.xyz", "--as", "mesh"], 1, "does not support a mesh"),
        (["build", "@photo.jpg", "-o", "@photo.jpg"], 1, "not a known format"),
        (["build", "@photo.jpg", "-o", "@a.ply", "--depth", "@none.png"], 1, "none.png"),
        (["build", "@photo.jpg", "-o", "@a.ply", "--model", "dephtpro"], 1, "Did you mean depthpro"),
        (
            ["build", "@photo.jpg", "-o", "@a.ply", "--model", "dav2-metric-indoor-small", "--offline"],
            1,
            "recon models pull",
        ),
        (["build", "@photo.jpg", "@photo.jpg"], 2, "add -o DIR"),
        (["depth", "@photo.jpg"], 2, "-o"),
        (["build", "@photo.jpg", "-o", "@a.ply", "--fov", "300"], 2, "--fov must be between"),
        (["build", "@photo.jpg", "-o", "@a.ply", "--fov", "60", "--focal-px", "9"], 2, "only one"),
        (["build", "@photo.jpg", "-o", "@a.ply", "--intrinsics", "1,2,3"], 2, "FX,FY,CX,CY"),
        (["build", "@photo.jpg", "-o", "@a.ply", "--stride", "0"], 2, "--stride"),
        (["build", "@photo.jpg", "-o", "@a.ply", "--axes", "x-up"], 2, "y-up"),
        (["build", "@photo.jpg", "-o", "@a.ply", "--max-depth", "nan"], 2, "--max-depth"),
        (["export", "@none.npz", "-o", "@a.ply"], 1, "does not exist"),
        (["export", "@photo.jpg", "-o", "@a.ply"], 1, "photo.jpg is not a scene file (.npz)"),
        (["build", "@photo.jpg", "-o", ""], 2, "the file name is empty"),
        (["calibrate", "@photo.jpg", "-o", ""], 2, "the file name is empty"),
        (
            ["depth", "@photo.jpg", "--depth", "@depth.png", "-o", "@d.npy", "--max-depth", "0.001"],
            1,
            "beyond --max-depth 0.001 m",
        ),
        (["depth", "@photo.jpg", "-o", "@a.gif"], 1, ".exr"),
        (["depth", "@photo.jpg", "-o", "@a.png", "--colormap", "jet"], 2, "Spectral_r"),
        (["info", "@none.ply"], 1, "none.ply"),
        (["calibrate", "@photo.jpg", "-o", "@c.json"], 2, "--reference"),
        (["view", "@none.ply"], 1, "does not exist"),
        (["models", "pull", "nothing"], 1, "Unknown model"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_nothing_is_written(
    folder: Path, arguments: list[str], code: int, says: str
) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    done = run(folder, *arguments)
    assert done.exit_code == code, done.stderr
    assert says in done.stderr and "Traceback" not in done.stderr
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_debug_shows_the_traceback(folder: Path) -> None:
    assert "Traceback" in run(folder, "build", "@none.jpg", "-o", "@a.ply", "--debug").stderr


def test_existing_files_are_replaced_only_when_asked(folder: Path) -> None:
    (folder / "a.ply").write_bytes(b"precious")
    assert build(folder, "-o", "@a.ply").exit_code == 1
    assert (folder / "a.ply").read_bytes() == b"precious"
    assert build(folder, "-o", "@a.ply", "--overwrite").exit_code == 0
    (folder / "b.ply").write_bytes(b"")
    assert build(folder, "-o", "@b.ply").exit_code == 0


def test_no_output_replaces_what_is_read(folder: Path) -> None:
    (folder / "link.jpg").symlink_to("photo.jpg")
    (folder / "cal.json").write_text("{}")
    for arguments in (
        ["build", "@photo.jpg", "-o", "@s.npz", "--model", "preview", "--reference", "@s.npz"],
        ["depth", "@photo.jpg", "-o", "@depth.png", "--model", "preview", "--reference", "@depth.png"],
        ["depth", "@link.jpg", "-o", "@photo.jpg", "--depth", "@depth.png"],
        ["calibrate", "@photo.jpg", "-o", "@cal.json", "--model", "preview", "--reference", "@cal.json"],
    ):
        (folder / "s.npz").write_bytes(b"depth")
        before = {path: path.read_bytes() for path in folder.iterdir()}
        done = run(folder, *arguments, "--overwrite")
        assert done.exit_code == 1 and "is an input file" in done.stderr, done.stderr
        assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("name", ["a.ply", "a.npz"])
def test_what_another_run_wrote_meanwhile_stays(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recon import pipeline

    def slow(*args: Any, **kwargs: Any) -> Any:
        (folder / name).write_bytes(b"the other run's")
        return reconstruct(*args, **kwargs)

    reconstruct = pipeline.reconstruct
    monkeypatch.setattr(pipeline, "reconstruct", slow)
    done = build(folder, "-o", f"@{name}")
    assert done.exit_code == 1 and "has appeared in the meantime" in done.stderr
    assert (folder / name).read_bytes() == b"the other run's"
    assert sorted(p.name for p in folder.iterdir()) == [name, "depth.png", "photo.jpg"]


def test_export_needs_no_model_and_keeps_the_options_of_the_build(folder: Path) -> None:
    build(folder, "-o", "@s.npz", "--max-depth", "4")
    kept, more, fewer = (
        json.loads(run(folder, "export", "@s.npz", "-o", name, "--json", *options).stdout)
        for name, options in (
            ("@a.ply", []),
            ("@b.ply", ["--max-depth", "100"]),
            ("@c.ply", ["--stride", "2"]),
        )
    )
    points = [output["written"][0]["points"] for output in (kept, more, fewer)]
    assert points[2] < points[0] < points[1]
    assert kept["scene"]["focal"]["fx_px"] == 200


def test_depth_goes_out_as_it_came_in(folder: Path) -> None:
    words = ["depth", "@photo.jpg", "--depth", "@depth.png", "--focal-px", "200"]
    assert run(folder, *words, "-o", "@d.png", "-o", "@d.npy", "-o", "@d.exr").exit_code == 0
    same = np.asarray(Image.open(folder / "d.png"))
    assert same.dtype == np.uint16 and np.array_equal(same, np.asarray(Image.open(folder / "depth.png")))
    assert np.allclose(np.load(folder / "d.npy"), Z, atol=6e-4)
    assert run(folder, *words, "-o", "@near.npy", "--max-depth", "4").exit_code == 0
    near = np.load(folder / "near.npy")
    assert np.nanmax(near) <= 4 and np.isnan(near).any()
    assert run(folder, *words, "-o", "@c.png", "--colormap", "TURBO").exit_code == 0
    assert Image.open(folder / "c.png").mode == "RGB"


def test_info_describes_every_file_that_we_write(folder: Path) -> None:
    names = ["a.ply", "a.glb", "a.obj", "a.stl", "a.pcd", "a.xyz", "a.npz"]
    build(folder, *[word for name in names for word in ("-o", f"@{name}")])
    for name in names:
        output = json.loads(run(folder, "info", f"@{name}", "--json").stdout)
        assert output["info"]["size"][2] == pytest.approx(Z.max() - Z.min(), abs=0.05), name
        assert run(folder, "info", f"@{name}").stdout.strip()


def test_models_lists_names_licences_and_what_is_here() -> None:
    output = json.loads(CliRunner().invoke(recon, ["models", "list", "--json"]).stdout)
    rows = {row["name"]: row for row in output["models"]}
    assert {"depthpro", "dav2-small", "dav2-base", "dav2-large", "preview"} <= set(rows)
    assert rows["preview"]["on_this_machine"] and "Apache" in rows["dav2-small"]["licence"]
    assert "NC" in rows["dav2-large"]["licence"] and "research" in rows["depthpro"]["licence"].lower()
    assert "depthpro" in CliRunner().invoke(recon, ["models"]).stdout


def test_models_takes_its_options_before_and_after_the_subcommand() -> None:
    after, before, alone = (
        json.loads(CliRunner().invoke(recon, words).stdout)
        for words in (["models", "list", "--json"], ["models", "--json", "list"], ["models", "--json"])
    )
    assert after["models"] == before["models"] == alone["models"]
    assert CliRunner().invoke(recon, ["models", "-q"]).exit_code == 0


def test_version_and_completion() -> None:
    assert __version__ in CliRunner().invoke(recon, ["--version"]).stdout
    for shell in ("bash", "zsh", "fish"):
        assert "_RECON_COMPLETE" in CliRunner().invoke(recon, ["completion", shell]).stdout


def test_the_help_s_defaults_are_the_code_s() -> None:
    from recon.options import Options

    text = CliRunner().invoke(recon, ["build", "--help"]).stdout
    assert f"[default: {Options().edge}]" in text and f"[default: {Options().axes}]" in text.replace(
        "\n", " "
    )


def test_ctrl_c_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from recon.export import registry

    known = dict(registry.formats())

    def half_written(content: object, path: Path) -> None:
        path.write_bytes(b"half a fi")
        raise KeyboardInterrupt

    known[".ply"] = replace(known[".ply"], write=half_written)
    monkeypatch.setattr(registry, "formats", lambda: known)
    done = build(folder, "-o", "@a.ply")
    assert done.exit_code == 130 and "stopped" in done.stderr
    assert sorted(p.name for p in folder.iterdir()) == ["depth.png", "photo.jpg"]


def test_an_unexpected_error_is_a_sentence_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recon.photo.read.read_photo", lambda path, **_: 1 / 0)
    done = build(folder, "-o", "@a.ply")
    assert done.exit_code == 1 and "--debug" in done.stderr and "Traceback" not in done.stderr


def test_a_library_that_is_not_installed_is_named_and_recon_doctor_helps(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, helps in (("torch", True), ("recon.nonsense", False)):

        def missing(path: Path, name: str = name, **_: object) -> None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

        monkeypatch.setattr("recon.photo.read.read_photo", missing)
        done = build(folder, "-o", "@a.ply")
        assert done.exit_code == 1 and ("recon doctor" in done.stderr) == helps
        assert ("please report it" in done.stderr) != helps and name in done.stderr


def test_brackets_in_names_are_no_markup(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = build(folder, "-o", "@scene[final].ply")
    assert done.exit_code == 0 and "/scene[final].ply ..." in done.stderr
    journal = ConsoleJournal()
    out = io.StringIO()
    journal.console = Console(file=out, force_terminal=True, width=100)
    with journal.stage("Loading hf:./m[/x]"):
        pass
    assert "m[/x]" in out.getvalue()


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGPIPE there")
def test_a_reader_that_leaves_is_no_error(folder: Path) -> None:
    build(folder, "-o", "@a.ply")
    for words in (["info", str(folder / "a.ply")], ["models"], ["--help"]):
        reading, writing = os.pipe()
        os.close(reading)
        with start(*words, stdout=writing, stderr=subprocess.PIPE) as process:
            os.close(writing)
            _, output = process.communicate(timeout=60)
        assert (process.returncode, output) == (141, b""), words


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), [("SIGTERM", 143), ("SIGHUP", 129), ("SIGINT", 130)])
def test_a_signal_leaves_no_unfinished_file(folder: Path, number: str, code: int) -> None:
    program = (
        "import sys, time\nfrom dataclasses import replace\nfrom recon.export import registry\n"
        "known = dict(registry.formats())\n"
        "def write(content, path):\n"
        "    path.write_bytes(b'half'); print('ready', flush=True); time.sleep(60)\n"
        "known['.ply'] = replace(known['.ply'], write=write)\nregistry.formats = lambda: known\n"
        "from recon_cli.main import main\nmain()"
    )
    words = ["build", folder / "photo.jpg", "--depth", folder / "depth.png", "-o", folder / "a.ply"]
    command = [sys.executable, "-c", program, *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        process.send_signal(getattr(signal, number))
        _, output = process.communicate(timeout=60)
    assert process.returncode == code and b"stopped" in output and b"Traceback" not in output
    assert sorted(p.name for p in folder.iterdir()) == ["depth.png", "photo.jpg"]


def test_ctrl_c_while_the_program_loads_says_nothing() -> None:
    program = (
        "import sys\nfrom recon_cli.main import main\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name == 'recon_cli.group': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted())\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


@pytest.mark.skipif(sys.platform != "linux", reason="only there a name may hold any bytes")
def test_a_name_that_is_no_text_is_shown_escaped(folder: Path) -> None:
    odd = os.fsencode(folder) + b"/caf\xe9.jpg"
    os.rename(folder / "photo.jpg", odd)
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-m", "recon_cli.main", "build", odd, "--depth", folder / "depth.png"]
    command += ["-o", os.fsencode(folder) + b"/\xe9.ply"]
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert done.returncode == 0 and rb"caf\udce9.jpg" in done.stderr, done.stderr
    refused = [*command[:-1], os.fsencode(folder) + b"/\xe9.obj"]
    done = subprocess.run(refused, capture_output=True, env=environment, check=False)
    assert done.returncode == 1 and b"not UTF-8" in done.stderr and b"unexpected" not in done.stderr
    info = [sys.executable, "-m", "recon_cli.main", "info", command[-1]]
    assert b"caf" in subprocess.run(info, capture_output=True, env=environment, check=True).stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--model", "dephtpro"], "Did you mean depthpro"),
        (["--model", "hf:no such thing"], "there is no such folder"),
        (["--model", "dav2-small"], "add two known lengths"),
        (["--model", "hf:some/checkpoint", "--commercial-only"], "does not know the licence"),
        (["--model", "dav2-metric-indoor-small", "--offline"], "recon models pull"),
        (["--model", "preview", "--reference", "depthpro", "--offline"], "recon models pull"),
        (["--model", "preview", "--reference", "dav2-small"], "takes a metric model"),
        (["--model", "preview", "--reference", "@none.json"], "none.json"),
        (["--model", "preview", "--reference", "@none.png"], "none.png"),
        (["--depth", "@none.png"], "none.png"),
        (["--depth", "@photo.jpg"], "expected a depth file"),
        (["--depth", "@other.npy"], "view"),
    ],
)
def test_a_dry_run_refuses_what_the_build_would(
    folder: Path, arguments: list[str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(folder / "other.npy", np.ones((100, 100), np.float32))
    if "--offline" not in arguments:
        monkeypatch.delenv("HF_HUB_OFFLINE")
    done = run(folder, "build", "@photo.jpg", "-o", "@a.ply", "--dry-run", *arguments)
    assert done.exit_code == 1 and says in done.stderr, done.stderr
    assert "would write" not in done.stderr and "Traceback" not in done.stderr


def test_a_dry_run_names_the_model_and_what_calibrates_it(folder: Path) -> None:
    words = ["build", "@photo.jpg", "-o", "@a.ply", "--dry-run", "--json", "--model", "preview"]
    plain = json.loads(run(folder, *words).stdout)
    assert "calibration" not in {each["topic"] for each in plain["entries"]}
    for option in ("--reference", "--depth"):
        output = json.loads(run(folder, *words, option, "@depth.png").stdout)
        assert entry(output, "model")["values"]["name"] == "preview"
        assert "depth.png" in entry(output, "calibration")["message"]


def test_a_dry_run_names_the_model_that_commercial_only_takes(folder: Path) -> None:
    words = ["build", "@photo.jpg", "-o", "@a.ply", "--dry-run", "--json", "--commercial-only"]
    message = entry(json.loads(run(folder, *words).stdout), "model")["message"]
    assert "moge2-vitl is not on this machine" in message and "depthpro" not in message


def test_one_of_several_that_exclude_each_other_replaces_the_stored_one(folder: Path) -> None:
    build(folder, "-o", "@s.npz", "--faces", "400")
    by_error = run(folder, "export", "@s.npz", "-o", "@a.glb", "--error", "0.01", "--json")
    stored = run(folder, "export", "@s.npz", "-o", "@b.glb", "--json")
    assert by_error.exit_code == 0, by_error.stderr
    few, fewer = (json.loads(done.stdout)["written"][0]["faces"] for done in (stored, by_error))
    assert few != fewer and few <= 400
    both = run(folder, "export", "@s.npz", "-o", "@c.glb", "--error", "0.01", "--faces", "400")
    assert both.exit_code == 2 and "only one" in both.stderr


@pytest.mark.parametrize(
    ("arguments", "flag"),
    [
        (["build", "@photo.jpg", "--offline", "-o", "@a.ply", "--depth-unit", "0.01"], "--depth-unit"),
        (["build", "@photo.jpg", "--depth", "@depth.png", "-o", "@a.glb", "--voxel", "1"], "--voxel"),
        (["build", "@photo.jpg", "--depth", "@depth.png", "-o", "@a.ply", "--faces", "99"], "--faces"),
        (["build", "@photo.jpg", "--depth", "@depth.png", "-o", "@a.ply", "--error", "1"], "--error"),
        (["build", "@photo.jpg", "--depth", "@depth.png", "-o", "@a.ply", "--device", "cpu"], "--device"),
        (
            ["depth", "@photo.jpg", "--depth", "@depth.png", "-o", "@a.npy", "--precision", "fp32"],
            "--precision",
        ),
        (
            ["depth", "@photo.jpg", "--depth", "@depth.png", "-o", "@a.npy", "--colormap", "turbo"],
            "--colormap",
        ),
        (
            ["depth", "@photo.jpg", "--depth", "@depth.png", "-o", "@a.npy", "--png-unit", "0.01"],
            "--png-unit",
        ),
        (["build", "@photo.jpg", "--depth", "@depth.png", "-o", "@a.ply", "--sky", "keep"], "--sky keep"),
    ],
)
def test_an_option_without_effect_is_reported(folder: Path, arguments: list[str], flag: str) -> None:
    output = json.loads(run(folder, *arguments, "--json").stdout)
    assert [each for each in output["warnings"] if each.startswith(f"{flag} has no effect: ")], output[
        "warnings"
    ]


def test_options_with_an_effect_are_not_reported(folder: Path) -> None:
    words = ["-o", "@a.ply", "-o", "@a.glb", "--voxel", "0.5", "--faces", "500", "--depth-unit", "0.001"]
    assert not json.loads(build(folder, *words, "--json").stdout)["warnings"]
    assert not json.loads(build(folder, "-o", "@s.npz", "--voxel", "0.5", "--json").stdout)["warnings"]
    words = [
        "depth",
        "@photo.jpg",
        "--depth",
        "@depth.png",
        "-o",
        "@d.png",
        "--png-unit",
        "0.01",
        "--fov",
        "60",
        "--json",
    ]
    assert not json.loads(run(folder, *words).stdout)["warnings"]


def test_help_names_every_format_and_is_right_about_calibrate() -> None:
    from recon.export.registry import formats

    for command in ("build", "export"):
        text = " ".join(CliRunner().invoke(recon, [command, "--help"]).stdout.split())
        assert all(suffix in text.split("Formats: ")[1] for suffix in [*formats(), ".npz"])
    text = " ".join(CliRunner().invoke(recon, ["calibrate", "--help"]).stdout.split())
    assert "Model to calibrate" in text and "as the reference" in text and "to calibrate --model" not in text
    assert "depthpro, or preview" not in text and "written by `recon calibrate`" not in text


def test_info_describes_every_format_alike(folder: Path) -> None:
    os.rename(folder / "photo.jpg", folder / "Küche 室.jpg")
    # What is only in a mesh, or only upright, is not in the others.
    plain = ["--no-fill", "--no-level"]
    words = ["build", "@Küche 室.jpg", "--depth", "@depth.png", "--focal-px", "200", *plain]
    names = ["a.ply", "a.glb", "a.obj", "a.npz", "a.html"]
    run(folder, *words, *[word for name in names for word in ("-o", f"@{name}")])
    output = {}
    for name in names:
        text = run(folder, "info", f"@{name}").stdout
        assert "{" not in text and "None" not in text, text
        assert text.count("focal.source") == 1 and "focal_source" not in text
        provenance = json.loads(run(folder, "info", f"@{name}", "--json").stdout)["info"]["provenance"]
        assert provenance["focal.fx_px"] == 200 and provenance["photo.file"] == "Küche 室.jpg", name
        output[name] = provenance
    assert all(provenance == output["a.npz"] for provenance in output.values())
