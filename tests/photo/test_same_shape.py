import pytest

from recon.photo.orientation import same_shape, same_shape_either_way_up


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ((4032, 3024), (768, 576), True),
        # Rounding of a thumbnail: 160 x 106.67.
        ((6000, 4000), (160, 107), True),
        ((4032, 3024), (3024, 4032), False),
        ((4000, 3000), (4000, 2950), False),
        ((4000, 3000), (3950, 3000), False),
    ],
)
def test_a_resized_picture_has_the_same_shape_and_a_cropped_one_has_not(
    a: tuple[int, int], b: tuple[int, int], same: bool
) -> None:
    assert same_shape(a, b) is same_shape(b, a) is same
    assert same_shape_either_way_up(a, b) is (same or a == b[::-1])


@pytest.mark.parametrize("empty", [(0, 5), (5, 0), (0, 0)])
def test_an_empty_size_has_the_shape_of_nothing(empty: tuple[int, int]) -> None:
    assert not same_shape(empty, (4, 3)) and not same_shape((4, 3), empty)
    assert not same_shape_either_way_up((4, 3), empty)
