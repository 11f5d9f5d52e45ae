"""Pictures to files: what is in them, and that nothing half is left."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from recon.errors import ExportError
from recon.render.film import check_film, files, write_film, write_still
from recon.render.gif import write_gif
from recon.video import reader

Picture = NDArray[np.uint8]


def _pictures(count: int, stop: BaseException | None = None) -> Iterator[Picture]:
    """A bright square that goes to the right; at the end ``stop`` is raised."""
    for k in range(count):
        picture = np.full((48, 64, 3), (20, 60, 120), np.uint8)
        picture[16:32, 4 * k : 4 * k + 16] = (240, 200, 40)
        yield picture
    if stop is not None:
        raise stop


def test_a_still_is_what_was_rendered(tmp_path: Path) -> None:
    picture = next(_pictures(1))
    write_still(tmp_path / "a.png", picture)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "a.png")), picture)


def test_a_gif_repeats_for_ever_and_shows_every_picture(tmp_path: Path) -> None:
    write_film(tmp_path / "a.gif", _pictures(5), 12.5, 5)
    with Image.open(tmp_path / "a.gif") as made:
        assert made.n_frames == 5 and made.info["loop"] == 0 and made.info["duration"] == 80  # type: ignore[attr-defined]
        for k, picture in enumerate(_pictures(5)):
            made.seek(k)
            shown = np.asarray(made.convert("RGB")).astype(int)
            assert np.abs(shown - picture).mean() < 4


def test_a_gif_does_not_wait_for_its_last_picture(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sizes = []

    def frames() -> Iterator[Picture]:
        for _ in range(8):
            yield rng.integers(0, 256, (120, 160, 3), dtype=np.uint8)
            sizes.append((tmp_path / "a.gif").stat().st_size if (tmp_path / "a.gif").exists() else 0)

    write_gif(tmp_path / "a.gif", frames(), 8)
    # Noise does not compress: every picture is a good part of the file, and is there before the next is asked for.
    assert all(later > earlier + 10_000 for earlier, later in pairwise(sizes[2:]))
    with Image.open(tmp_path / "a.gif") as made:
        assert made.n_frames == 8  # type: ignore[attr-defined]


@pytest.mark.parametrize("colour", [0, 77, 255])
def test_a_gif_of_one_colour_has_it(colour: int, tmp_path: Path) -> None:
    """Few colours make a short palette."""
    write_gif(tmp_path / "a.gif", iter([np.full((3, 5, 3), colour, np.uint8)] * 2), 8)
    with Image.open(tmp_path / "a.gif") as made:
        made.seek(1)
        assert (np.asarray(made.convert("RGB")) == colour).all()
    with pytest.raises(ValueError, match="at least one frame"):
        write_gif(tmp_path / "b.gif", iter(()), 8)


def test_a_folder_holds_numbered_pictures(tmp_path: Path) -> None:
    write_film(tmp_path / "frames", _pictures(3), 25, 3)
    assert sorted(tmp_path.iterdir()) == [tmp_path / "frames"]
    assert sorted((tmp_path / "frames").iterdir()) == list(files(tmp_path / "frames", 3)[1:])
    shown = np.asarray(Image.open(tmp_path / "frames" / "00003.png"))
    np.testing.assert_array_equal(shown, list(_pictures(3))[2])


def test_a_video_shows_every_picture_at_its_time(tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason="PyAV is not installed: recon[video]")
    write_film(tmp_path / "a.mp4", _pictures(10), 25, 10)
    with av.open(str(tmp_path / "a.mp4")) as made:
        stream = made.streams.video[0]
        assert stream.codec_context.name == "h264" and stream.codec_context.pix_fmt == "yuv420p"
        shown = [(frame.time, frame.to_ndarray(format="rgb24")) for frame in made.decode(stream)]
    assert [time for time, _ in shown] == pytest.approx([k / 25 for k in range(10)])
    for (_, frame), picture in zip(shown, _pictures(10), strict=True):
        # A video has colours at half resolution, so the position is encoded in brightness.
        assert np.abs(frame.mean(axis=2) - picture.mean(axis=2)).mean() < 4


@pytest.mark.parametrize("name", ["a.mp4", "a.gif", "frames"])
@pytest.mark.parametrize("stop", [KeyboardInterrupt(), ValueError("x")])
def test_what_is_stopped_leaves_nothing_and_keeps_the_old(
    name: str, stop: BaseException, tmp_path: Path
) -> None:
    if name == "a.mp4":
        pytest.importorskip("av", reason="PyAV is not installed: recon[video]")
    with pytest.raises(type(stop)):
        write_film(tmp_path / name, _pictures(4, stop), 25, 5)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a.gif").write_bytes(b"old")
    with pytest.raises(type(stop)):
        write_film(tmp_path / "a.gif", _pictures(4, stop), 25, 5)
    assert (tmp_path / "a.gif").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


def test_other_names_are_refused() -> None:
    with pytest.raises(ExportError, match=r"\.avi is not an image or film format; use one of"):
        check_film(Path("a.avi"))


def test_without_pyav_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(reader.VideoError, match=r"pip install \"recon\[video\]\""):
        check_film(Path("a.mp4"))
    check_film(Path("a.gif"))
