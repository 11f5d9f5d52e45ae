"""What is missing, broken or too old is named with the command that fixes it; things are faked missing."""

import importlib
import json
import re
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from recon.blender import find_blender
from recon.depth import registry
from recon.depth.hub import reachable, remembered
from recon.depth.inference import devices
from recon.doctor import Finding, additions, display, examine, libraries, models
from recon_cli.group import recon as command

PYPROJECT = (Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8")


@pytest.fixture(autouse=True)
def declared(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The requirements of this checkout, whatever the metadata of an older installation says."""
    lines = re.findall(
        r'^    "(.*)",$', PYPROJECT.split("\ndependencies = [")[1].split("\n]")[0], re.MULTILINE
    )
    monkeypatch.setattr(metadata, "requires", lambda name: [*lines, 'av>=17; extra == "video"'])
    return dict(line.lower().split(">=") for line in lines)


def one(findings: Iterable[Finding], name: str) -> Finding:
    (finding,) = [each for each in findings if each.name == name]
    return finding


def test_every_declared_requirement_is_examined_and_can_be_imported_here(declared: dict[str, str]) -> None:
    assert dict(libraries.requirements()) == declared and "torch" in declared
    for finding in libraries.examine_libraries():
        assert finding.state in ("works", "note"), finding


def test_a_library_that_is_missing_too_old_or_broken_is_named_with_its_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def version(name: str) -> str:
        if name in ("scipy", "pillow"):
            raise metadata.PackageNotFoundError(name)
        return "1.9.0" if name == "numpy" else "99"

    monkeypatch.setattr(metadata, "version", version)
    for module in ("cv2", "scipy"):
        monkeypatch.setitem(sys.modules, module, None)
    findings = list(libraries.examine_libraries())
    missing, old, broken = (one(findings, name) for name in ("scipy", "numpy", "opencv-python-headless"))
    assert one(findings, "pillow").detail.endswith(", from another package")
    assert (missing.state, missing.fix) == ("missing", 'pip install "scipy>=1.13"')
    assert old.state == "broken" and old.detail == "1.9.0, too old" and old.fix == 'pip install "numpy>=2.0"'
    assert (
        broken.state == "broken"
        and "cannot be imported" in broken.detail
        and "--force-reinstall" in str(broken.fix)
    )
    assert all(finding.stops_the_main_job for finding in (missing, old, broken))


def test_an_old_or_small_python_stops_the_main_job(monkeypatch: pytest.MonkeyPatch) -> None:
    assert libraries.examine_python().state == "works"
    monkeypatch.setattr(libraries, "OLDEST_PYTHON", (4, 0))
    assert libraries.examine_python().stops_the_main_job
    monkeypatch.setattr(libraries, "OLDEST_PYTHON", (3, 10))
    monkeypatch.setattr(sys, "maxsize", 2**31 - 1)
    assert "32 bits" in libraries.examine_python().detail


def test_without_the_preview_nothing_works(monkeypatch: pytest.MonkeyPatch) -> None:
    assert libraries.examine_preview().state == "works"
    monkeypatch.setattr(libraries, "_PREVIEW", "there-is-none")
    assert libraries.examine_preview().stops_the_main_job


@pytest.mark.parametrize(("cuda", "words"), [(None, "CPU build"), ("12.8", "no working driver")])
def test_a_card_that_torch_does_not_use_is_a_note(
    cuda: str | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    monkeypatch.setattr(devices, "has_nvidia_driver", lambda: False)
    assert (
        re.fullmatch(r"cpu, \d+ threads?", devices.device_report().text)
        and devices.device_report().fix is None
    )
    monkeypatch.setattr(devices, "has_nvidia_driver", lambda: True)
    report = devices.device_report()
    assert words in report.text and report.fix
    finding = one(libraries.examine_libraries(), "device")
    assert finding.state == "note" and not finding.stops_the_main_job


def test_graphics_cards_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    card = SimpleNamespace(name="Card", total_memory=24 * 2**30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: card)
    assert devices.device_report() == devices.DeviceReport("cuda: Card, 24 GiB")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert devices.device_report().text.startswith("mps")


def test_models_that_are_here_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "is_here", lambda name: name in ("depthpro", "dav2-small"))
    assert one(models.examine_models(), "depthpro").state == "works"
    assert one(models.examine_models(), "others").detail == "dav2-small"
    monkeypatch.setattr(registry, "is_here", lambda name: False)
    monkeypatch.setattr(registry, "problems", lambda: ("The plug-in x of y cannot be loaded.",))
    missing, plug_in = models.examine_models()
    assert missing.fix == "recon models pull depthpro" and "GB" in missing.detail
    assert plug_in.state == "broken" and "plug-in x" in plug_in.detail


def test_the_cache_may_be_absent_full_or_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "cache_folder", lambda: tmp_path / "a" / "hub")
    monkeypatch.setattr(registry, "is_here", lambda name: False)
    assert models.examine_cache().state == "works" and not (tmp_path / "a").exists()
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=1e8))
    assert models.examine_cache().state == "note" and "0.1 GB free" in models.examine_cache().detail
    # As root, every folder can be written to.
    monkeypatch.setattr(models, "_can_write", lambda folder: False)
    assert models.examine_cache().state == "broken" and "HF_HOME" in str(models.examine_cache().fix)
    monkeypatch.undo()
    assert not models._can_write(tmp_path / "there-is-none")


def test_the_hub_is_asked_only_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    def problem(limit_s: float) -> str | None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(reachable, "problem", problem)
    assert models.examine_hub(False).fix == "unset HF_HUB_OFFLINE TRANSFORMERS_OFFLINE"
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    assert models.examine_hub(False).fix == "recon doctor --network"
    outage = remembered.Outage("no such host", 70.0)
    monkeypatch.setattr(remembered, "recent", lambda: outage)
    assert models.examine_hub(False).detail == "failed a minute ago: no such host"


def test_the_hub_answers_refuses_or_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    answers: list[object] = [
        SimpleNamespace(status_code=200),
        SimpleNamespace(status_code=503),
        OSError("no route\n.."),
    ]

    def get(url: str, timeout: float) -> object:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    monkeypatch.setattr(huggingface_hub, "get_session", lambda: SimpleNamespace(get=get))
    assert models.examine_hub(True).state == "works"
    assert "HTTP status 503" in models.examine_hub(True).detail
    silent = models.examine_hub(True)
    assert "(no route)" in silent.detail and "recon models depthpro" in str(silent.fix)
    monkeypatch.setattr(models, "_PATIENCE_S", 0.0)
    monkeypatch.setattr(models.threading.Thread, "start", lambda thread: None)
    monkeypatch.setattr(models.threading.Thread, "join", lambda thread, limit_s: None)
    assert models.examine_hub(True).detail == "no answer within 0 s"


def test_what_the_viewer_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", *display._DRIVER_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(display, "find_spec", lambda name: None)
    monkeypatch.setattr("ctypes.util.find_library", lambda name: None)
    monkeypatch.setattr(display, "_DRIVER_FOLDERS", (str(tmp_path),))
    findings = list(display.examine_viewer())
    assert {finding.state for finding in findings} == {"missing"}
    assert one(findings, "Open3D").fix == 'pip install "recon[viewer]"'
    assert str(one(findings, "Vulkan").fix).startswith("apt-get install libvulkan1")
    monkeypatch.setattr(display, "find_spec", lambda name: object())
    assert "libgl1" in str(one(display.examine_viewer(), "Open3D").fix)
    monkeypatch.setattr("ctypes.util.find_library", lambda name: name)
    assert one(display.examine_viewer(), "Vulkan").detail == "there is no driver"
    (tmp_path / "lvp_icd.json").touch()
    monkeypatch.setenv("DISPLAY", ":9")
    card = tmp_path / "renderD128"
    monkeypatch.setattr(display, "_CARDS", (str(card).lstrip("/"),))
    slow = one(display.examine_viewer(), "Vulkan")
    assert slow.state == "note" and "1 driver, no graphics card" in slow.detail
    assert slow.fix == "a graphics card with its driver"
    card.touch()
    # As the window says, too: the card has no driver.
    slow = one(display.examine_viewer(), "Vulkan")
    assert slow.state == "note" and "1 driver, none for a graphics card" in slow.detail
    (tmp_path / "radeon_icd.x86_64.json").touch()
    assert {finding.state for finding in display.examine_viewer()} == {"works"}
    monkeypatch.setenv("VK_ICD_FILENAMES", f"{tmp_path}/lvp_icd.json:{tmp_path}/vk_swiftshader_icd.json")
    assert one(display.examine_viewer(), "Vulkan").state == "note"
    monkeypatch.setenv("VK_ADD_DRIVER_FILES", f"{tmp_path}/nvidia_icd.json")
    assert one(display.examine_viewer(), "Vulkan").state == "works"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert [finding.name for finding in display.examine_viewer()] == ["Open3D", "display"]


def test_extras_and_blender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(additions, "find_spec", lambda name: None)
    findings = list(additions.examine_extras())
    declared = PYPROJECT.split("[project.optional-dependencies]")[1].split("\n[")[0]
    extras = set(re.findall(r"^(\w+) = \[", declared, re.MULTILINE))
    assert {finding.name for finding in findings} == extras - {"viewer", "all", "docs", "dev"}
    assert one(findings, "las").fix == 'pip install "recon[las]"'
    monkeypatch.setattr(additions, "find_spec", lambda name: object())
    assert {finding.state for finding in additions.examine_extras()} == {"works"}

    def nowhere(program: object) -> Path:
        raise find_blender.BlenderError("Blender was not found")

    monkeypatch.setattr(additions, "find_blender", nowhere)
    assert additions.examine_blender().state == "missing"
    monkeypatch.setattr(additions, "find_blender", lambda program: Path("/opt/blender"))
    assert additions.examine_blender().detail == "/opt/blender"


def test_the_command_names_what_is_missing_and_succeeds_where_a_scene_can_be_made() -> None:
    done = CliRunner().invoke(command, ["doctor"])
    assert done.exit_code == 0, done.output
    assert "ok       torch" in done.stdout and "recon photo.jpg" in done.stdout
    done = CliRunner().invoke(command, ["doctor", "--json"])
    shown = json.loads(done.stdout)
    assert shown["ok"] and {finding["name"] for finding in shown["findings"]} >= {
        "Python",
        "torch",
        "hub",
        "Blender",
    }


def test_without_torch_the_command_fails_and_goes_on_with_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def import_module(name: str) -> object:
        if name == "torch":
            raise OSError("libtorch.so: cannot open shared object file\nmore")
        return real(name)

    monkeypatch.setattr(importlib, "import_module", import_module)
    findings = list(examine())
    torch = one(findings, "torch")
    assert torch.detail.endswith("libtorch.so: cannot open shared object file")
    assert {finding.area for finding in findings} == {"main job", "viewer", "extras", "programs"}
    done = CliRunner().invoke(command, ["doctor", "--json"])
    shown = json.loads(done.stdout)
    assert done.exit_code == 1 and not shown["ok"] and "torch" in shown["error"]["message"]
    assert [f["fix"] for f in shown["findings"] if f["name"] == "torch"] == [
        'pip install --force-reinstall "torch>=2.6"'
    ]
    done = CliRunner().invoke(command, ["doctor"])
    assert done.exit_code == 1 and "BROKEN   torch" in done.output and "recon photo.jpg" not in done.output
