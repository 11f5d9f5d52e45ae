"""The web page as text: complete in itself, escaped, and the geometry in it is the scene's."""

import base64
import json
import re
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from recon.export.formats.html import html, packing
from recon.frames import apply, gl_T_cam
from recon.provenance import ModelRecord, Provenance
from recon.types import FOCAL_SOURCES, FocalSource, Intrinsics, Photo

ROOT = Path(__file__).parents[4]


class Page(HTMLParser):
    """What a browser would see: elements with their attributes, and the text of the scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.inside = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.texts.append("")
        self.inside = True

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.texts[-1] += data

    def scripts(self, **wanted: str) -> list[tuple[dict[str, str | None], str]]:
        result = zip(self.elements, self.texts, strict=True)
        scripts = [(attributes, text) for (tag, attributes), text in result if tag == "script"]
        return [each for each in scripts if all(each[0].get(key) == wanted[key] for key in wanted)]

    @property
    def data(self) -> dict:
        ((_, text),) = self.scripts(id="data")
        return json.loads(text)

    def array(self, name: str, dtype: type) -> np.ndarray:
        """Unpacks as web/src/unpack.js does, by numpy's own means."""
        columns = self.data["arrays"][name]["columns"]
        blocks = []
        for attributes, text in self.scripts(**{"data-array": name}):
            raw = zlib.decompress(base64.b64decode(text, validate=True))
            blocks.append(unpacked(raw, int(attributes["data-rows"]), columns, dtype))
        result = np.concatenate(blocks)
        assert len(result) == self.data["arrays"][name]["count"]
        return result


def unpacked(raw: bytes, rows: int, columns: int, dtype: type) -> np.ndarray:
    if dtype is np.uint8:
        return np.cumsum(np.frombuffer(raw, np.uint8).reshape(columns, rows), axis=1, dtype=np.uint8).T
    planes = np.frombuffer(raw, np.uint8).reshape(columns, 4, rows).astype(np.int64)
    zigzag = (planes * np.array([1, 2**8, 2**16, 2**24])[:, None]).sum(axis=1)
    return np.cumsum(np.where(zigzag & 1, -(zigzag + 1) // 2, zigzag // 2), axis=1).T


@pytest.fixture(autouse=True)
def _program(monkeypatch):
    """The real program is the browser tests' matter; here a page needs any."""
    real = html._asset
    monkeypatch.setattr(html, "_asset", lambda name: "/* program */" if name == html.BUNDLE else real(name))


@pytest.fixture
def page(make_content, tmp_path):
    """``page("mesh", ...)``: the content and the page that it gives."""

    def write(shape, **changes):
        content = replace(make_content(shape), **changes)
        html.write(content, tmp_path / "a.html")
        return content, Page((tmp_path / "a.html").read_text("utf-8"))

    return write


@pytest.mark.parametrize("shape", ["mesh", "cloud"])
def test_positions_are_the_scene_s(shape, page):
    content, written = page(shape)
    step = written.data["position_step_m"]
    points = content.geometry.vertices if shape == "mesh" else content.geometry.points
    difference = written.array("position", np.int32) * step - apply(gl_T_cam, points)
    assert np.abs(difference).max() <= 0.5001 * step
    assert step <= 0.000125


def test_a_levelled_scene_is_upright_and_its_camera_above_the_floor(page):
    level_T_gl = np.eye(4)
    level_T_gl[:3, :3] = [[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]]
    level_T_gl[1, 3] = 1.4
    content, written = page("mesh", level_T_gl=level_T_gl)
    expected = apply(level_T_gl @ gl_T_cam, content.geometry.vertices)
    result = written.array("position", np.int32) * written.data["position_step_m"]
    assert np.abs(result - expected).max() < 0.0001
    camera = np.reshape(written.data["camera"]["scene_T_gl"], (4, 4)).T
    assert np.allclose(camera, level_T_gl)
    assert written.data["floor_m"] == 0


def test_faces_texture_coordinates_and_colours_are_the_scene_s(page):
    content, written = page("mesh")
    assert np.array_equal(written.array("face", np.int32), content.geometry.faces)
    uv = written.array("uv", np.int32) / written.data["uv_steps"]
    # Pixel centres lie on the steps, so what is left is the rounding of float32.
    assert np.abs(uv - content.geometry.uv).max() < 1e-6
    content, written = page("cloud")
    assert np.array_equal(written.array("rgb", np.uint8), content.geometry.rgb)


def test_long_arrays_come_in_several_blocks(page, monkeypatch):
    monkeypatch.setattr(packing, "ROWS", 100)
    content, written = page("mesh")
    assert len(written.scripts(**{"data-array": "face"})) == -(-len(content.geometry.faces) // 100)
    assert np.array_equal(written.array("face", np.int32), content.geometry.faces)


@given(arrays(np.int32, array_shapes(min_dims=2, max_dims=2), elements=st.integers(-(2**30), 2**30 - 1)))
def test_every_integer_survives_packing(rows):
    assert np.array_equal(unpacked(packing.pack(rows), *rows.shape, np.int32), rows)


@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2)))
def test_every_byte_survives_packing(rows):
    assert np.array_equal(unpacked(packing.pack(rows), *rows.shape, np.uint8), rows)


