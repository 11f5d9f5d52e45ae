"""The server as an agent sees it: asked by the SDK's own client over standard input and output."""

import asyncio
import base64
import json
import os
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from PIL import Image
from served import panorama

SAMPLES = Path(__file__).parents[2] / "sample_data"
COMMAND = [sys.executable, "-m", "recon_cli.main", "mcp", "--allow"]
STILES_PX = [[89.7, 265.5], [189.7, 270.8]]
"""The middles of two stiles of the window; the modelled room has them 0.72 m apart."""
TRUE_M = 0.72
PHOTO = {"photo": "room.jpg"}
ENDS = [[300.0, 300.0], [500.0, 300.0]]
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "build": ("build", {**PHOTO, "outputs": ["room.npz"], "depth": "room.depth.png"}),
    "how wide": ("measure", {"scene": "room.npz", "positions_px": STILES_PX}),
    "area": ("measure", {"scene": "room.npz", "quantity": "area", "positions_px": [*ENDS, [500, 340]]}),
    "from the side": ("render", {"file": "room.npz", "turn_deg": 10, "width_px": 320, "output": "side.png"}),
    "depth": ("depth", {**PHOTO, "model": "preview", "outputs": ["room.npy"]}),
    "rough": ("build", {**PHOTO, "outputs": ["rough.npz"], "model": "preview"}),
    "rough width": ("measure", {"scene": "rough.npz", "positions_px": STILES_PX}),
    "calibrate": (
        "calibrate",
        {
            **PHOTO,
            "output": "room.json",
            "model": "preview",
            "known_lengths": [{"start_px": STILES_PX[0], "end_px": STILES_PX[1], "length_m": TRUE_M}],
        },
    ),
    "info": ("info", {"file": "room.npz"}),
    "again": ("build", {**PHOTO, "outputs": ["room.npz"], "depth": "room.depth.png"}),
    "outside": ("info", {"file": "/etc/passwd"}),
    "up": ("info", {"file": "../secret.jpg"}),
    "link": ("info", {"file": "link.jpg"}),
    "write outside": ("build", {**PHOTO, "outputs": ["../room.glb"]}),
    "weights outside": ("depth", {**PHOTO, "model": "onnx:../secret.onnx"}),
    "missing": ("build", {"photo": "missing.jpg", "outputs": ["a.glb"], "model": "preview"}),
    "text": ("build", {"photo": "text.jpg", "outputs": ["a.glb"], "model": "preview"}),
    "panorama": ("build", {"photo": "panorama.jpg", "outputs": ["a.glb"], "model": "preview"}),
    "model": ("depth", {**PHOTO, "model": "depth-pro-9"}),
    "no scene": ("measure", {"scene": "room.jpg", "positions_px": ENDS}),
    "nan": ("measure", {"scene": "room.npz", "positions_px": [["nan", 300], [500, 300]]}),
    "off the photo": ("measure", {"scene": "room.npz", "positions_px": [[300, 300], [9000, 300]]}),
    "one end": ("measure", {"scene": "room.npz", "positions_px": ENDS[:1]}),
    "no photo": ("build", {"outputs": ["a.glb"]}),
    "text as positions": ("measure", {"scene": "room.npz", "positions_px": "the window"}),
    "other name": ("build", {**PHOTO, "outputs": ["a.glb"], "known_length": "1,2:3,4=1m"}),
    "no tool": ("paint", {}),
    "one pixel": (
        "build",
        {
            **PHOTO,
            "outputs": ["a.glb"],
            "known_lengths": [{"start_px": [5, 5], "end_px": [5, 5], "length_m": 1.0}],
        },
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The allowed folder, with a secret beside it."""
    outside = tmp_path_factory.mktemp("outside")
    folder = outside / "photos"
    folder.mkdir()
    shutil.copy(SAMPLES / "living_room.jpg", folder / "room.jpg")
    shutil.copy(SAMPLES / "living_room.depth.png", folder / "room.depth.png")
    shutil.copy(SAMPLES / "kitchen.jpg", outside / "secret.jpg")
    (folder / "link.jpg").symlink_to(outside / "secret.jpg")
    (folder / "text.jpg").write_text("not a picture")
    (folder / "panorama.jpg").write_bytes(panorama())
    return folder


@pytest.fixture(scope="module")
def asked(folder: Path) -> dict[str, Any]:
    """The tools, the answer to each call, and the progress of the first."""
    answers: dict[str, Any] = {"progress": []}

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        answers["progress"].append((progress, message))

    async def ask() -> None:
        server = StdioServerParameters(
            command=COMMAND[0], args=[*COMMAND[1:], str(folder)], env=dict(os.environ)
        )
        async with Client(stdio_client(server)) as client:
            answers["tools"] = {tool.name: tool for tool in (await client.list_tools()).tools}
            for name, (tool, values) in CALLS.items():
                listener = on_progress if name == "build" else None
                answers[name] = await client.call_tool(tool, values, progress_callback=listener)

    asyncio.run(ask())
    return answers


def picture(answer: Any) -> np.ndarray:
    """The picture of an answer, (H, W, 3) uint8."""
    (content,) = [each for each in answer.content if each.type == "image"]
    assert content.mime_type == "image/jpeg"
    with Image.open(BytesIO(base64.b64decode(content.data))) as opened:
        return np.asarray(opened.convert("RGB"))


def test_there_are_six_tools_whose_arguments_are_described(asked):
    assert set(asked["tools"]) == {"build", "depth", "measure", "calibrate", "info", "render"}
    for tool in asked["tools"].values():
        assert tool.description and tool.output_schema
        assert all(each.get("description") for each in tool.input_schema["properties"].values())
    assert asked["tools"]["measure"].annotations.read_only_hint


def test_how_wide_is_the_window(asked):
    """Metres with an interval that contains the truth, and the photo with the two ends marked."""
    assert not asked["how wide"].is_error
    width = asked["how wide"].structured_content
    assert width["unit"] == "m"
    assert width["value"] == pytest.approx(TRUE_M, abs=0.01)
    assert width["low"] < TRUE_M < width["high"]
    assert width["text"].endswith("(95 %)")
    assert json.loads(asked["how wide"].content[0].text) == width
    shown = picture(asked["how wide"])
    x, y = (round(each * shown.shape[1] / 1152) for each in STILES_PX[0])
    red, green, blue = shown[y, x].astype(int)
    assert red > 200 and green < 120 and blue < 80
    assert np.abs(shown[-100:].astype(int) - picture(asked["area"])[-100:]).mean() < 1


def test_a_guess_is_called_one(asked):
    assert asked["rough"].structured_content["rough"]
    width = asked["rough width"].structured_content
    assert width["low"] < TRUE_M < width["high"]
    assert any("unfit for measuring" in warning for warning in width["warnings"])


def test_a_build_says_what_it_made_and_reports_its_progress(asked, folder):
    made = asked["build"].structured_content
    assert made["model"] == "measured" and not made["rough"]
    assert (made["width_px"], made["height_px"]) == (1152, 864)
    assert 2 < made["nearest_m"] < made["median_m"] < made["farthest_m"]
    assert made["written"] == [
        {"path": str(folder / "room.npz"), "bytes": (folder / "room.npz").stat().st_size}
    ]
    amounts = [amount for amount, _ in asked["progress"]]
    assert len(amounts) >= 2 and amounts == sorted(set(amounts))
    assert any("Writing" in message for _, message in asked["progress"])


def test_pictures_and_files(asked, folder):
    assert picture(asked["from the side"]).shape == (240, 320, 3)
    with Image.open(folder / "side.png") as written:
        assert written.size == (320, 240)
    assert np.load(folder / "room.npy").shape == (864, 1152)
    assert asked["depth"].structured_content["rough"]
    assert picture(asked["depth"]).shape[1] > 500
    assert json.loads((folder / "room.json").read_text())["model"] == "preview"
    assert any("after the fit" in note for note in asked["calibrate"].structured_content["notes"])
    assert asked["info"].structured_content["info"]["points"] > 900_000


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("again", "overwrite"),
        ("outside", "outside the allowed folders: "),
        ("up", "outside the allowed folders: "),
        ("link", "outside the allowed folders: "),
        ("write outside", "outside the allowed folders: "),
        ("weights outside", "outside the allowed folders: "),
        ("missing", "missing.jpg does not exist"),
        ("text", "not a supported image file"),
        ("panorama", "panorama; give it alone to recon build or recon depth"),
        ("model", "Unknown model 'depth-pro-9'"),
        ("no scene", "is not a scene file"),
        ("nan", "positions_px[0][0]: should be a finite number, got 'nan'"),
        ("no photo", "build: photo: is missing"),
        ("text as positions", "positions_px: should be a valid list, got 'the window'"),
        ("other name", "build has no argument known_length; it has photo, outputs, model"),
        ("no tool", "Unknown tool: paint"),
        ("off the photo", "outside the photo of 1152 x 864 px"),
        ("one end", "distance needs 2 positions, got 1"),
        ("one pixel", "its two ends are the same pixel"),
    ],
)
def test_a_refusal_is_an_error_of_the_tool_with_its_sentence(call, said, asked, folder):
    assert asked[call].is_error
    text = asked[call].content[0].text
    assert said in text
    assert not any(word in text for word in ("Traceback", "--", "pydantic", "validation error", "type="))
    if "allowed" in said:
        assert str(folder) in text


def test_nothing_but_the_protocol_is_on_stdout(folder):
    requests = [
        {
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            },
        },
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "info", "arguments": {"file": "room.jpg"}}},
    ]
    lines = []
    with subprocess.Popen(
        [*COMMAND, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        for request in requests:
            server.stdin.write(json.dumps({"jsonrpc": "2.0", **request}) + "\n")
            server.stdin.flush()
        for line in server.stdout:
            lines.append(json.loads(line))
            if lines[-1].get("id") == 2:
                break
        server.stdin.close()
        rest = server.stdout.read()
    assert rest == "" and server.returncode == 0
    assert all(line["jsonrpc"] == "2.0" for line in lines)
    assert lines[-1]["result"]["structuredContent"]["info"]["format"]
