"""The estimator ``photo``: the depth inside a photo's file on the photo's grid, and what ``auto`` makes of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from embedded_depth_files import apple_jpeg, apple_xmp, gdepth_jpeg, photo_jpeg, picture_of
from picture_files import file

from recon.depth import registry
from recon.depth.estimator import RunOptions
from recon.depth.hub import download
from recon.depth.hub.checkpoint_cache import Snapshot
from recon.errors import ModelUnavailable, PhotoError
from recon.photo.read import read_photo
from recon.types import CarriedDepth, DepthEstimate, Intrinsics, MetricDepth, Photo, RelativeDepth

from .conftest import KeepingJournal, noise_photo

OFFLINE = RunOptions(offline=True)


def carrying(depth: MetricDepth | RelativeDepth, *, width: int, height: int, **how: Any) -> Photo:
    """A photo of noise that carries a depth map."""
    gives: Literal["metric", "relative"] = "metric" if isinstance(depth, MetricDepth) else "relative"
    stored_height, stored_width = depth.valid.shape
    carried = CarriedDepth(gives, "made up", stored_width, stored_height, lambda: depth, **how)
    return replace(noise_photo(width=width, height=height), carried=carried)


def estimated(photo: Photo, journal: KeepingJournal, focal_px: float | None = None) -> DepthEstimate:
    estimator = registry.create("photo", RunOptions(), journal, photo)
    result = estimator.estimate(photo, focal_px=focal_px, journal=journal)
    assert result.depth.valid.shape == (photo.height, photo.width)
    assert estimator.gives == ("metric" if isinstance(result.depth, MetricDepth) else "relative")
    return result


def ramp(low: float, high: float) -> np.ndarray:
    return np.tile(np.linspace(low, high, 32, dtype=np.float32), (24, 1))


def test_metric_depth_comes_on_the_photos_grid(journal: KeepingJournal) -> None:
    inverse = ramp(0.2, 0.4)
    photo = carrying(MetricDepth(1 / inverse, np.ones((24, 32), bool)), width=128, height=96)
    result = estimated(photo, journal)
    assert isinstance(result.depth, MetricDepth)
    assert (result.model, result.focal_px, result.focal_used_px) == ("photo", None, None)
    # A plane stays one: linear in inverse depth, also between the stored pixels' centres.
    centres = np.clip((np.arange(128) + 0.5) / 4 - 0.5, 0, 31)
    assert 1 / result.depth.z_m[40] == pytest.approx(0.2 + centres / 31 * 0.2, rel=1e-5)
    assert not journal.warnings()


@pytest.mark.parametrize(("scale", "shift"), [(1, 0), (300, 0), (2, -1), (1e-3, 5), (0, 3)])
def test_relative_depth_is_resampled_alike_for_any_scale_and_shift(
    scale: float, shift: float, journal: KeepingJournal
) -> None:
    steps = ramp(0.2, 0.4)
    steps[:, 16:] += 1
    valid = np.ones((24, 32), bool)
    valid[:6, :8] = False

    def resampled(scale: float, shift: float) -> RelativeDepth:
        inverse = (scale * steps + shift).astype(np.float32)
        photo = carrying(RelativeDepth(inverse, valid), width=128, height=96)
        depth = estimated(photo, journal).depth
        assert isinstance(depth, RelativeDepth)
        return depth

    plain, other = resampled(1, 0), resampled(scale, shift)
    assert np.array_equal(plain.valid, other.valid)
    tolerance = 1e-5 * max(abs(shift), scale)
    wanted = scale * plain.inverse + shift
    assert other.inverse[other.valid] == pytest.approx(wanted[other.valid], abs=tolerance, rel=1e-5)
    # Nothing hangs between the two surfaces, and both keep their slope.
    row = plain.inverse[50]
    assert ((row < 0.31) | (row > 1.29)).all()
    assert np.diff(row[4:60]).min() > 0
    assert not plain.valid[:22, :30].any() and plain.valid[26:].all()


@pytest.mark.parametrize("known", ["given", "file", "nothing"])
def test_distances_along_the_rays_become_depth(known: str, journal: KeepingJournal) -> None:
    """A wall 2 m away: the rays to its corners are longer."""
    focal_px = {"given": 100.0, "file": 70.0, "nothing": 64 / np.tan(np.radians(30))}[known]
    x, y = np.meshgrid(np.arange(128) + 0.5 - 64, np.arange(96) + 0.5 - 48)
    length = np.hypot(np.hypot(x, y), focal_px) / focal_px
    valid = np.ones(length.shape, bool)
    metric = MetricDepth((2 * length).astype(np.float32), valid)
    relative = RelativeDepth((0.5 / length).astype(np.float32), valid)
    for depth in (metric, relative):
        photo = carrying(depth, width=128, height=96, along_ray=True)
        if known == "file":
            camera = Intrinsics.from_focal(70.0, width=128, height=96, source="file")
            photo = replace(photo, intrinsics=camera)
        result = estimated(photo, journal, 100.0 if known == "given" else None)
        flat = result.depth.z_m if isinstance(result.depth, MetricDepth) else 1 / result.depth.inverse
        assert flat == pytest.approx(np.full((96, 128), 2.0), rel=1e-5)
        assert result.focal_used_px == pytest.approx(focal_px)
    assert any("rays" in warning for warning in journal.warnings()) == (known == "nothing")


def test_a_unit_that_cannot_be_right_is_doubted(journal: KeepingJournal) -> None:
    estimated(carrying(MetricDepth(ramp(3e3, 4e3), np.ones((24, 32), bool)), width=32, height=24), journal)
    assert "unit in the file may be wrong" in journal.warnings()[0]


def test_without_embedded_depth_the_error_lists_the_standards(
    tmp_path: Path, journal: KeepingJournal
) -> None:
    for photo in (noise_photo(width=32, height=24), read_photo(file(tmp_path, "a.jpg", photo_jpeg(32, 24)))):
        with pytest.raises(
            ModelUnavailable, match=r"contains no usable depth.*Apple.*GDepth.*Dynamic Depth.*--depth"
        ):
            registry.create("photo", RunOptions(), journal, photo)
        unbound = registry.create("photo", RunOptions())
        with pytest.raises(ModelUnavailable, match="contains no usable depth"):
            unbound.estimate(photo, focal_px=None, journal=journal)
    cut = gdepth_jpeg(photo_jpeg(32, 24), picture_of(np.ones((24, 12), np.uint8)), Near=1, Far=2, Units="m")
    with pytest.raises(ModelUnavailable, match="was ignored: it is 12x24"):
        registry.create("photo", RunOptions(), journal, read_photo(file(tmp_path, "b.jpg", cut)))


def _auto(photo: Photo, journal: KeepingJournal, monkeypatch: pytest.MonkeyPatch, *, weights: bool) -> str:
    here = Snapshot(Path("here"), "org/name", "abc") if weights else None
    monkeypatch.setattr(download, "locate", lambda source: here)
    return registry.choose_auto(OFFLINE, journal, photo).name


@pytest.mark.parametrize("weights", [True, False])
def test_auto_takes_metric_depth_before_any_network(
    weights: bool, tmp_path: Path, journal: KeepingJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = np.tile(np.arange(64, dtype=np.uint8) * 4, (48, 1))
    data = apple_jpeg(photo_jpeg(128, 96), picture_of(codes, "JPEG"), apple_xmp())
    photo = read_photo(file(tmp_path, "a.jpg", data))
    assert _auto(photo, journal, monkeypatch, weights=weights) == "photo"
    assert not journal.warnings()
    assert "metric depth (Apple disparity)" in journal.entries[-1].message


def test_auto_offers_relative_depth(
    tmp_path: Path, journal: KeepingJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = np.tile(np.arange(64, dtype=np.uint8) * 4, (48, 1))
    data = apple_jpeg(photo_jpeg(128, 96), picture_of(codes, "JPEG"), apple_xmp(accuracy="relative"))
    photo = read_photo(file(tmp_path, "a.jpg", data))
    assert _auto(photo, journal, monkeypatch, weights=True) == "depthpro"
    assert any("--model photo with" in entry.message for entry in journal.entries)
    assert not journal.warnings()


def test_auto_passes_over_damaged_depth_with_a_warning(
    journal: KeepingJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged() -> MetricDepth:
        raise PhotoError("The photo's depth is damaged.")

    carried = CarriedDepth("metric", "made up", 32, 24, damaged)
    photo = replace(noise_photo(width=32, height=24), carried=carried)
    assert _auto(photo, journal, monkeypatch, weights=True) == "depthpro"
    assert "damaged" in journal.warnings()[0]


def test_auto_without_depth_in_the_file_is_as_before(
    journal: KeepingJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _auto(noise_photo(width=32, height=24), journal, monkeypatch, weights=True) == "depthpro"
    assert len(journal.entries) == 1


def test_the_iphones_portrait_on_the_photos_grid(shared_data: Path, journal: KeepingJournal) -> None:
    photo = read_photo(shared_data / "exif" / "pug.heic")
    result = estimated(photo, journal)
    assert isinstance(result.depth, RelativeDepth)
    assert result.depth.valid.all()
    assert (result.depth.inverse.min(), result.depth.inverse.max()) == pytest.approx((1.498047, 4.382812))
    assert result.details["accuracy"] == "relative"
