"""True intrinsics inside the file turn and scale with the picture."""

from pathlib import Path

import numpy as np
import pytest
from picture_files import file, heic
from PIL import Image

from recon.photo.read import read_photo
from recon.types import Intrinsics

DEPTH_XMP = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:d="http://ns.apple.com/depthData/1.0/">
<d:IntrinsicMatrixReferenceWidth>{0}</d:IntrinsicMatrixReferenceWidth>
<d:IntrinsicMatrixReferenceHeight>{1}</d:IntrinsicMatrixReferenceHeight>
<d:IntrinsicMatrix><rdf:Seq><rdf:li>{2}</rdf:li><rdf:li>0</rdf:li><rdf:li>0</rdf:li><rdf:li>0</rdf:li>
<rdf:li>{3}</rdf:li><rdf:li>0</rdf:li><rdf:li>{4}</rdf:li><rdf:li>{5}</rdf:li><rdf:li>1</rdf:li></rdf:Seq>
</d:IntrinsicMatrix></rdf:Description></rdf:RDF></x:xmpmeta>"""


@pytest.mark.parametrize("orientation", range(1, 9))
def test_intrinsics_turn_with_the_picture(orientation: int, tmp_path: Path) -> None:
    """A white dot at the stored principal point is at the upright one."""
    stored = np.zeros((96, 128, 3), np.uint8)
    stored[16:24, 88:96] = 255  # Its middle is (92, 20), in px from the corner.
    tags = Image.Exif()
    tags[274] = orientation
    xmp = DEPTH_XMP.format(256, 192, 200.0, 210.0, 184.0, 40.0)
    photo = read_photo(file(tmp_path, "a.heic", heic(stored, exif=tags.tobytes(), xmp=xmp.encode())))
    camera = photo.intrinsics
    assert camera is not None
    rows, columns = np.nonzero(photo.rgb[..., 0] > 128)
    assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx((camera.cx, camera.cy))
    swapped = orientation >= 5
    assert (camera.fx, camera.fy) == ((105.0, 100.0) if swapped else (100.0, 105.0))
    assert camera.source == "file"


def test_intrinsics_of_another_shape_are_left_out(tmp_path: Path) -> None:
    xmp = DEPTH_XMP.format(4032, 3024, 3000, 3000, 2000, 1500).encode()
    photo = read_photo(file(tmp_path, "a.heic", heic(np.zeros((64, 128, 3), np.uint8), xmp=xmp)))
    assert photo.intrinsics is None
    assert any("cropped" in note for note in photo.warnings)


@pytest.mark.parametrize(
    "numbers", [(0, 0, 1, 1, 1, 1), (4, 3, -1, -1, 2, 1), (4, 3, "nan", 1, 1, 1), (4, 3, "<", 1, 1, 1)]
)
def test_broken_intrinsics_are_a_warning(numbers: tuple[object, ...], tmp_path: Path) -> None:
    xmp = DEPTH_XMP.format(*numbers).encode()
    photo = read_photo(file(tmp_path, "a.heic", heic(np.zeros((48, 64, 3), np.uint8), xmp=xmp)))
    assert photo.intrinsics is None
    assert any("intrinsics" in note for note in photo.warnings)


def test_the_iphones_true_intrinsics(shared_data: Path) -> None:
    photo = read_photo(shared_data / "exif" / "pug.heic")
    camera = photo.intrinsics
    assert isinstance(camera, Intrinsics)
    assert (camera.width, camera.height, camera.source) == (4032, 3024, "file")
    assert [camera.fx, camera.fy, camera.cx, camera.cy] == pytest.approx(
        [3032.594, 3032.594, 1988.451, 1512.307]
    )
    assert photo.exif_focal_px == pytest.approx(camera.fx, rel=0.002)
