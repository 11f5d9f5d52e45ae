"""The routes of `recon serve`: a photo to its files, bad uploads, lengths and known lengths."""

import io
import json
import struct
import zlib
from collections.abc import Iterator

import numpy as np
import pytest
import trimesh
from PIL import Image
from served import HeldModel, panorama, picture, scene_of, serving
from starlette.testclient import TestClient

from recon.scene import Scene
from recon_serve.upload import safe_name


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    """Of one service for the module; its network sees a wall 2 m away."""
    model = HeldModel()
    model.free.set()
    with serving(model, most_bytes=200_000, most_pixels=100_000) as client:
        yield client


def refused(answer, status: int, *words: str) -> str:
    """The sentence of a refusal."""
    assert answer.status_code == status, answer.text
    message = answer.json()["error"]["message"]
    assert "\n" not in message and "/tmp" not in message and "Traceback" not in message
    for word in words:
        assert word in message
    return message


def post(client: TestClient, photo: bytes, name: str = "room.jpg", **fields: str):
    data = {key.replace("_", "-"): value for key, value in fields.items()}
    return client.post("/scenes?wait=true", files={"photo": (name, photo)}, data=data)


def test_a_photo_becomes_a_scene_with_all_its_files(client) -> None:
    scene = scene_of(client, focal_px="100")
    assert (scene["state"], scene["error"], scene["warnings"]) == ("done", None, [])
    assert scene["intrinsics"]["fx"] == 100 and scene["intrinsics"]["source"] == "user"
    assert scene["depth"]["nearest_m"] == pytest.approx(2.0)
    files = {name: client.get(path) for name, path in scene["files"].items()}
    assert {name: each.status_code for name, each in files.items()} == dict.fromkeys(files, 200)
    assert trimesh.load(io.BytesIO(files["scene.glb"].content), file_type="glb").extents[0] > 1
    assert files["scene.ply"].content.startswith(b"ply\n")
    assert "window.recon" in files["scene.html"].text
    assert "frame-ancestors 'self'" in files["scene.html"].headers["content-security-policy"]
    assert np.asarray(Image.open(io.BytesIO(files["depth.png"].content))).max() == 2000
    info = files["info.json"].json()
    assert info["provenance"]["photo"]["file"] == "room.jpg"
    for each in files.values():
        assert b"recon-process-" not in each.content


def test_the_scene_file_is_read_by_the_library(client, tmp_path) -> None:
    scene = scene_of(client, picture(80, 40))
    path = tmp_path / "scene.npz"
    path.write_bytes(client.get(scene["files"]["scene.npz"]).content)
    assert Scene.load(path).photo.width == 80


def test_a_job_is_queued_then_watched_then_removed(client) -> None:
    queued = client.post("/scenes", files={"photo": ("room.jpg", picture())})
    assert queued.status_code == 202
    where = queued.headers["location"]
    lines = client.get(f"{where}/events").text.split("\n\n")
    kinds = [line.split("\n")[1] for line in lines if line]
    assert kinds[0] == kinds[1] == kinds[-1] == "event: state" and "event: stage" in kinds
    assert json.loads(lines[-2].split("data: ")[1]) == {"message": "done"}
    rest = client.get(f"{where}/events", headers={"Last-Event-ID": "1"}).text
    assert rest.startswith("id: 2\n")
    assert client.get(where).json()["state"] == "done"
    assert client.delete(where).status_code == 204
    refused(client.get(where), 404, "no such scene")
    refused(client.get(f"{where}/scene.glb"), 404)


def test_nothing_of_exif_is_passed_on(client) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0xA430] = "SecretMaker", "Secret Owner"
    exif.get_ifd(0x8825)[1] = "N"
    scene = scene_of(client, picture(exif=exif))
    for path in [f"/scenes/{scene['id']}", *scene["files"].values()]:
        content = client.get(path).content
        assert b"Secret" not in content and b"Exif" not in content


def test_gif_and_other_formats_are_photos(client) -> None:
    for kind in ("GIF", "PNG", "WEBP"):
        assert scene_of(client, picture(kind=kind))["photo"]["width_px"] == 64


