"""Videos, read and written: order, times, rotation, damage."""

import importlib.util
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import COUNT, GREEN, RED, cut, number_of, picture, write
from numpy.typing import NDArray

from recon.video.reader import Clip, VideoError, check_video_support
from recon.video.writer import VideoWriter

av = pytest.importorskip("av", reason='PyAV is not installed: pip install "recon[video]"')


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("clip") / "clip.mp4")


def near(rgb: NDArray[np.uint8], colour: tuple[int, int, int]) -> bool:
    return bool(np.abs(rgb.astype(int) - colour).max() < 8)


def test_frames_come_in_order_with_their_times(clip: Path) -> None:
    result = Clip.open(clip)
    assert result.expected_frames == COUNT and result.duration_s == pytest.approx(1.2)
    frames = list(result.frames())
    assert (
        [frame.index for frame in frames]
        == [number_of(frame.photo) for frame in frames]
        == list(range(COUNT))
    )
    assert [frame.time_s for frame in frames] == pytest.approx([0.04 * k for k in range(COUNT)])
    assert near(frames[3].photo.rgb[30, 40], RED) and near(frames[3].photo.rgb[90, 120], GREEN)
    assert [frame.index for frame in result.frames(every=7)] == [0, 7, 14, 21, 28]
    assert result.warnings == []


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


@pytest.mark.parametrize(
    ("name", "options"), [("clip.mp4", {"movflags": "faststart"}), ("clip.mkv", {}), ("clip.ts", {})]
)
def test_the_readable_part_of_a_truncated_video_is_used_and_reported(
    tmp_path: Path, name: str, options: dict[str, str]
) -> None:
    path = cut(write(tmp_path / name, list(range(0, 4 * 40 * COUNT, 4 * 40)), options=options), 0.6)
    result = Clip.open(path)
    frames = list(result.frames())
    assert 5 < len(frames) < COUNT
    assert [number_of(frame.photo) for frame in frames] == list(range(len(frames)))
    if name != "clip.ts":  # a broadcast stream does not say how long it should be
        assert "truncated or damaged" in result.warnings[-1] and "of 4." in result.warnings[-1]


def test_a_file_that_is_not_a_video_is_reported(tmp_path: Path, clip: Path) -> None:
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
    with pytest.raises(VideoError, match="only audio"):
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
    result = Clip.open(path)
    frames = list(result.frames())
    assert [frame.time_s for frame in frames] == pytest.approx(times_s, abs=1e-3)
    assert result.duration_s == pytest.approx(1.3, abs=0.01) and result.warnings == []
    for k, frame in enumerate(frames):
        assert frame.photo.rgb.shape == (120, 162, 3) and number_of(frame.photo) == k
        assert near(frame.photo.rgb[30, 40], RED) and near(frame.photo.rgb[90, 120], GREEN)


@pytest.mark.parametrize(("transfer", "code"), [(16, 0.5807), (18, 0.7499)])
def test_hdr_is_mapped_to_srgb(transfer: int, code: float, tmp_path: Path) -> None:
    """The reference white of 203 cd/m2 (ITU-R BT.2408: 58 % of PQ, 75 % of HLG) is bright, a tenth of it mid-grey."""
    path, tenth = tmp_path / "clip.mp4", {16: 0.3583, 18: 0.3415}[transfer]
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25, options={"crf": "4"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p10le"
        tags = {"color_trc": transfer, "color_primaries": 9, "colorspace": 9}
        for name, value in tags.items():
            setattr(stream.codec_context, name, value)
        levels = np.repeat(np.array([code, tenth]), 32)[:, None, None] * np.full((64, 64, 3), 65535)
        frame = av.VideoFrame.from_ndarray(levels.astype(np.uint16), "rgb48le")
        frame = frame.reformat(format="yuv420p10le", dst_colorspace=9)
        frame.color_trc, frame.color_primaries = transfer, 9
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    clip = Clip.open(path)
    assert clip.warnings == [
        f"clip.mp4 is HDR ({ {16: 'PQ', 18: 'HLG'}[transfer] }): it was mapped to sRGB, with highlights compressed"
    ]
    (shown, *_) = clip.frames()
    assert near(shown.photo.rgb[8], (246, 246, 246)) and near(shown.photo.rgb[56], (89, 89, 89))


def spherical(path: Path) -> Path:
    """Writes into the track what 360-degree cameras do (Google's spherical video, version 1)."""
    names = {
        "rdf": "www.w3.org/1999/02/22-rdf-syntax-ns#",
        "GSpherical": "ns.google.com/videos/1.0/spherical/",
    }
    values = {
        "Spherical": "true",
        "Stitched": "true",
        "StitchingSoftware": "x",
        "ProjectionType": "equirectangular",
    }
    spaces = "".join(f' xmlns:{name}="http://{space}"' for name, space in names.items())
    inside = "".join(f"<GSpherical:{name}>{value}</GSpherical:{name}>" for name, value in values.items())
    text = f'<?xml version="1.0"?><rdf:SphericalVideo{spaces}>{inside}</rdf:SphericalVideo>'.encode()
    box = (
        (24 + len(text)).to_bytes(4, "big")
        + b"uuid"
        + bytes.fromhex("ffcc8263f8554a938814587a02521fdd")
        + text
    )
    data = bytearray(path.read_bytes())
    ends = []
    for name in (b"moov", b"trak"):
        at = data.index(name) - 4
        size = int.from_bytes(data[at : at + 4], "big")
        data[at : at + 4] = (size + len(box)).to_bytes(4, "big")
        ends.append(at + size)
    data[ends[1] : ends[1]] = box
    path.write_bytes(data)
    return path


def test_a_spherical_video_is_refused(tmp_path: Path) -> None:
    path = spherical(write(tmp_path / "clip.mp4", [0, 40]))
    for frames in (Clip.open(path).frames(), Clip.open(path).samples(2)):
        with pytest.raises(VideoError, match="it says equirectangular panorama; cut a perspective view"):
            list(frames)
