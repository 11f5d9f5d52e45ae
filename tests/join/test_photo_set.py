from pathlib import Path

import clips
import pytest

from recon.errors import PhotoError
from recon.join import photo_set
from recon.journal import Journal


def test_frames_of_a_video_are_named_by_their_number(tmp_path: Path) -> None:
    clips.write(tmp_path / "walk.mp4")
    photos = photo_set.read_photos([str(tmp_path / "walk.mp4")], every=10, recursive=False, journal=Journal())
    assert [each.name for each in photos] == ["walk_000000", "walk_000010", "walk_000020"]
    assert [clips.number_of(each.photo) for each in photos] == [0, 10, 20]


def test_more_photos_than_can_be_matched_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clips.write(tmp_path / "walk.mp4")
    monkeypatch.setattr(photo_set, "MOST_PHOTOS", 5)
    with pytest.raises(PhotoError, match=r"more than 5 photos: .*--every"):
        photo_set.read_photos([str(tmp_path / "walk.mp4")], every=1, recursive=False, journal=Journal())
