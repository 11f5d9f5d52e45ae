"""Labels over the view do not cover each other."""

import pytest

pytest.importorskip("open3d", reason="Open3D is not installed, or lacks its system libraries")

from recon_viewer.drawing.labels import Rectangle, free_place


@pytest.mark.parametrize("at", [(200.0, 150.0), (399.0, 299.0), (0.0, 0.0)])
def test_labels_of_one_point_are_beside_each_other_and_in_the_view(at: tuple[float, float]) -> None:
    taken: list[Rectangle] = []
    for _ in range(3):
        taken.append(free_place(at, (70, 32), (400, 300), 1.0, taken))
    covered = {
        (x, y)
        for left, top, wide, high in taken
        for x in range(left, left + wide)
        for y in range(top, top + high)
    }
    assert len(covered) == 3 * 70 * 32
    assert all(0 <= x < 400 and 0 <= y < 300 for x, y in covered)


def test_the_first_label_is_right_below_its_point_and_that_of_the_mouse_above() -> None:
    assert free_place((100.0, 100.0), (70, 32), (400, 300), 1.0, []) == (110, 108, 70, 32)
    assert free_place((100.0, 100.0), (70, 32), (400, 300), 2.0, [], above=True) == (120, 52, 70, 32)
