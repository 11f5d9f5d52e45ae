"""The web page in a real browser: what it shows from the photo's place, and what its ruler reads."""

from dataclasses import replace

import numpy as np
import pytest
from browser import browse
from PIL import Image
from scipy.spatial.transform import Rotation
from synthetic import floor_and_wall, with_box

from recon.export.formats.html import html
from recon.export.registry import format_for
from recon.geometry.unproject import rays_of, unproject
from recon.provenance import ModelRecord, Provenance
from recon.scene import Scene
from recon.types import Intrinsics, MetricDepth, Photo

__all__ = ["browse"]
pytestmark = pytest.mark.browser

# Neither square pixels nor a centred principal point: whatever the page gets wrong shows.
CAMERA = Intrinsics(330.0, 300.0, 150.0, 130.0, 320, 240, "user")


@pytest.fixture(scope="session")
def scene() -> Scene:
    """A floor, a wall and a box before it, painted with soft waves."""
    z_m = with_box(floor_and_wall(CAMERA), slice(120, 170), slice(180, 250), 2.5)
    v, u = np.mgrid[:240, :320] / 240
    waves = [np.sin(9 * u) * np.cos(7 * v), np.sin(5 * u + 8 * v), np.cos(11 * u - 4 * v)]
    rgb = (127 + 100 * np.stack(waves, axis=-1)).astype(np.uint8)
    depth = MetricDepth(z_m, np.isfinite(z_m))
    photo = Photo(rgb, path='rooms/a "room" </script>.jpg')
    return Scene(photo, CAMERA, depth, provenance=Provenance(model=ModelRecord("fake")))


def distance_m(scene: Scene, a: tuple[int, int], b: tuple[int, int]) -> float:
    """Between the surface's points at two pixels (col, row)."""
    points = unproject(scene.depth.z_m, rays_of(scene.intrinsics))
    return float(np.linalg.norm(points[a[1], a[0]] - points[b[1], b[0]]))


def psnr_db(a: np.ndarray, b: np.ndarray) -> float:
    return float(-10 * np.log10(np.mean((a / 255.0 - b / 255.0) ** 2)))


@pytest.mark.parametrize("shape", ["mesh", "cloud"])
def test_the_first_view_is_the_photo_and_nothing_is_fetched(shape, scene, browse, tmp_path):
    page = scene.save(tmp_path / "a.html", shape=shape)
    result = browse(page, [["key", "h"], ["wait", 200], ["screenshot", str(tmp_path / "a.png")]])
    assert result["problem"] is None
    assert result["errors"] == []
    assert [each for each in result["requests"] if not each.startswith("blob:")] == [page.as_uri()]
    # While the scene is unpacked, the page shows the photo, unless a cloud's page has none.
    if shape == "mesh":
        assert 0 < result["photo_s"] < result["ready_s"]
    else:
        assert result["photo_s"] is None
    shown = np.asarray(Image.open(tmp_path / "a.png").convert("RGB"), np.float64)
    photo = scene.photo.rgb.astype(np.float64)
    # The box's outline is cut: that is not the view's doing.
    covered = np.abs(shown - photo).max(axis=-1) < 60
    assert covered.mean() > 0.98
    assert psnr_db(shown[covered], photo[covered]) > 35
    # The same picture half a pixel aside would be seen as such.
    aside = (photo[:, 1:] + photo[:, :-1]) / 2
    assert psnr_db(shown[:, 1:][covered[:, 1:]], aside[covered[:, 1:]]) < psnr_db(
        shown[covered], photo[covered]
    )


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)>&amp;",
        "</title><script>throw 1</script>",
        "\x1b]0;owned\x07\u202egnp",
        "a\nb'`${throw 1}",
    ],
)
def test_a_photo_s_name_is_nothing_but_text(name, scene, browse, tmp_path):
    page = replace(scene, photo=replace(scene.photo, path=f"{name}.jpg")).save(tmp_path / "a.html")
    result = browse(page, [["wait", 200]])
    assert result["problem"] is None and result["errors"] == []
    assert [each for each in result["requests"] if not each.startswith("blob:")] == [page.as_uri()]


@pytest.mark.parametrize("shape", ["mesh", "cloud"])
def test_the_ruler_reads_the_distance_of_two_clicked_points(shape, scene, browse, tmp_path):
    page = scene.save(tmp_path / "a.html", shape=shape)
    # From the wall to the floor, and from the wall to the box.
    pairs = [((60, 60), (90, 215)), ((280, 80), (215, 145))]
    steps = [["key", "h"], ["wait", 100], ["key", "m"]]
    # The window is twice the photo; the middle of pixel (c, r) is at (2 c + 1, 2 r + 1).
    clicks = [["click", 2 * c + 1, 2 * r + 1] for pair in pairs for c, r in pair]
    steps += [*clicks, ["texts", ".label"], ["drag", 300, 240, 340, 260], ["texts", ".label"]]
    steps += [["key", "c"], ["texts", ".label"]]
    result = browse(page, steps, viewport=(640, 480))
    assert result["errors"] == []
    read, after_turning, cleared = result["results"]
    assert len(read) == 2
    for text, pair in zip(read, pairs, strict=True):
        number, unit = text.split()
        assert unit == "m"
        assert float(number) == pytest.approx(distance_m(scene, *pair), rel=0.01)
    assert after_turning == read
    assert cleared == []


