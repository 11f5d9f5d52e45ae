"""Videos, read and written: order, times, rotation, damage; and the commands on them."""

import importlib.util
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from photo_folders import names_in, rows_of, run

from recon.batch.clip_survey import FRAMES
from recon.depth import registry
from recon.depth.preview import Preview
from recon.types import DepthEstimate, MetricDepth, Photo
from recon.video.reader import Clip, VideoError, check_video_support
from recon.video.writer import VideoWriter

av = pytest.importorskip("av", reason='PyAV is not installed: pip install "recon[video]"')

RED, GREEN, GREY = (200, 30, 60), (20, 180, 30), (128, 128, 128)
COUNT = 30


def picture(k: int, *, width: int = 160, height: int = 120) -> NDArray[np.uint8]:
    """Red at the top left, green at the bottom right, and the frame's number in the brightness of a corner."""
    rgb = np.full((height, width, 3), GREY, np.uint8)
    rgb[: height // 2, : width // 2] = RED
    rgb[height // 2 :, width // 2 :] = GREEN
    rgb[: height // 2, width // 2 :] = 40 + 6 * k
    return rgb


def number_of(photo: Photo) -> int:
    """What ``picture`` wrote."""
    return round((float(photo.rgb[20, -20].mean()) - 40) / 6)


def write(
    path: Path,
    times_ms: list[int] | None = None,
    *,
    codec: str = "libx264",
    turn: int = 0,
    aspect: Fraction | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """A video written without our own writer; its times in ms."""
    with av.open(str(path), "w", options=options or {}) as container:
        stream: Any = container.add_stream(codec, rate=25, options={"crf": "8", "g": "8"})
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        if turn:
            stream.set_display_rotation(turn)
        if aspect:
            stream.sample_aspect_ratio = aspect
        for k, time_ms in enumerate(times_ms or range(0, 40 * COUNT, 40)):
            frame = av.VideoFrame.from_ndarray(picture(k), "rgb24")
            frame.pts, frame.time_base = time_ms, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("clip") / "clip.mp4")


def near(rgb: NDArray[np.uint8], colour: tuple[int, int, int]) -> bool:
    return bool(np.abs(rgb.astype(int) - colour).max() < 8)


def test_frames_come_in_order_with_their_times(clip: Path) -> None:
    found = Clip.open(clip)
    assert found.expected_frames == COUNT and found.duration_s == pytest.approx(1.2)
    frames = list(found.frames())
    assert (
        [frame.index for frame in frames]
        == [number_of(frame.photo) for frame in frames]
        == list(range(COUNT))
    )
    assert [frame.time_s for frame in frames] == pytest.approx([0.04 * k for k in range(COUNT)])
    assert near(frames[3].photo.rgb[30, 40], RED) and near(frames[3].photo.rgb[90, 120], GREEN)
    assert [frame.index for frame in found.frames(every=7)] == [0, 7, 14, 21, 28]
    assert found.warnings == []


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_variable_frame_rates_keep_their_times(tmp_path: Path, suffix: str) -> None:
    times_ms = [0, 10, 100, 200, 210, 220, 400, 500, 900, 1000]
    path = write(tmp_path / f"clip{suffix}", times_ms)
    frames = list(Clip.open(path).frames())
    assert [round(1000 * frame.time_s) for frame in frames] == times_ms
    assert [number_of(frame.photo) for frame in frames] == list(range(10))


@pytest.mark.parametrize(
    ("turn", "red_at"), [(0, (30, 40)), (90, (-30, 30)), (180, (-30, -30)), (-90, (30, -30))]
)
def test_the_rotation_of_the_file_is_applied(tmp_path: Path, turn: int, red_at: tuple[int, int]) -> None:
    """A phone held upright writes -90: its picture is to be turned by 90 degrees clockwise."""
    (frame, *_) = Clip.open(write(tmp_path / "clip.mp4", [0, 40], turn=turn)).frames()
    assert frame.photo.rgb.shape == ((160, 120, 3) if turn % 180 else (120, 160, 3))
    assert near(frame.photo.rgb[red_at], RED)


def test_pixels_become_square(tmp_path: Path) -> None:
    (frame, *_) = Clip.open(write(tmp_path / "clip.mkv", [0, 40], aspect=Fraction(2, 1))).frames()
    assert frame.photo.rgb.shape == (120, 320, 3)


def test_samples_are_spread_over_the_video(clip: Path) -> None:
    frames = list(Clip.open(clip).samples(4))
    numbers = [number_of(frame.photo) for frame in frames]
    assert len(numbers) == len(set(numbers)) >= 2 and numbers == sorted(numbers)
    assert numbers[-1] - numbers[0] >= COUNT // 3
    assert len(list(Clip.open(clip).samples(1))) == 1


def cut(path: Path, share: float) -> Path:
    """The file without its end."""
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    return path


@pytest.mark.parametrize(
    ("name", "options"), [("clip.mp4", {"movflags": "faststart"}), ("clip.mkv", {}), ("clip.ts", {})]
)
def test_of_a_cut_video_what_can_be_read_is_used_and_told(
    tmp_path: Path, name: str, options: dict[str, str]
) -> None:
    path = cut(write(tmp_path / name, list(range(0, 4 * 40 * COUNT, 4 * 40)), options=options), 0.6)
    found = Clip.open(path)
    frames = list(found.frames())
    assert 5 < len(frames) < COUNT
    assert [number_of(frame.photo) for frame in frames] == list(range(len(frames)))
    if name != "clip.ts":  # a broadcast stream does not say how long it should be
        assert "cut off or damaged" in found.warnings[-1] and "of 4." in found.warnings[-1]


def test_what_is_no_video_is_told(tmp_path: Path, clip: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "half.mp4").write_bytes(clip.read_bytes()[:3000])
    for name in ("text.mp4", "empty.mp4", "half.mp4", "gone.mp4"):
        with pytest.raises(VideoError, match=name):
            Clip.open(tmp_path / name)
    sound = tmp_path / "sound.mp4"
    with av.open(str(sound), "w") as container:
        stream: Any = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(VideoError, match="only sound"):
        Clip.open(sound)


def test_without_pyav_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, clip: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(VideoError, match=r'pip install "recon\[video\]"'):
        check_video_support()
    with pytest.raises(VideoError):
        Clip.open(clip)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_written_videos_are_read_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    times_s = [0, 0.1, 0.15, 0.5, 0.9]
    writer = VideoWriter(path, width=161, height=119)
    for k, time_s in enumerate(times_s):
        writer.add(picture(k, width=161, height=119), time_s)
    writer.close()
    found = Clip.open(path)
    frames = list(found.frames())
    assert [frame.time_s for frame in frames] == pytest.approx(times_s, abs=1e-3)
    assert found.duration_s == pytest.approx(1.3, abs=0.01) and found.warnings == []
    for k, frame in enumerate(frames):
        assert frame.photo.rgb.shape == (120, 162, 3) and number_of(frame.photo) == k
        assert near(frame.photo.rgb[30, 40], RED) and near(frame.photo.rgb[90, 120], GREEN)


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
    """Predicts a longer focal length for brighter frames, and depth by their number."""

    def estimate(self, photo: Photo, *, focal_px: float | None, **how: Any) -> DepthEstimate:
        found = super().estimate(photo, focal_px=focal_px, **how)
        k = number_of(photo)
        assert isinstance(found.depth, MetricDepth)
        depth = MetricDepth(np.full_like(found.depth.z_m, 1 + 0.1 * k), found.depth.valid)
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
    assert "for all frames, the median of what the model tells" in done.stderr
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
        tmp_path, "depth", str(clip), "-o", "@d.mp4", "--model", "zooming", "--colormap", "viridis", "--json"
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
        assert "cut off or damaged" in done.stderr and json.loads(done.stdout)["warnings"]
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
        (["depth", "@clip.mp4", "-o", "@d.mp4", "-o", "@e.mp4"], "a video is written alone"),
        (["depth", "@clip.mp4", "-o", "@d.mp4", "--resume"], "a video is written anew"),
        (["depth", "@clip.mp4", "@clip.mp4", "-o", "@d.mp4"], "made of one video"),
        (["depth", "@a.jpg", "-o", "@d.mp4"], "made of one video"),
        (["depth", "@clip.mp4", "-o", "@d.png"], "give -o DIR and --format png"),
        (["build", "@clip.mp4", "-o", "@a.ply"], "give -o DIR and --format ply"),
        (["depth", "@clip.mp4", "-o", "@d.mp4", "--at", "1,1=2m"], "--at names pixels"),
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
