import numpy as np
import pytest
from PIL import Image, ImageOps
from PIL.ExifTags import Base

from recon.photo.orientation import upright_camera, upright_map, upright_picture, upright_size
from recon.types import Intrinsics

ALL = pytest.mark.parametrize("orientation", range(1, 9))
CODES = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40


def pillow_says(codes: np.ndarray, orientation: int) -> np.ndarray:
    """The same turn by Pillow's own reading of EXIF."""
    picture = Image.fromarray(codes)
    picture.getexif()[Base.Orientation] = orientation
    return np.asarray(ImageOps.exif_transpose(picture))


@ALL
def test_pictures_and_maps_are_turned_as_pillow_turns_a_picture_of_that_orientation(orientation: int) -> None:
    expected = pillow_says(CODES, orientation)
    np.testing.assert_array_equal(upright_map(CODES, orientation), expected)
    np.testing.assert_array_equal(np.asarray(upright_picture(Image.fromarray(CODES), orientation)), expected)
    assert upright_size((3, 2), orientation) == expected.shape[::-1]


@ALL
@pytest.mark.parametrize(("column", "row"), [(0, 0), (2, 0), (1, 1)])
def test_the_principal_point_stays_on_its_pixel(orientation: int, column: int, row: int) -> None:
    mark = np.zeros((2, 3), np.uint8)
    mark[row, column] = 1
    turned = upright_camera(Intrinsics(100, 80, column + 0.5, row + 0.5, 3, 2), orientation)
    (new_row,), (new_column,) = np.nonzero(pillow_says(mark, orientation))
    assert (turned.cx, turned.cy) == (new_column + 0.5, new_row + 0.5)
    assert (turned.width, turned.height) == upright_size((3, 2), orientation)
    assert (turned.fx, turned.fy) == ((100, 80) if turned.width == 3 else (80, 100))
