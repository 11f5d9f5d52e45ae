"""The search for the view of Open3D's widgets without a window; ``drive_window`` tests it in one."""

import mmap
import os
import sys
from pathlib import Path

import pytest

pytest.importorskip("open3d", reason="Open3D is not installed, or lacks its system libraries")
from recon_viewer.drawing import widgets_view


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")
def test_a_mapped_file_whose_name_is_not_utf8_does_not_end_the_viewer(tmp_path: Path) -> None:
    path = os.path.join(os.fsencode(tmp_path), b"photo \xff")
    with open(path, "w+b") as file:
        file.write(b"x")
        file.flush()
        with mmap.mmap(file.fileno(), 0):
            assert not widgets_view._is_in_open3d(0)
