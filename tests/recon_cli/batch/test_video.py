"""The commands on videos."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import COUNT, cut, number_of, picture, write
from photo_folders import names_in, rows_of, run

from recon.batch.clip_survey import FRAMES
from recon.depth import registry
from recon.depth.preview import Preview
from recon.types import DepthEstimate, MetricDepth, Photo
from recon.video.reader import Clip


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("clip") / "clip.mp4")


def test_frames_of_a_video_become_scenes(tmp_path: Path, clip: Path) -> None:
    words = ["build", str(clip), "-o", "@frames", "--every", "10", "--model", "preview"]
    done = run(tmp_path, *words, "--json")
    assert done.exit_code == 0, done.stderr
    assert names_in(tmp_path / "frames") == [f"clip_{k:06d}.ply" for k in (0, 10, 20)]
    rows = rows_of(tmp_path / "frames")
    assert [(row["frame"], row["time_s"]) for row in rows] == [(0, 0), (10, 0.4), (20, pytest.approx(0.8))]
    (tmp_path / "frames" / "clip_000010.ply").unlink()
    assert run(tmp_path, *words).exit_code == 1
    again = run(tmp_path, *words, "--resume", "--json")
    assert again.exit_code == 0 and len(json.loads(again.stdout)["written"]) == 1
    assert len(names_in(tmp_path / "frames")) == 3


class _Zooming(Preview):
    """Predicts a longer focal length for brighter frames, and depth by their number, without running the network."""

    def estimate(self, photo: Photo, *, focal_px: float | None, **how: Any) -> DepthEstimate:
        k, shape = number_of(photo), photo.rgb.shape[:2]
        depth = MetricDepth(np.full(shape, 1 + 0.1 * k, np.float32), np.ones(shape, bool))
        predicted = None if focal_px else 200.0 + k
        return DepthEstimate(depth=depth, model="zooming", focal_px=predicted, focal_used_px=focal_px)


@pytest.fixture
def zooming(monkeypatch: pytest.MonkeyPatch) -> None:
    create = registry.create
    monkeypatch.setattr(
        registry, "create", lambda name, *rest: _Zooming() if name == "zooming" else create(name, *rest)
    )


def test_all_frames_have_one_focal_length(tmp_path: Path, clip: Path, zooming: None) -> None:
    from recon.scene import Scene

    words = ["build", str(clip), "-o", "@frames", "--format", "npz", "--every", "9", "--model", "zooming"]
    done = run(tmp_path, *words, "--json")
    assert done.exit_code == 0, done.stderr
    assert "for all frames, the median of the model's estimates" in done.stderr
    cameras = [Scene.load(path).intrinsics for path in sorted((tmp_path / "frames").glob("*.npz"))]
    assert len(cameras) == 4 and len({camera.fx for camera in cameras}) == 1
    assert cameras[0].source == "model" and 205 < cameras[0].fx < 225
    given = run(tmp_path, *words, "--overwrite", "--focal-px", "300")
    assert given.exit_code == 0 and "median" not in given.stderr
    assert Scene.load(tmp_path / "frames" / "clip_000009.npz").intrinsics.fx == 300


def test_a_depth_video_has_one_scale_of_colours_and_the_clips_times(
    tmp_path: Path, clip: Path, zooming: None
) -> None:
    done = run(
        tmp_path,
        *("depth", str(clip), "-o", "@d.mp4", "--model", "zooming", "--colormap", "viridis"),
        *("--no-steady", "--json"),
    )
    assert done.exit_code == 0, done.stderr
    (written,) = json.loads(done.stdout)["written"]
    low, high = written["depth_range_m"]
    assert written["frames"] == COUNT and 1 <= low < 1.7 and 3.2 < high <= 3.9
    frames = list(Clip.open(tmp_path / "d.mp4").frames())
    assert [frame.time_s for frame in frames] == pytest.approx([0.04 * k for k in range(COUNT)], abs=1e-3)
    # Ever farther, so ever darker; the legend stays as it is.
    lights = [float(frame.photo.rgb[60, 80].mean()) for frame in frames[4:-4:4]]
    assert lights == sorted(lights, reverse=True) and lights[0] - lights[-1] > 50
    legends = [frame.photo.rgb[:, 165:].astype(int) for frame in frames]
    assert all(np.abs(legend - legends[0]).mean() < 4 for legend in legends)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d.mp4"]


def test_the_range_of_colours_may_be_given(tmp_path: Path, clip: Path, zooming: None) -> None:
    words = ["depth", str(clip), "-o", "@d.mkv", "--model", "zooming", "--every", "5", "--focal-px", "200"]
    done = run(tmp_path, *words, "--depth-range", "0.5,8", "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["written"][0]["depth_range_m"] == [0.5, 8] and "as given" in done.stderr
    assert len(list(Clip.open(tmp_path / "d.mkv").frames())) == COUNT // 5
    assert run(tmp_path, *words).exit_code == 1  # it exists
    for bad in ("3", "5,2", "0,1", "a,b"):
        assert run(tmp_path, *words, "--depth-range", bad).exit_code == 2


def test_frames_of_depth_in_a_folder(tmp_path: Path, clip: Path) -> None:
    done = run(
        tmp_path, "depth", str(clip), "-o", "@d", "--format", "png", "--every", "15", "--model", "preview"
    )
    assert done.exit_code == 0, done.stderr
    assert names_in(tmp_path / "d") == ["clip_000000.png", "clip_000015.png"]


def test_a_cut_video_gives_what_it_has(tmp_path: Path) -> None:
    path = cut(write(tmp_path / "clip.mkv", list(range(0, 4 * 40 * COUNT, 4 * 40))), 0.6)
    for words in (["build", str(path), "-o", "@frames"], ["depth", str(path), "-o", "@d.mp4"]):
        done = run(tmp_path, *words, "--model", "preview", "--every", "4", "--json")
        assert done.exit_code == 0, done.stderr
        assert "truncated or damaged" in done.stderr and json.loads(done.stdout)["warnings"]
    assert 2 <= len(names_in(tmp_path / "frames")) < COUNT // 4
    assert len(list(Clip.open(tmp_path / "d.mp4").frames())) == len(names_in(tmp_path / "frames"))


def test_a_broken_video_among_photos_is_left_behind(tmp_path: Path, clip: Path) -> None:
    (tmp_path / "bad.mp4").write_text("no video")
    photo = tmp_path / "a.png"
    from PIL import Image

    Image.fromarray(picture(0)).save(photo)
    (tmp_path / "clip.mp4").write_bytes(clip.read_bytes())
    words = ["build", "@bad.mp4", "@a.png", "@clip.mp4", "-o", "@out", "--every", "29", "--model", "preview"]
    done = run(tmp_path, *words)
    assert done.exit_code == 1 and "1 of 4 failed (bad.mp4)" in done.stderr
    assert names_in(tmp_path / "out") == ["a.ply", "clip_000000.ply", "clip_000029.ply", "failed.json"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["depth", "@clip.mp4", "-o", "@d.mp4", "-o", "@e.mp4"], "use a single -o"),
        (["depth", "@clip.mp4", "-o", "@d.mp4", "--resume"], "a video cannot be resumed"),
        (["depth", "@clip.mp4", "-o", "@d.mp4", "--ray", "local"], "--ray processes photos"),
        (["depth", "@clip.mp4", "@clip.mp4", "-o", "@d.mp4"], "exactly one input video"),
        (["depth", "@a.jpg", "-o", "@d.mp4"], "exactly one input video"),
        (["depth", "@clip.mp4", "-o", "@d.png"], "use -o DIR and --format png"),
        (["build", "@clip.mp4", "-o", "@a.ply"], "use -o DIR and --format ply"),
        (["depth", "@clip.mp4", "-o", "@d.mp4", "--at", "1,1=2m"], "--at refers to pixels"),
    ],
)
def test_what_cannot_be_made_of_a_video_is_a_usage_error(tmp_path: Path, words: list[str], says: str) -> None:
    done = run(tmp_path, *words)
    assert done.exit_code == 2 and says in done.stderr and list(tmp_path.iterdir()) == []


def test_a_first_look_is_at_few_frames(tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float | None] = []

    class Counting(_Zooming):
        def estimate(self, photo: Photo, *, focal_px: float | None, **how: Any) -> DepthEstimate:
            seen.append(focal_px)
            return super().estimate(photo, focal_px=focal_px, **how)

    monkeypatch.setattr(registry, "create", lambda *_: Counting())
    words = ["build", str(clip), "-o", "@frames", "--every", "10", "--model", "preview"]
    assert run(tmp_path, *words).exit_code == 0
    assert 2 <= seen.count(None) <= FRAMES and len(seen) - seen.count(None) == 3
    seen.clear()
    assert run(tmp_path, *words, "--overwrite", "--focal-px", "150").exit_code == 0
    assert seen == [150.0] * 3
