"""The gallery of formats; `python -m tools.screens.gallery` makes its pictures with other programs."""

from pathlib import Path

import numpy as np
import pytest
import trimesh
from click.testing import CliRunner

from tools.screens import gallery


def test_a_stl_is_cut_into_the_outlines_of_its_layers(tmp_path: Path) -> None:
    box = trimesh.creation.box((4.0, 2.6, 2.0))
    box.apply_translation((0, 1.2, 0))
    box.export(tmp_path / "room.stl")
    picture = gallery.as_slices(tmp_path).astype(int)
    height, width = picture.shape[:2]
    assert width == 2 * gallery.WIDTH_PX and height == (2 * gallery.WIDTH_PX - 80) // 2 + 80
    drawn = np.abs(picture - picture[0, 0]).sum(axis=2) > 0
    rows, cols = np.nonzero(drawn)
    # The outline of the box with a margin of 40 px, and nothing inside it.
    assert np.allclose([rows.min(), rows.max()], [40, height - 40], atol=2)
    assert np.allclose([cols.min(), cols.max()], [40, width - 40], atol=2)
    assert not drawn[50:-50, 50:-50].any()


def test_a_program_that_is_not_here_is_named_and_its_picture_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gallery, "write_files", lambda folder: None)
    monkeypatch.setitem(gallery.PICTURES, "in_meshlab", ("no-such-program", gallery.in_meshlab))
    done = CliRunner().invoke(gallery.main, ["in_meshlab", "-o", str(tmp_path)])
    assert done.exit_code == 0 and "no-such-program is not here" in done.output
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_fails_is_an_error_with_its_last_words() -> None:
    with pytest.raises(gallery.click.ClickException, match="no such scene"):
        gallery._run(["sh", "-c", "echo no such scene >&2; exit 3"])
