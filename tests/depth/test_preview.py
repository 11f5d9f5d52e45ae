import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

import recon
from recon.depth.preview import Preview, solid
from recon.errors import PhotoError
from recon.journal import Journal
from recon.photo.read import read_photo
from recon.types import MetricDepth, Photo

torch = pytest.importorskip("torch")
from recon.depth.nets.preview import NetworkConfig, PreviewNet  # noqa: E402
from recon.depth.nets.preview_look import Maps, combined, read_weights, size_for, size_of_closer  # noqa: E402
from tools.preview.export import add_metadata, write_weights  # noqa: E402

SAMPLES = Path(__file__).parents[2] / "sample_data"


def truth_of(name: str, unit_m: float = 0.001) -> np.ndarray:
    return np.asarray(Image.open(SAMPLES / f"{name}.depth.png")).astype(np.float64) * unit_m


def aligned_error(result: np.ndarray, truth: np.ndarray, known: np.ndarray) -> float:
    """AbsRel after one scale by the median."""
    scale = np.median(truth[known] / result[known])
    return float(np.mean(np.abs(scale * result[known] - truth[known]) / truth[known]))


@pytest.mark.parametrize(("name", "unit_m"), [("living_room", 0.001), ("street", 1 / 256)])
def test_it_sees_more_than_a_flat_wall_and_than_its_rows(name: str, unit_m: float) -> None:
    truth = truth_of(name, unit_m)
    scene = recon.reconstruct(SAMPLES / f"{name}.jpg", model="preview")
    known = (truth > 0) & scene.depth.valid
    mirrored = scene.depth.z_m[:, ::-1]
    error = aligned_error(scene.depth.z_m, truth, known)
    assert error < 0.9 * aligned_error(np.ones_like(truth), truth, known)
    assert error < aligned_error(mirrored, truth, known), "it must look at the photo, not at its rows alone"


def test_the_sky_of_a_street_is_found_and_a_room_has_none() -> None:
    street = recon.reconstruct(SAMPLES / "street.jpg", model="preview")
    truth = truth_of("street") == 0
    assert street.sky is not None
    overlap = (street.sky & truth).sum() / (street.sky | truth).sum()
    assert overlap > 0.5
    room = recon.reconstruct(SAMPLES / "living_room.jpg", model="preview")
    assert room.sky is not None and room.sky.mean() < 0.02


def test_a_job_that_is_cancelled_ends_between_two_operations() -> None:
    class Stopped(BaseException):
        pass

    class Tenth(Journal):
        checks = 0

        def check(self) -> None:
            self.checks += 1
            if self.checks == 10:
                raise Stopped

    photo, estimator, journal = Photo(np.full((48, 64, 3), 128, np.uint8)), Preview(), Tenth()
    for _ in range(2):
        with pytest.raises(Stopped):
            estimator.estimate(photo, focal_px=None, journal=journal)
        journal.checks = 0
    assert estimator.estimate(photo, focal_px=None, journal=Journal()).depth.valid.any()


def test_what_touches_the_sky_counts_little_and_a_pole_before_it_is_not_lost() -> None:
    sky = np.zeros((12, 9), np.float32)
    sky[:6] = 1
    sky[:6, 4] = 0.2
    counts = solid(sky)
    assert (counts[:6, :3] == 0).all()
    assert (counts[6, :3] < 0.01).all() and (counts[6, :3] > 0).all()
    assert (counts[7:] > 0.99).all()
    assert (counts[:6, 4] > 0).all() and counts[:6, 4].max() < 0.01


def test_the_same_photo_gives_the_same_depth_and_a_note() -> None:
    photo = read_photo(SAMPLES / "kitchen.jpg")
    journal = Journal()
    first, second = (Preview().estimate(photo, focal_px=None, journal=journal) for _ in range(2))
    assert isinstance(first.depth, MetricDepth) and isinstance(second.depth, MetricDepth)
    assert np.array_equal(first.depth.z_m, second.depth.z_m)
    assert [entry.kind for entry in journal.entries] == ["decision", "decision"]
    assert "metres are guesses" in journal.entries[0].message
    assert first.revision is not None and "samples" in first.revision


def test_a_choice_that_said_how_rough_it_is_is_not_repeated() -> None:
    journal = Journal()
    journal.decide("model", "preview, rough", chosen="preview")
    Preview().estimate(Photo(rgb=np.zeros((30, 40, 3), np.uint8)), focal_px=None, journal=journal)
    assert len(journal.entries) == 1


