"""The page in a real browser, from a photo to a measured length; and the whole command, until it is stopped."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from browser import browse
from click.testing import CliRunner
from served import HeldModel, app_of, picture

from recon.options import Options
from recon_cli.commands.serve import serve
from recon_cli.group import recon
from recon_serve.settings import Settings

__all__ = ["browse"]
MANUAL = Path(__file__).parents[2] / "docs" / "serve.md"
TOKEN = "a-token-of-20-letters"
FRAME = 'document.getElementById("frame").contentWindow'
READY = f'{FRAME}.recon?.ready && document.getElementById("making").hidden'


@pytest.fixture(scope="module")
def model() -> HeldModel:
    """A wall 2 m away, at once unless it is held."""
    model = HeldModel()
    model.free.set()
    return model


@pytest.fixture(scope="module")
def address(model: HeldModel) -> Iterator[str]:
    """Of a service that asks for a token."""
    app = app_of(Settings(options=Options(model="preview"), token=TOKEN))
    app.state.service.worker.models._network = model
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    server.should_exit = True
    thread.join(60)
    assert not thread.is_alive()


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With 320 px of focal length."""
    path = tmp_path_factory.mktemp("photo") / "a room.jpg"
    path.write_bytes(picture(320, 240))
    return path


def at(u: float, v: float) -> str:
    """Where a pixel of the photo is in the window."""
    rect = f"{FRAME}.recon.viewer.lens.rect"
    frame = 'document.getElementById("frame").getBoundingClientRect()'
    return f"[{frame}.left + {rect}.left + {u} * {rect}.scale, {frame}.top + {rect}.top + {v} * {rect}.scale]"


SIGN_IN = [["until", "document.getElementById('token').open"], ["fill", "#token input", TOKEN],
           ["press", "#token button"]]  # fmt: skip
VALUE = 'document.querySelector(".value")?.textContent'


@pytest.mark.browser
def test_from_a_photo_to_a_length_and_a_known_length(address, photo, browse) -> None:
    # 43.27 mm are the diagonal, 400 px: f is 320 px, and 160 px at 2 m are 1 m.
    steps = [["press", "summary"], ["fill", "[name=focal-35mm]", "34.6133"], ["attach", "#file", str(photo)]]
    steps += [*SIGN_IN, ["until", READY], ["overflow"], ["texts", "#name"], ["texts", "#facts"]]
    steps += [["eval", f'{FRAME}.recon.panel.do("measure")'], ["click-at", at(80, 120)]]
    steps += [["click-at", at(240, 120)], ["until", f'{VALUE}?.includes("95 %")'], ["texts", ".value"]]
    steps += [
        ["fill", "#lengths input", "1.2"],
        ["eval", "document.querySelector('#lengths .button').click()"],
    ]
    steps += [["until", f'!document.getElementById("scale").hidden && {READY}'], ["texts", ".value"]]
    steps += [["eval", "document.getElementById('original').click()"]]
    steps += [["until", f'document.getElementById("scale").hidden && {READY}'], ["texts", ".value"]]
    # Other focal lengths, afterwards: a wrong one changes nothing, and none at all is a guess.
    again = "document.querySelector('#camera-form button').click()"
    steps += [
        ["fill", "#focal", "wide"],
        ["eval", again],
        ["until", "document.getElementById('focal-refused').textContent"],
    ]
    steps += [["texts", "#focal-refused"], ["fill", "#focal", ""], ["eval", again]]
    steps += [["until", f"document.querySelector('#warnings li') && {READY} && {VALUE}?.includes('95 %')"]]
    steps += [["texts", "#warnings li"], ["texts", ".value"]]
    steps += [["texts", "#files a"], ["eval", "document.getElementById('remove').click()"]]
    steps += [["texts", "#problem"], ["shown", "#drop"]]
    result = browse(address, steps, viewport=(390, 844), touch=True, online=True, program=False)
    overflow, name, facts, first, known, undone, refused, warnings, wider, files, problem, drop = result[
        "results"
    ]
    assert [each for each in result["errors"] if "401" not in each and "422" not in each] == []
    assert overflow == 0 and name == ["a room.jpg"] and "2.0 to 2.0 m deep" in facts[0]
    length, low, high = (float(number) for number in re.findall(r"[\d.]+", first[0])[:3])
    assert length == pytest.approx(1.0, abs=0.06) and low < 1 < high
    assert known == ["1.2 m given"]
    assert undone == first
    assert refused[0].startswith("Focal length: ") and wider != first
    assert len(files) == 5 and problem == [""] and drop == 1
    assert "--" not in warnings[0] and warnings[0].endswith("if you know it, enter it below.")
    for request in result["requests"]:
        assert request.startswith((address, f"blob:{address}")), "no other host"