def png_that_claims(width: int, height: int) -> bytes:
    """A few bytes that say they are a huge picture."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("photo", "words"),
    [
        (b"", ["room.jpg is empty"]),
        (b"This is a text about a room.", ["not a supported image"]),
        (picture()[:400], ["room.jpg is truncated or damaged"]),
        (png_that_claims(60_000, 60_000), ["room.jpg", "megapixels"]),
        (picture(400, 300), ["room.jpg", "megapixels"]),
        (panorama(), ["room.jpg", "panorama; give it alone to recon build or recon depth"]),
    ],
    ids=["empty", "text", "truncated", "bomb", "large", "panorama"],
)
def test_a_bad_photo_is_refused_in_a_sentence(photo, words, client) -> None:
    refused(post(client, photo), 422, *words)


def test_an_upload_over_the_limit_is_refused_whatever_its_header_says(client) -> None:
    refused(post(client, bytes(600_000)), 413, "0.2 MB")
    head = b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n'

    def chunks() -> Iterator[bytes]:
        yield head
        for _ in range(60):
            yield bytes(10_000)

    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    refused(client.post("/scenes", content=chunks(), headers=kind), 413, "0.2 MB")


def test_what_is_no_form_with_a_photo_is_refused(client) -> None:
    refused(client.post("/scenes", content=b"abc"), 415, "'photo'")
    refused(
        client.post("/scenes", files={"picture": ("a.jpg", picture())}), 422, "no file 'photo'", "'picture'"
    )
    refused(client.post("/scenes", data={"photo": "a.jpg"}, files={"x": b""}), 422, "no file 'photo'")
    two = [("photo", ("a.jpg", picture())), ("photo", ("b.jpg", picture()))]
    refused(client.post("/scenes", files=two), 400, "Too many files")
    broken = client.post("/scenes", content=b"--x", headers={"Content-Type": "Multipart/Form-Data"})
    refused(broken, 400, "boundary")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"focal_35m": "26"}, ["focal-35mm"]),
        ({"focal_px": "far"}, ["--focal-px", "far"]),
        ({"focal_px": "100", "fov": "60"}, ["only one of", "--fov"]),
        ({"length": "1,2:3,4=5"}, ["not a length"]),
        ({"length": "1,2:900,4=1m"}, ["outside the photo"]),
        ({"level": "perhaps"}, ["--level must be true or false"]),
        ({"model": "depthpro"}, ["No such option"]),
        ({"depth": "/etc/passwd"}, ["No such option"]),
        ({"keep_metadata": "true"}, ["No such option"]),
        ({"--voxel": "1"}, ["not the name of an option"]),
        ({"focal_px": "100\n--model=x"}, ["--focal-px"]),
    ],
)
def test_options_are_checked_as_on_the_command_line(fields, words, client) -> None:
    message = refused(post(client, picture(), **fields), 422)
    for word in words:
        assert word in message


def test_options_take_effect(client) -> None:
    scene = scene_of(client, length="10.5,20.5:50.5,20.5=3m", level="false", fill="no")
    measured = client.post(f"/scenes/{scene['id']}/measure", json={"positions": [[10.5, 20.5], [50.5, 20.5]]})
    # The network saw 1.3 m; its error model keeps the fit from believing one length entirely.
    assert measured.json()["value"] == pytest.approx(3.0, rel=0.15)
    assert measured.json()["low"] < 3 < measured.json()["high"]
    options = client.get(scene["files"]["info.json"]).json()["options"]
    assert (options["level"], options["fill"]) == (False, False)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\a b.JPG", "a b.JPG"),
        ("..", "photo"),
        ("", "photo"),
        ("a\nb\"'<x>.jpg", "a_b___x_.jpg"),
        ("/", "photo"),
        ("küche.jpeg", "küche.jpeg"),
        ("x" * 300 + ".jpg", "x" * 60 + ".jpg"),
        (".bashrc", "bashrc"),
    ],
)
def test_a_name_is_no_path(name, safe) -> None:
    assert safe_name(name) == safe


@pytest.mark.parametrize("name", ["0", "1", "version=0", "scene.npz", "info.json"])
def test_a_photo_may_have_the_name_of_what_the_service_writes(name, client) -> None:
    answer = post(client, picture(), name)
    assert answer.status_code == 201, answer.text
    path = f"/scenes/{answer.json()['id']}"
    known = {"known": [{"from": [10.5, 20.5], "to": [50.5, 20.5], "length": "2m"}]}
    assert client.post(f"{path}/calibrate", json=known).json()["version"] == 1
    assert client.get(f"{path}/info.json").status_code == 200


def test_a_path_in_the_name_of_the_photo_leads_nowhere(client) -> None:
    answer = post(client, picture(), name="../../../evil.jpg")
    assert answer.json()["photo"]["name"] == "evil.jpg"
    named = client.get(answer.json()["files"]["depth.png"], params={"download": "true"})
    assert named.headers["content-disposition"] == 'attachment; filename="evil.depth.png"'
    for path in ("..%2f..%2fetc%2fpasswd", "photo.jpg", "evil.jpg", "version=0", "scene.obj"):
        assert client.get(f"/scenes/{answer.json()['id']}/{path}").status_code == 404


def test_a_length_has_an_interval_and_a_known_length_rescales(client) -> None:
    scene = scene_of(client, focal_px="64")
    where = f"/scenes/{scene['id']}"
    ends = {"positions": [[10.5, 24.5], [42.5, 24.5]]}
    before = client.post(f"{where}/measure", json=ends).json()
    assert before["value"] == pytest.approx(1.0, rel=1e-3) and before["unit"] == "m"
    glb = client.get(f"{where}/scene.glb").content
    known = {"from": ends["positions"][0], "to": ends["positions"][1], "length": "2m"}
    for _ in range(2):  # the same lengths again change nothing
        after = client.post(f"{where}/calibrate", json={"known": [known]})
        assert after.status_code == 200, after.text
        # Not 4 m: one length weighs against what the error model says of the network.
        assert 2.8 < after.json()["depth"]["nearest_m"] < 4.1
        length = client.post(f"{where}/measure", json={**ends, "unit": "cm"}).json()
        assert length["unit"] == "cm" and length["low"] < 200 < length["high"]
    assert client.get(f"{where}/scene.glb").content != glb
    back = client.post(f"{where}/calibrate", json={"known": []}).json()
    assert back["known"] == [] and back["depth"]["nearest_m"] == pytest.approx(2.0)
    assert client.post(f"{where}/measure", json=ends).json()["value"] == pytest.approx(before["value"])


def test_a_calibration_says_how_well_each_length_is_met_and_what_contradicts(client) -> None:
    scene = scene_of(client, focal_px="64")
    where = f"/scenes/{scene['id']}"
    assert scene["residuals"] == []
    one = {"from": [10.5, 24.5], "to": [42.5, 24.5], "length": "1m ± 1mm"}
    other = {"from": [10.5, 40.5], "to": [42.5, 40.5], "length": "1.3m ± 1mm"}
    after = client.post(f"{where}/calibrate", json={"known": [one, other]}).json()
    assert [each["given_m"] for each in after["residuals"]] == [1.0, 1.3]
    assert after["residuals"][0]["text"].startswith("1.00 m given, ")
    assert after["residuals"][0]["fitted_m"] > 1 > after["residuals"][1]["fitted_m"] / 1.3
    assert any("contradict each other by 30 %" in each for each in after["warnings"])
    back = client.post(f"{where}/calibrate", json={"known": []}).json()
    assert back["residuals"] == [] and back["warnings"] == scene["warnings"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"positions": [[1, 1]]}, ["distance needs 2 positions, got 1"]),
        ({"positions": [[1, 1], [1, 1]]}, ["twice in a row"]),
        ({"positions": [[1, 1], [900, 1]]}, ["outside the photo"]),
        ({"positions": [[1, 1], [2, "x"]]}, ["positions.1.1"]),
        ({"positions": [[1, 1], [2, 2]], "quantity": "colour"}, ["quantity"]),
        ({"positions": [[1, 1], [2, 2]], "units": "m"}, ["units"]),
        ([], ["the body"]),
    ],
)
def test_what_cannot_be_measured_is_refused(body, words, client) -> None:
    scene = scene_of(client)
    refused(client.post(f"/scenes/{scene['id']}/measure", json=body), 422, *words)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"from": [1, 1], "to": [30, 30], "length": 2}, ["text with a unit"]),
        ({"from": [1, 1], "to": [1, 1], "length": "2m"}, ["same pixel"]),
        ({"from": [1, 1], "to": [900, 30], "length": "2m"}, ["outside"]),
        ({"camera": 1}, ["none of the keys"]),
        ({"from": [1, 1], "to": [30, 30], "length": "1e-300m"}, ["between 1e-06 and 1e+09 m"]),
        ({"from": [1, 1], "to": [30, 30], "length": "1e300m"}, ["between 1e-06 and 1e+09 m"]),
        ({"from": [1, 1], "to": [30, 30], "length": "1m", "sigma": "1e300m"}, ["at most 1e+09 m"]),
        ({"from": [10**400, 1], "to": [30, 30], "length": "2m"}, ["from[0] must be a finite number"]),
    ],
)
def test_what_cannot_be_known_is_refused_and_changes_nothing(entry, words, client) -> None:
    scene = scene_of(client)
    refused(client.post(f"/scenes/{scene['id']}/calibrate", json={"known": [entry]}), 422, *words)
    assert client.get(f"/scenes/{scene['id']}").json()["version"] == 0


def test_the_description_names_the_options_and_has_examples(client) -> None:
    document = client.get("/openapi.json").json()
    form = document["paths"]["/scenes"]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert {"photo", "focal-35mm", "length", "level"} <= form["schema"]["properties"].keys()
    assert not {"model", "depth", "keep-metadata"} & form["schema"]["properties"].keys()
    assert document["components"]["schemas"]["MeasureRequest"]["examples"]