PAIRS = [((60, 60), (90, 215)), ((280, 80), (215, 145))]
MEASURED = [["key", "m"], *(["click", 2 * c + 1, 2 * r + 1] for pair in PAIRS for c, r in pair)]


def test_a_known_length_sets_the_scale_of_the_page(scene, browse, tmp_path):
    page = scene.save(tmp_path / "a.html")
    steps = [["key", "h"], ["wait", 100], ["key", "l"], ["texts", "dialog[open] h2"], *MEASURED]
    # The key that opens the dialog types nothing, and none of those typed there reaches the scene.
    for typed, answer in (
        ("2.5 m", "Enter"),
        ("80cm", "Enter"),
        ("nothing", "Enter"),
        ("-1 m", "Enter"),
        ("9", "Escape"),
    ):
        steps += [["key", "l"], ["type", typed], ["key", answer], ["texts", ".label"], ["texts", "#hint"]]
    steps += [["key", "l"], ["press", "#scale [value=original]"], ["texts", ".label"]]
    result = browse(page, steps, viewport=(640, 480))
    assert result["errors"] == []
    too_early, *rest, original = result["results"]
    assert too_early == []
    true = [distance_m(scene, *pair) for pair in PAIRS]
    # The last one is what was stated, and the other follows.
    for texts, stated in zip(rest[::2], (2.5, 0.8, 0.8, 0.8, 0.8), strict=True):
        lengths = [float(text.split()[0]) for text in texts]
        assert lengths == pytest.approx([true[0] * stated / true[1], stated], rel=0.015)
    refused = ["Not a length" in said for (said,) in rest[1::2]]
    assert refused[:4] == [False, False, True, True]
    assert [float(text.split()[0]) for text in original] == pytest.approx(true, rel=0.01)


def test_lengths_of_the_preview_stay_rough_after_one_is_stated(scene, browse, tmp_path):
    rough = replace(scene, provenance=Provenance(model=ModelRecord("preview")))
    page = rough.save(tmp_path / "a.html")
    steps = [["key", "h"], ["wait", 100], *MEASURED, ["texts", ".label"], ["key", "l"], ["type", "2.53 m"]]
    result = browse(page, [*steps, ["key", "Enter"], ["texts", ".label"]], viewport=(640, 480))
    before, after = result["results"]
    assert all(text.startswith("≈") and text.endswith("(guess)") for text in before)
    assert after[0].startswith("≈") and after[1] == "≈ 2.53 m"


@pytest.mark.parametrize("shape", ["mesh", "cloud"])
def test_what_is_cut_off_is_neither_seen_nor_measured(shape, scene, browse, tmp_path):
    page = scene.save(tmp_path / "a.html", shape=shape)
    pictures = [str(tmp_path / f"{name}.png") for name in ("cut", "whole")]
    # The slider keeps the focus, and the keys of the scene work.
    steps = [["fill", "#cut input", "0.5"], ["key", "h"], ["wait", 100], ["screenshot", pictures[0]]]
    steps += [
        ["key", "m"],
        ["click", 121, 21],
        ["texts", "#hint"],
        ["key", "h"],
        ["fill", "#cut input", "0.9"],
    ]
    # The slider's own keys move it, and not the scene.
    steps += [["key", "End"], ["key", "ArrowLeft"], ["key", "ArrowRight"], ["key", "h"], ["wait", 100]]
    steps += [["screenshot", pictures[1]], ["click", 121, 21], ["texts", "#hint"]]
    result = browse(page, steps, viewport=(640, 480))
    assert result["errors"] == []
    assert result["results"][1] == ["No surface here: click on the scene"]
    assert result["results"][-1] == ["Click the second point"]
    cut, whole = (np.asarray(Image.open(each).convert("RGB"), np.int16) for each in pictures)
    changed = np.abs(cut - whole).max(axis=-1) > 8
    assert changed[:100].mean() > 0.9 and changed[400:].mean() < 0.05