def test_the_closer_look_decides_outlines_and_the_first_one_distances() -> None:
    high, wide = size_of_closer(4 / 3, 56000)[1] // 2, size_of_closer(4 / 3, 56000)[0] // 2
    rows, columns = size_for(4 / 3, 56000)[1] // 2, size_for(4 / 3, 56000)[0] // 2
    # The truth is a near half and a far one; the first look blurs the outline, the closer one errs by a slow wave.
    step = np.where(np.arange(wide) < wide // 2, 2.0, 0.0).astype(np.float32)
    blurred = np.clip(np.linspace(columns, 0, columns) - columns / 2, -6, 6).astype(np.float32) / 6 + 1
    first = np.stack([np.tile(blurred, (rows, 1)), np.tile(blurred[::-1], (rows, 1))]).astype(np.float32)
    sky = np.zeros_like(first)
    sky[0, :4], sky[1, :4] = 0.8, 0.6
    wave = np.sin(2 * np.pi * np.arange(high) / high)[:, None]
    close = (step + wave)[None].astype(np.float32)
    seen = combined(Maps(first, sky, sky + 0.09), Maps(close, np.ones_like(close), 0 * close + 0.07))
    assert seen.log_inverse.shape == (high, wide)
    # Its own levels, far from the outline, are the first look's; the step is as sharp as in the closer one.
    middle = seen.log_inverse[high // 4]
    np.testing.assert_allclose(middle[[5, wide // 4, -wide // 4, -5]], [2, 2, 0, 0], atol=0.04)
    np.testing.assert_allclose(middle[[wide // 2 - 1, wide // 2]], [2, 0], atol=0.25)
    # Away from outlines the closer look counts for nothing: walls stay as flat as the first one sees them.
    far = np.abs(np.arange(wide) - wide / 2) > 20
    np.testing.assert_allclose(seen.log_inverse[:, far], np.tile(middle[far], (high, 1)), atol=1e-3)
    # Sky is that of the first look, whichever way the picture was turned; variances count half each.
    assert (seen.sky[0] > 0.5).all() and (seen.sky[high // 2] == 0).all()
    np.testing.assert_allclose(seen.log_sigma[high // 2], 0.08**0.5, rtol=1e-3)


@pytest.mark.parametrize("aspect", [0.75, 1.0, 4 / 3, 1.5, 16 / 9])
def test_the_closer_look_has_two_to_three_times_the_pixels_and_the_photos_shape(aspect: float) -> None:
    first, close = size_for(aspect, 56000), size_of_closer(aspect, 56000)
    assert 2 < close[0] * close[1] / (first[0] * first[1]) < 3
    assert close[0] / close[1] == pytest.approx(aspect, rel=0.08)
    assert all(side % 32 == 0 for side in (*first, *close))


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights file of a small network with random weights, whose maps differ from pixel to pixel."""
    config = NetworkConfig(encoder=0, tokens=32, blocks=1, heads=2, decoder=(16, 16, 8, 8))
    torch.manual_seed(3)
    net = PreviewNet(config)
    torch.nn.init.normal_(net.head.weight, std=0.1)
    path = tmp_path_factory.mktemp("weights") / "preview.safetensors"
    state = {"average": net.state_dict(), "config": config.as_dict(), "samples": 7}
    write_weights(state, path, 6144)
    return path


def maps_of(path: Path, rgb: np.ndarray, focal_px: float | None) -> MetricDepth:
    depth = Preview(path).estimate(Photo(rgb=rgb), focal_px=focal_px, journal=Journal()).depth
    assert isinstance(depth, MetricDepth)
    return depth


PICTURE = np.random.default_rng(1).integers(0, 256, (90, 120, 3)).astype(np.uint8)


def test_the_focal_length_goes_in_and_whether_it_is_known(untrained: Path) -> None:
    default_px = 60 / np.tan(np.deg2rad(30))
    given, guessed, longer = (maps_of(untrained, PICTURE, f).z_m for f in (default_px, None, 2 * default_px))
    assert (given != guessed).mean() > 0.9, "the network sees that nobody knows it"
    # More than the factor that the same canonical depth would give: the network sees the rays, too.
    ratio = np.log(longer / given)
    assert ratio.std() > 1e-4 and np.median(ratio) == pytest.approx(np.log(2), abs=0.5)


def test_each_pixel_has_an_error_as_a_scene_file_stores_it(untrained: Path, tmp_path: Path) -> None:
    depth = maps_of(untrained, PICTURE, None)
    assert depth.log_sigma is not None and depth.log_sigma.shape == (90, 120)
    assert depth.log_sigma.min() > 0 and np.ptp(depth.log_sigma) > 0
    assert np.array_equal(depth.log_sigma.astype(np.float16), depth.log_sigma)
    other = tmp_path / "calibrated.safetensors"
    other.write_bytes(untrained.read_bytes())
    add_metadata(other, {"sigma_factor": "0.5", "sigma_power": "2"})
    again = maps_of(other, PICTURE, None)
    assert np.array_equal(again.z_m, depth.z_m)
    # The map is calibrated before it is brought to the photo's size.
    assert again.log_sigma is not None
    assert np.median(again.log_sigma / (0.5 * depth.log_sigma**2)) == pytest.approx(1, abs=0.05)


def test_a_weights_file_of_another_network_is_refused(untrained: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    other.write_bytes(untrained.read_bytes())
    config = NetworkConfig(encoder=0, tokens=32, blocks=2, heads=2, decoder=(16, 16, 8, 8))
    add_metadata(other, {"config": json.dumps(config.as_dict())})
    with pytest.raises(ValueError, match="is of another network: missing"):
        read_weights(other)


def test_a_strip_is_padded_and_comes_back_at_its_own_size(untrained: Path) -> None:
    strip = np.random.default_rng(2).integers(0, 256, (40, 400, 3)).astype(np.uint8)
    depth = maps_of(untrained, strip, 300.0)
    assert depth.z_m.shape == (40, 400) and np.isfinite(depth.z_m).all()
    # The padding repeats the border: the strip with its border repeated by hand has the same depth.
    taller = np.pad(strip, ((11, 11), (0, 0), (0, 0)), mode="edge")
    np.testing.assert_allclose(maps_of(untrained, taller, 300.0).z_m[11:51], depth.z_m, rtol=1e-5)


def test_a_wide_photo_is_seen_as_it_is(untrained: Path) -> None:
    wide = np.random.default_rng(2).integers(0, 256, (60, 380, 3)).astype(np.uint8)
    taller = np.pad(wide, ((46, 46), (0, 0), (0, 0)), mode="edge")
    assert not np.allclose(maps_of(untrained, taller, 300.0).z_m[46:106], maps_of(untrained, wide, 300.0).z_m)


def test_the_bundled_weights_are_calibrated_and_fit_the_wheel() -> None:
    path = Path(recon.__file__).parent / "depth" / "preview.safetensors"
    assert path.stat().st_size < 20_000_000
    weights = read_weights(path)
    assert (weights.sigma_factor, weights.sigma_power) != (1.0, 1.0), "run tools.preview.ship --write"


def test_the_rotated_sample_is_seen_upright() -> None:
    upright = np.asarray(ImageOps.exif_transpose(Image.open(SAMPLES / "kitchen.jpg")))
    scene = recon.reconstruct(SAMPLES / "kitchen.jpg", model="preview")
    assert scene.depth.z_m.shape == upright.shape[:2] == truth_of("kitchen").shape


@pytest.mark.parametrize("aspect", [2, 3, 5, 10])
def test_the_metres_of_a_tall_strip_do_not_collapse(aspect: int) -> None:
    """One room and one focal length, seen whole and through a slit: at 1:10 the slit was 15 times nearer."""
    whole = np.asarray(Image.open(SAMPLES / "living_room.jpg").convert("RGB").resize((512, 384)))
    width = 384 // aspect
    columns = slice((512 - width) // 2, (512 - width) // 2 + width)
    strip = np.ascontiguousarray(whole[:, columns])
    z_m = metres(Photo(whole))[:, columns]
    assert 0.5 < np.median(metres(Photo(strip))) / np.median(z_m) < 1.5


def metres(photo: Photo) -> np.ndarray:
    depth = Preview().estimate(photo, focal_px=443.0, journal=Journal()).depth
    assert isinstance(depth, MetricDepth)
    return depth.z_m


@pytest.mark.parametrize("size", [(3, 2000), (2000, 3), (4, 4000), (6, 6000), (1, 1), (15, 15), (100, 2100)])
def test_a_sliver_is_refused_in_one_sentence(size: tuple[int, int]) -> None:
    photo = Photo(np.zeros((size[1], size[0], 3), np.uint8), path="strip.png")
    with pytest.raises(PhotoError, match=rf"strip.png is {size[0]}x{size[1]} px, too narrow for preview"):
        Preview().estimate(photo, focal_px=None, journal=Journal())


@pytest.mark.parametrize("size", [(16, 16), (16, 320), (320, 16), (31, 600), (600, 31)])
def test_the_narrowest_photos_give_a_scene(size: tuple[int, int], tmp_path: Path) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)
    scene = recon.reconstruct(Photo(rgb), model="preview", edge=0.0)
    known = scene.depth.z_m[scene.depth.valid]
    assert known.size and np.isfinite(known).all() and known.min() > 0.05
    scene.save(tmp_path / "a.glb")