@pytest.mark.browser
def test_a_bad_photo_and_a_cancelled_one_lead_back_to_the_start(
    model, address, photo, browse, tmp_path
) -> None:
    text = tmp_path / "text.jpg"
    text.write_text("no photo")
    model.free.clear()
    busy = 'document.getElementById("stage").textContent.startsWith("Estimating")'
    start = 'document.body.dataset.state == "start"'
    steps = [["overflow"], ["attach", "#file", str(text)], *SIGN_IN, ["until", f"{start} && !problem.hidden"]]
    steps += [["texts", "#problem"], ["attach", "#file", str(photo)], ["until", busy], ["press", "#cancel"]]
    steps += [["until", start], ["texts", "#problem"]]
    try:
        result = browse(address, steps, viewport=(1400, 900), online=True, program=False)
    finally:
        model.free.set()
    overflow, refused, cancelled = result["results"]
    assert overflow == 0
    assert refused == ["text.jpg is not a supported image file; export it as JPEG, PNG, WebP, TIFF or HEIC."]
    assert cancelled == [""]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM")
def test_the_command_serves_until_it_is_stopped_and_leaves_nothing(tmp_path) -> None:
    command = [sys.executable, "-m", "recon_cli.main", "serve", "--model", "preview", "--port", "0"]
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+/", line)
            assert found, line
            page = httpx2.get(found[0])
            assert (
                "metric 3D" in page.text and "default-src 'none'" in page.headers["content-security-policy"]
            )
            # The example of the manual.
            fields = {"focal-35mm": "26"}
            files = {"photo": ("living_room.jpg", picture(160, 120))}
            scene = httpx2.post(f"{found[0]}scenes?wait=true", files=files, data=fields, timeout=60)
            assert scene.status_code == 201, scene.text
            example: dict[str, Any] = {}
            exec(re.findall(r"```python\n(.*?)```", MANUAL.read_text("utf-8"), re.DOTALL)[0], example)
            text = example["measure"](f"{found[0]}scenes/{scene.json()['id']}", (40.5, 60.5), (120.5, 60.5))
            assert re.search(r"\d m .*95 %", text)
            assert len(list(tmp_path.glob("recon-process-*/serve-*"))) == 1
            process.send_signal(signal.SIGTERM)
            rest = process.stderr.read()
            assert process.wait(60) == 0, rest
        finally:
            process.kill()
    assert "stopped" in rest and "Traceback" not in rest
    assert not list(tmp_path.glob("recon-*"))


def test_a_port_that_is_taken_and_an_open_address_without_a_token_are_refused(tmp_path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(recon, ["serve", "--port", port, "--model", "preview"])
    assert result.exit_code == 1 and "choose another --port" in result.output
    result = CliRunner().invoke(recon, ["serve", "--host", "0.0.0.0"], env={"RECON_SERVE_TOKEN": ""})
    assert result.exit_code == 1 and "--token" in result.output


def test_the_manual_names_options_and_defaults_that_there_are() -> None:
    rows = re.findall(r"^\| `(--.*?)` \| (.*?) \|", MANUAL.read_text("utf-8"), re.MULTILINE)
    defaults = {param.opts[0]: param.default for param in serve.params}
    stated = {
        flag.split()[0]: value.strip()
        for flags, values in rows
        for flag, value in zip(flags.split("`, `"), values.split(","), strict=True)
    }
    assert len(stated) == 6
    assert {flag: float(value.replace("M", "e6")) for flag, value in stated.items()} == {
        flag: defaults[flag] for flag in stated
    }
