"""Which pictures are matched, when they are too many for every pair."""

import json
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recon.join import mapping_process
from recon.join.alike_pairs import alike_pairs, most_pairs
from recon.join.posed_view import PosedView


def test_pictures_of_one_place_are_matched_in_any_order() -> None:
    rng = np.random.default_rng(0)
    places = rng.integers(0, 160, (6, 200, 128))
    order = rng.permutation(np.repeat(np.arange(6), 15))
    pictures = [(places[place] + rng.integers(0, 40, (200, 128))).astype(np.uint8) for place in order]
    pairs = set(alike_pairs(pictures))
    assert pairs == set(alike_pairs(pictures))
    same = {(a, b) for a in range(90) for b in range(a + 1, 90) if order[a] == order[b]}
    assert same <= pairs
    assert all((a, a + 1) in pairs for a in range(89))
    assert len(pairs) < 0.5 * 90 * 89 / 2 and len(pairs) <= most_pairs(90)


@pytest.mark.parametrize("features", [0, 3])
def test_pictures_without_features_are_matched_with_their_neighbours(features: int) -> None:
    pairs = alike_pairs([np.zeros((features, 128), np.uint8)] * 40)
    assert all((a, a + 1) in pairs for a in range(39))
    assert all(0 <= a < b < 40 for a, b in pairs)


def test_the_pairs_take_less_memory_than_the_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recon.join.alike_pairs._SAMPLE", 400)
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 200, (1000, 128)).astype(np.uint8) for _ in range(100)]
    tracemalloc.start()
    try:
        alike_pairs(pictures)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # The vectors, of which there are a few copies, do not depend on the number of features.
    vectors = 4 * 64 * 128 * len(pictures)
    assert peak < 4 * vectors + 0.5 * sum(each.nbytes for each in pictures)


def test_many_photos_are_placed_by_their_alike_pairs(
    true_views: Sequence[PosedView], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pycolmap")
    monkeypatch.setattr("recon.join.mapping_process.MOST_EXHAUSTIVE", 3)
    (tmp_path / "images").mkdir()
    for k, view in enumerate(true_views):
        Image.fromarray(view.photo.rgb).resize((320, 240)).save(tmp_path / "images" / f"{k:06}.png")
    camera = true_views[0].intrinsics.resized(width=320, height=240)
    names = [f"{k:06}.png" for k in range(len(true_views))]
    params = [camera.fx, camera.fy, camera.cx, camera.cy]
    known = [{"names": names, "params": params, "known": True}]
    (tmp_path / "cameras.json").write_text(json.dumps(known), "utf-8")
    found = mapping_process._mapped(tmp_path, 1)
    assert list(found["names"]) == names
    assert (tmp_path / "pairs.txt").read_text("utf-8").splitlines()[0] == "000000.png 000001.png"
