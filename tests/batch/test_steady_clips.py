"""Clips of a batch: steady by default, resumed as if never interrupted, with photos between them."""

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from recon.batch.events import Event, Noted
from recon.batch.run_many import run
from recon.depth import registry
from recon.errors import ExportError, PhotoError
from recon.journal import Journal
from recon.options import Options
from recon.outputs.depth_files import DepthFiles
from recon.types import DepthEstimate, MetricDepth, Photo

av = pytest.importorskip("av", reason='PyAV is not installed: pip install "recon[video]"')
COUNT, SIZE = 40, (64, 48)
FIRST, SECOND = 100.0, 200.0


def scene(seed: int) -> NDArray[np.uint8]:
    """A picture of coloured tiles."""
    tiles = np.random.default_rng(seed).integers(20, 230, (6, 8, 3), np.uint8)
    return np.kron(tiles, np.ones((8, 8, 1), np.uint8))


class Shaky:
    """Depth by a number that the frame holds in its brightness: 2 m, off by up to 10 % in every frame."""

    name, gives = "shaky", "metric"
    runs = 0

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        type(self).runs += 1
        off = np.random.default_rng(int(photo.rgb.astype(int).sum())).uniform(0.9, 1.1)
        z_m = np.full(photo.rgb.shape[:2], 2 * off, np.float32)
        warm = photo.rgb[..., 0].mean() > photo.rgb[..., 2].mean()
        predicted = (FIRST if warm else SECOND) if focal_px is None else None
        depth = MetricDepth(z_m, np.ones(z_m.shape, np.bool_))
        return DepthEstimate(depth=depth, model=self.name, focal_px=predicted, focal_used_px=focal_px)


@pytest.fixture(autouse=True)
def shaky(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Shaky]]:
    create = registry.create
    monkeypatch.setattr(
        registry, "create", lambda name, *rest: Shaky() if name == "shaky" else create(name, *rest)
    )
    Shaky.runs = 0
    yield Shaky


def film(path: Path, pictures: list[NDArray[np.uint8]]) -> Path:
    """A video of the pictures, each with noise of its own."""
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25, options={"crf": "5"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 25)
        for k, picture in enumerate(pictures):
            noisy = np.clip(picture + rng.normal(0, 1.5, picture.shape), 0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(noisy, "rgb24")
            frame.pts, frame.time_base = k, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("clip") / "clip.mp4", [scene(0)] * COUNT)


def depths(folder: Path, pattern: str = "clip_*.npy") -> list[float]:
    return [float(np.median(np.load(path))) for path in sorted(folder.glob(pattern))]


def make(inputs: list[Path], folder: Path, **how: Any) -> None:
    options = how.pop("options", Options(model="shaky", focal_px=60.0))
    done = run(inputs, folder, options, maker=DepthFiles([".npy"]), **how)
    assert not done.failed


def test_a_clip_is_steady_unless_asked_otherwise(tmp_path: Path, clip: Path) -> None:
    make([clip], tmp_path / "steady")
    make([clip], tmp_path / "raw", steady=False)
    after, before = depths(tmp_path / "steady"), depths(tmp_path / "raw")
    assert len(after) == len(before) == COUNT
    assert np.std(after) < np.std(before) / 3 and np.mean(after) == pytest.approx(np.mean(before), rel=0.02)
    rows = [json.loads(line) for line in (tmp_path / "steady" / "batch.jsonl").read_text().splitlines()]
    scales = [row["steady_scale"] for row in rows if "steady_scale" in row]
    assert np.multiply(scales, before) == pytest.approx(np.array(after), rel=0.02)
    with pytest.raises(ExportError, match="steady"):
        make([clip], tmp_path / "raw", resume=True)


