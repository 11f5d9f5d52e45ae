"""A file's video stream is its moving picture, upright by the display matrix, with increasing times."""

import itertools
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import GREEN, RED, av, number_of, picture, write

from recon.video.reader import Clip, VideoError

ONE = 1 << 16
MATRICES = {
    # a, b, c, d: the stored point (p, q) goes to (a p + c q, b p + d q), moved back into the picture.
    (1, 0, 0, 1): lambda rgb: rgb,
    (-1, 0, 0, 1): lambda rgb: rgb[:, ::-1],
    (1, 0, 0, -1): lambda rgb: rgb[::-1],
    (-1, 0, 0, -1): lambda rgb: rgb[::-1, ::-1],
    (0, 1, -1, 0): lambda rgb: np.rot90(rgb, -1),
    (0, -1, 1, 0): lambda rgb: np.rot90(rgb),
    (0, 1, 1, 0): lambda rgb: rgb.transpose(1, 0, 2),
    (0, -1, -1, 0): lambda rgb: rgb[::-1, ::-1].transpose(1, 0, 2),
}


def with_matrix(path: Path, numbers: tuple[int, ...]) -> Path:
    """Writes a display matrix into the track header of an MP4 (ISO/IEC 14496-12, 8.3.2)."""
    a, b, c, d = (ONE * each for each in numbers)
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    assert struct.unpack_from(">9i", data, at)[8] == 1 << 30
    struct.pack_into(
        ">9i",
        data,
        at,
        a,
        b,
        0,
        c,
        d,
        0,
        160 * ONE if a + c < 0 else 0,
        120 * ONE if b + d < 0 else 0,
        1 << 30,
    )
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("numbers", MATRICES)
def test_every_display_matrix_gives_the_upright_frame(numbers: tuple[int, ...], tmp_path: Path) -> None:
    clip = Clip.open(with_matrix(write(tmp_path / "a.mp4", [0, 40]), numbers))
    rgb = next(clip.frames()).photo.rgb
    expected = MATRICES[numbers](picture(0))
    assert rgb.shape == expected.shape
    assert np.abs(rgb.astype(int) - expected).mean() < 4


def with_cover(path: Path, *, marked: bool) -> Path:
    """A video behind a large red cover picture."""
    from av.stream import Disposition

    with av.open(str(path), "w") as container:
        cover: Any = container.add_stream("mjpeg", rate=25)
        cover.width, cover.height, cover.pix_fmt = 320, 320, "yuvj420p"
        video: Any = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        if marked:
            cover.disposition = Disposition.attached_pic
        red = av.VideoFrame.from_ndarray(np.full((320, 320, 3), RED, np.uint8), "rgb24")
        red.pts, red.time_base = 0, Fraction(1, 25)
        container.mux(cover.encode(red.reformat(format="yuvj420p")))
        container.mux(cover.encode(None))
        for k in range(6):
            frame = av.VideoFrame.from_ndarray(picture(k), "rgb24")
            frame.pts, frame.time_base = k, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return path


@pytest.mark.parametrize("marked", [True, False])
def test_a_cover_picture_is_not_the_video(marked: bool, tmp_path: Path) -> None:
    clip = Clip.open(with_cover(tmp_path / "a.mp4", marked=marked))
    frames = list(clip.frames())
    assert [number_of(each.photo) for each in frames] == list(range(6))
    assert {(each.photo.width, each.photo.height) for each in frames} == {(160, 120)}
    assert clip.warnings == []


def test_a_cover_alone_is_no_video(tmp_path: Path) -> None:
    from av.stream import Disposition

    path = tmp_path / "song.m4a.mp4"
    with av.open(str(path), "w") as container:
        cover: Any = container.add_stream("mjpeg", rate=25)
        cover.width, cover.height, cover.pix_fmt, cover.disposition = (
            64,
            64,
            "yuvj420p",
            Disposition.attached_pic,
        )
        red = av.VideoFrame.from_ndarray(np.full((64, 64, 3), RED, np.uint8), "rgb24")
        red.pts, red.time_base = 0, Fraction(1, 25)
        container.mux(cover.encode(red.reformat(format="yuvj420p")))
        container.mux(cover.encode(None))
    with pytest.raises(VideoError, match="no video"):
        Clip.open(path)


def test_recordings_behind_one_another_are_one_video(tmp_path: Path) -> None:
    def recording(name: str, height: int) -> bytes:
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            stream: Any = container.add_stream("libx264", rate=10, options={"bf": "0"})
            stream.width, stream.height, stream.pix_fmt = 160, height, "yuv420p"
            for k in range(8):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(k, height=height), "rgb24")))
            container.mux(stream.encode(None))
        return path.read_bytes()

    both = tmp_path / "both.ts"
    both.write_bytes(recording("a.ts", 120) + recording("b.ts", 90))
    clip = Clip.open(both)
    frames = list(clip.frames())
    times = [each.time_s for each in frames]
    assert len(frames) >= 14 and all(b > a for a, b in itertools.pairwise(times))
    assert 1.3 < times[-1] < 1.7
    assert {each.photo.height for each in frames} == {120, 90}
    assert sum("go back" in each for each in clip.warnings) == 1
    assert sum("change their size to 160x90" in each for each in clip.warnings) == 1


def test_an_impossible_pixel_aspect_is_ignored(tmp_path: Path) -> None:
    clip = Clip.open(write(tmp_path / "a.mp4", [0, 40], aspect=Fraction(100)))
    photo = next(clip.frames()).photo
    assert (photo.width, photo.height) == (160, 120)
    assert np.abs(photo.rgb[100, 150].astype(int) - GREEN).max() < 20