def test_a_levelled_scene_opens_on_the_photo_too_and_its_lengths_stay(scene, browse, tmp_path):
    form, shape = format_for(tmp_path / "a.html")
    level_T_gl = np.eye(4)
    level_T_gl[:3, :3] = Rotation.from_euler("xz", [-20, 6], degrees=True).as_matrix()
    level_T_gl[1, 3] = 1.4
    content = replace(scene.content(form, shape), level_T_gl=level_T_gl)
    html.write(content, tmp_path / "a.html")
    pair = ((60, 60), (90, 215))
    steps = [["key", "h"], ["wait", 200], ["screenshot", str(tmp_path / "a.png")], ["key", "m"]]
    result = browse(tmp_path / "a.html", [*steps, *(["click", c, r] for c, r in pair), ["texts", ".label"]])
    shown = np.asarray(Image.open(tmp_path / "a.png").convert("RGB"), np.float64)
    difference = np.abs(shown - scene.photo.rgb).max(axis=-1)
    assert (difference < 10).mean() > 0.98
    assert float(result["results"][-1][0].split()[0]) == pytest.approx(distance_m(scene, *pair), rel=0.02)


def test_a_length_at_the_edge_of_a_small_view_is_whole_and_above_the_badge(scene, browse, tmp_path):
    rough = replace(scene, provenance=Provenance(model=ModelRecord("preview")))
    page = rough.save(tmp_path / "a.html")
    # The second point is behind the badge, and so is the middle of the label.
    steps = [["shown", "#warning"], ["key", "m"], ["click", 4, 95], ["click", 40, 70], ["wait", 100]]
    every = (
        "for (const each of document.querySelectorAll('.label, #warning')) each.style.pointerEvents = 'auto'"
    )
    box = "const label = document.querySelector('.label'), box = label.getBoundingClientRect()"
    top = "document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2) === label"
    # The browser rounds widths to whole pixels.
    steps += [["eval", f"{every}; {box}; document.title = [box.left > -1, {top}]"], ["texts", "title"]]
    result = browse(page, steps, viewport=(320, 420))
    assert result["results"] == [1, ["true,true"]]


def test_a_click_outside_the_surface_measures_nothing(scene, browse, tmp_path):
    narrow = Scene(
        scene.photo, scene.intrinsics, MetricDepth(scene.depth.z_m, np.indices((240, 320))[1] > 160)
    )
    page = narrow.save(tmp_path / "a.html")
    steps = [["key", "h"], ["wait", 100], ["key", "m"], ["click", 100, 100], ["texts", "#lines circle"]]
    result = browse(page, [*steps, ["texts", "#hint"]], viewport=(640, 480))
    assert result["results"] == [[], ["No surface here: click on the scene"]]


def test_the_photo_is_never_covered_by_the_toolbar(scene, browse, tmp_path):
    page = scene.save(tmp_path / "a.html")
    for viewport in ((1280, 800), (390, 844)):
        ((rect),) = browse(page, [["photo"]], viewport=viewport)["results"]
        assert rect["left"] >= 0
        assert rect["top"] >= 0
        assert rect["width"] / rect["height"] == pytest.approx(320 / 240)
        assert rect["top"] + rect["height"] < viewport[1] - 60
        assert rect["left"] + rect["width"] <= viewport[0]


def test_the_scene_comes_back_after_the_graphics_driver_was_restarted(scene, browse, tmp_path):
    page = scene.save(tmp_path / "a.html")
    canvas = "document.querySelector('canvas')"

    def then(event: str, call: str) -> str:
        drawn = "() => requestAnimationFrame(() => requestAnimationFrame(done))"
        listening = f"{canvas}.addEventListener('webglcontext{event}', {drawn}, {{once: true}})"
        return f"new Promise((done) => {{ {listening}; {call}; }})"

    steps = [
        ["key", "h"],
        ["screenshot", str(tmp_path / "before.png")],
        ["eval", f"window.ext = {canvas}.getContext('webgl2').getExtension('WEBGL_lose_context')"],
        ["eval", then("lost", "window.ext.loseContext()")],
        ["screenshot", str(tmp_path / "lost.png")],
        ["eval", then("restored", "window.ext.restoreContext()")],
        ["screenshot", str(tmp_path / "after.png")],
    ]
    result = browse(page, steps)
    assert result["problem"] is None
    before, lost, after = (
        np.asarray(Image.open(tmp_path / f"{name}.png").convert("RGB"), np.float64)
        for name in ("before", "lost", "after")
    )
    assert psnr_db(before, lost) < 25 and psnr_db(before, after + 1e-3) > 40


def test_a_browser_without_webgl_shows_a_message(scene, browse, tmp_path):
    page = scene.save(tmp_path / "a.html")
    result = browse(page, [["texts", "#problem"]], args=["--disable-3d-apis"])
    assert "WebGL 2" in result["problem"]
    assert result["results"] == [[result["problem"]]]


def test_a_damaged_page_shows_a_message(scene, browse, tmp_path):
    page = scene.save(tmp_path / "a.html")
    text = page.read_text("utf-8")
    start = text.index('data-array="uv"')
    cut = text.index(">", start) + 1 + 400
    page.write_text(text[:cut] + text[cut + 400 :], "utf-8")
    result = browse(page, [])
    assert "cannot be read" in result["problem"]