@given(st.floats(0.01, 500), st.floats(100, 10_000))
def test_rounding_moves_a_point_by_less_than_a_tenth_of_a_pixel(depth_m, focal_px):
    camera = Intrinsics.from_focal(focal_px, width=640, height=480, source="user")
    points = np.array([[0, 0, depth_m], [1, 1, 2 * depth_m]], np.float32)
    step = html.position_step_m(points, camera)
    assert step <= 0.000125
    assert step / 2 * 3**0.5 < 0.1 * depth_m / focal_px
    assert np.log2(step) == round(np.log2(step))


def test_huge_coordinates_are_rounded_coarser_instead_of_overflowing(page, make_content):
    geometry = make_content("cloud").geometry
    _, written = page("cloud", geometry=replace(geometry, points=geometry.points * np.float32(1e7)))
    result = written.array("position", np.int32) * written.data["position_step_m"]
    assert np.allclose(result, apply(gl_T_cam, geometry.points) * 1e7, rtol=1e-5, atol=1)


def test_a_jpeg_goes_in_as_it_is(page, make_content):
    buffer = BytesIO()
    Image.fromarray(make_content("mesh").photo.rgb).save(buffer, "JPEG", quality=60)
    photo = replace(make_content("mesh").photo, jpeg_bytes=buffer.getvalue())
    _, written = page("mesh", photo=photo)
    ((_, attributes),) = [each for each in written.elements if each[0] == "img"]
    kind, text = attributes["src"].split(",")
    assert (attributes["id"], kind) == ("photo", "data:image/jpeg;base64")
    assert base64.b64decode(text, validate=True) == buffer.getvalue()
    assert "img" not in [tag for tag, _ in page("cloud", photo=photo)[1].elements]


@pytest.mark.parametrize("shape", ["mesh", "cloud"])
def test_nothing_in_it_refers_to_anything_outside(shape, page):
    _, written = page(shape)
    addresses = [
        (tag, name, value)
        for tag, attributes in written.elements
        for name, value in attributes.items()
        if name in ("src", "srcset", "href", "action", "data", "poster", "xlink:href", "style")
    ]
    assert addresses[0] == ("link", "href", "data:,")
    assert [(tag, name) for tag, name, _ in addresses[1:]] == ([("img", "src")] if shape == "mesh" else [])
    assert all(value.startswith("data:image/jpeg;base64,") for _, _, value in addresses[1:])
    styles = [text for (tag, _), text in zip(written.elements, written.texts, strict=True) if tag == "style"]
    assert styles
    assert not re.search(r"url\(|@import|image-set", "".join(styles))
    (policy,) = [each for tag, each in written.elements if tag == "meta" and each.get("http-equiv")]
    assert policy["content"].startswith("default-src 'none';")
    assert "http" not in policy["content"]


def test_no_text_of_a_file_name_or_a_provenance_becomes_markup(page):
    nasty = 'a</script><script>alert(1)</script><!--<script>&amp;{{program}} "Küche" 部屋\u2028.jpg'
    _, plain = page("mesh")
    content = page("mesh")[0]
    photo = Photo(content.photo.rgb, path=f"/somewhere/private/{nasty.replace('/', '|')}")
    values = {"model": {"name": nasty, "revision": nasty}, "calibration": {"scale": 1.0, "note": nasty}}
    _, written = page("mesh", photo=photo, provenance=Provenance.from_dict(values))
    assert [tag for tag, _ in written.elements] == [tag for tag, _ in plain.elements]
    facts = dict(written.data["facts"])
    assert facts["Depth"] == facts["Revision"] == nasty
    title = written.texts[[tag for tag, _ in written.elements].index("title")]
    assert title.strip() == nasty.replace("/", "|")
    assert "private" not in json.dumps(written.data)


def test_a_name_of_odd_bytes_can_be_written(page):
    content, _ = page("mesh")
    _, written = page("mesh", photo=Photo(content.photo.rgb, path="caf\udce9.jpg"))
    assert "caf?.jpg" in dict(written.data["facts"])["Photo"]


def test_what_the_page_says_of_the_scene(page):
    _, written = page("mesh", provenance=Provenance(model=ModelRecord("preview")))
    assert written.data["guess"] is True
    assert written.data["scale_interval"] is None
    provenance = Provenance(model=ModelRecord("depthpro", "abc123"), scale_interval=0.07)
    _, written = page("cloud", provenance=provenance, stride=3, voxel_m=0.02)
    assert written.data["guess"] is False
    assert (written.data["spacing_px"], written.data["voxel_m"]) == (3, 0.02)
    facts = dict(written.data["facts"])
    assert facts["Depth"] == "depthpro"
    assert facts["Revision"] == "abc123"
    assert facts["Scale"] == "± 7.0 % (95 %)"
    assert "20.0 px" in facts["Focal length"]
    assert "EXIF" in facts["Focal length"]
    assert facts["Scene"] == "432 points"


@pytest.mark.parametrize("source", get_args(FocalSource))
def test_a_page_has_words_for_every_source_of_the_focal_length(page, source):
    content, _ = page("mesh")
    _, written = page("mesh", intrinsics=replace(content.intrinsics, source=source))
    assert FOCAL_SOURCES[source] in dict(written.data["facts"])["Focal length"]


def test_a_mesh_without_texture_coordinates_is_our_bug(make_content, tmp_path):
    content = make_content("mesh")
    with pytest.raises(ValueError, match="uv"):
        html.write(replace(content, geometry=replace(content.geometry, uv=None)), tmp_path / "a.html")
