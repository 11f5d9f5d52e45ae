"""Small doubtful regions follow what is around them; sure and large ones stay."""

import numpy as np

from recon.depth.nets.preview_look import settled


def picture() -> np.ndarray:
    """Sky above land, (100, 100) probabilities."""
    sky = np.full((100, 100), 0.02, np.float32)
    sky[:50] = 0.98
    return sky


def test_a_doubtful_cloud_becomes_sky_and_a_balloon_stays() -> None:
    sky = picture()
    sky[10:20, 10:20] = 0.4
    sky[10:20, 60:70] = 0.01
    found = settled(sky) > 0.5
    assert found[10:20, 10:20].all() and not found[10:20, 60:70].any()


def test_a_glint_becomes_water_and_the_sky_in_an_arch_stays() -> None:
    sky = picture()
    sky[70:78, 10:20] = 0.6
    sky[70:78, 60:70] = 0.95
    found = settled(sky) > 0.5
    assert not found[70:78, 10:20].any() and found[70:78, 60:70].all()


def test_specks_go_however_sure_and_large_regions_stay_however_doubtful() -> None:
    sky = picture()
    sky[20:22, 20:22] = 0.0
    sky[80:82, 20:22] = 1.0
    sky[5:30, 40:80] = 0.45
    found = settled(sky) > 0.5
    assert found[20:22, 20:22].all() and not found[80:82, 20:22].any() and not found[5:30, 40:80].any()


def test_a_picture_of_one_region_of_each_kind_is_left_alone() -> None:
    for sky in (picture(), np.full((4, 5), 0.6, np.float32), np.full((4, 5), 0.4, np.float32)):
        assert np.array_equal(settled(sky), sky)