def test_resumed_frames_are_those_of_a_run_that_was_not_interrupted(tmp_path: Path, clip: Path) -> None:
    make([clip], tmp_path / "all")
    whole = depths(tmp_path / "all")
    for name in ("clip_000035.npy", "clip_000036.npy"):
        (tmp_path / "all" / name).unlink()
    Shaky.runs = 0
    make([clip], tmp_path / "all", resume=True)
    assert depths(tmp_path / "all") == pytest.approx(whole, rel=0.005)
    assert Shaky.runs == 35 + 2 + 3  # those before, the missing ones, and what follows
    Shaky.runs = 0
    make([clip], tmp_path / "all", resume=True)
    assert Shaky.runs == 0


def test_an_interrupted_run_writes_no_frame_that_lacks_those_behind_it(tmp_path: Path, clip: Path) -> None:
    make([clip], tmp_path / "all")

    class Stop(Exception):
        pass

    def stop(event: Event) -> None:
        if getattr(event, "name", "") == "clip_000025" and type(event).__name__ == "Started":
            raise Stop

    with pytest.raises(Stop):
        make([clip], tmp_path / "part", on_event=stop)
    part = depths(tmp_path / "part")
    assert 0 < len(part) < 20 and part == depths(tmp_path / "all")[: len(part)]
    make([clip], tmp_path / "part", resume=True)
    assert depths(tmp_path / "part") == pytest.approx(depths(tmp_path / "all"), rel=0.005)


def test_photos_and_several_clips_keep_their_order_and_their_own_scale(tmp_path: Path, clip: Path) -> None:
    photo = tmp_path / "a.png"
    Image.fromarray(scene(3)).save(photo)
    other = film(tmp_path / "other.mp4", [scene(0)] * 3)
    make([clip, photo, other, photo], tmp_path / "out", every=13, recursive=False)
    make([other], tmp_path / "alone", every=13)
    made = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.npy"))
    assert [name.rpartition("/")[2] for name in made if "a.npy" in name] == ["a.npy"]
    assert sum("clip_" in name for name in made) == 4 and sum("other_" in name for name in made) == 1
    (again,) = (tmp_path / "out").rglob("other_000000.npy")
    assert np.load(again) == pytest.approx(np.load(tmp_path / "alone" / "other_000000.npy"))


def test_a_cut_starts_the_scale_and_the_focal_length_anew(tmp_path: Path) -> None:
    warm, cold = scene(1), scene(2)
    warm[..., 0], warm[..., 2] = np.maximum(warm[..., 0], 150), warm[..., 2] // 2
    cold[..., 2], cold[..., 0] = np.maximum(cold[..., 2], 150), cold[..., 0] // 2
    path = film(tmp_path / "cut.mp4", [warm] * 12 + [cold] * 12)
    events: list[Event] = []
    done = run(
        [path], tmp_path / "out", Options(model="shaky"), formats=["npz"], every=2, on_event=events.append
    )
    assert not done.failed and len(done.written) == 12
    from recon.scene import Scene

    cameras = [Scene.load(each).intrinsics.fx for each in sorted((tmp_path / "out").glob("*.npz"))]
    assert cameras == [FIRST] * 6 + [SECOND] * 6
    said = [event.entry.message for event in events if isinstance(event, Noted)]
    assert any(
        "at 0.48 s, a frame has too little in common with the one before: a cut, or" in each for each in said
    )
    assert any("each shot has one of its own" in each for each in said)


def test_a_frame_that_fails_is_reported_and_the_others_are_written(
    tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    estimate = Shaky.estimate

    def fails(self: Shaky, photo: Photo, **how: Any) -> DepthEstimate:
        result = estimate(self, photo, **how)
        if Shaky.runs == 4:
            raise PhotoError("it fails")
        return result

    monkeypatch.setattr(Shaky, "estimate", fails)
    done = run(
        [clip], tmp_path / "out", Options(model="shaky", focal_px=60.0), maker=DepthFiles([".npy"]), every=4
    )
    assert len(done.failed) == 1 and len(done.written) == COUNT // 4 - 1
