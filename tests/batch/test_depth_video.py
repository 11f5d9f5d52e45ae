"""A video of depth from Python; ``tests/recon_cli/batch/test_video.py`` has what is in its pictures."""

from pathlib import Path

import pytest
from clips import COUNT, write

from recon.batch.depth_video import write_depth_video
from recon.batch.events import Counted, Event, Noted, Written
from recon.errors import ExportError
from recon.options import Options
from recon.video.reader import Clip

OPTIONS = Options(model="preview", focal_px=200.0)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("clip") / "clip.mp4")


def test_a_video_and_its_events(tmp_path: Path, clip: Path) -> None:
    events: list[Event] = []
    path = tmp_path / "d.mp4"
    done = write_depth_video(
        Clip.open(clip), path, OPTIONS, every=10, span_m=(1.0, 9.0), on_event=events.append
    )
    assert (done.path, done.frames, done.span_m) == (path, COUNT // 10, (1.0, 9.0))
    assert done.bytes == path.stat().st_size and done.lasts_s == pytest.approx(0.8)
    assert len(list(Clip.open(path).frames())) == COUNT // 10
    assert [event.total for event in events if isinstance(event, Counted)] == [COUNT // 10]
    assert [event.name for event in events if isinstance(event, Written)] == [
        "frame 0",
        "frame 10",
        "frame 20",
    ]
    assert any("as given" in event.entry.message for event in events if isinstance(event, Noted))


def test_what_stands_in_the_way_is_said_before_any_frame(tmp_path: Path, clip: Path) -> None:
    path = tmp_path / "d.mp4"
    path.write_text("mine")
    with pytest.raises(ExportError, match="exists"):
        write_depth_video(Clip.open(clip), path, OPTIONS)
    with pytest.raises(ValueError, match="folder of frames"):
        write_depth_video(Clip.open(clip), path, Options(depth=tmp_path), overwrite=True)
    assert path.read_text() == "mine"
