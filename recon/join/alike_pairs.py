"""Which pairs of many pictures are worth matching: those that look alike, and neighbours in the order given.

Pictures are compared by their vectors of locally aggregated descriptors (VLAD; Jegou et al., Aggregating local
descriptors into a compact image representation, CVPR 2010), with centres from the pictures themselves.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
MOST_EXHAUSTIVE = 30
"""Of so many pictures every pair is matched: 435 pairs."""
_ALIKE, _NEIGHBOURS = 20, 3
"""How many pictures each is matched with: the most alike ones, and the next ones in the order given."""
_CENTRES, _SAMPLE = 64, 20_000
_SEED = 0


def most_pairs(count: int) -> int:
    """How many pairs of so many pictures are matched, at most."""
    every = count * (count - 1) // 2
    return every if count <= MOST_EXHAUSTIVE else min(every, count * (_ALIKE + _NEIGHBOURS))


def alike_pairs(descriptors: Sequence[NDArray[np.uint8]]) -> list[tuple[int, int]]:
    """The pairs to match, a < b, in order.

    Args:
        descriptors: (N, 128) SIFT descriptors of each picture.
    """
    vectors = _vlad(descriptors)
    alike = vectors @ vectors.T
    np.fill_diagonal(alike, -np.inf)
    pairs = set()
    for a, row in enumerate(alike):
        nearest = np.argsort(-row, kind="stable")[:_ALIKE].tolist()
        following = range(a + 1, min(a + 1 + _NEIGHBOURS, len(alike)))
        pairs |= {(min(a, b), max(a, b)) for b in (*nearest, *following) if b != a}
    return sorted(pairs)


def _root_sift(descriptors: NDArray[np.uint8]) -> Floats:
    """Whose Euclidean distances compare histograms (Arandjelovic and Zisserman, CVPR 2012)."""
    values = descriptors.astype(np.float32)
    return np.sqrt(values / np.maximum(values.sum(axis=1, keepdims=True), np.float32(1e-6)))


def _vlad(descriptors: Sequence[NDArray[np.uint8]]) -> Floats:
    """(N, 64 * 128) vectors of length 1; of pictures without features of length 0."""
    rng = np.random.default_rng(_SEED)
    share = max(_SAMPLE // len(descriptors), 1)
    sample = _root_sift(np.concatenate([each[rng.permutation(len(each))[:share]] for each in descriptors]))
    result = np.zeros((len(descriptors), _CENTRES, 128), np.float32)
    if len(sample) < _CENTRES:
        return result.reshape(len(descriptors), -1)
    cv2.setRNGSeed(_SEED)
    stop = (cv2.TERM_CRITERIA_MAX_ITER, 10, 0.0)
    _, _, centres = cv2.kmeans(sample, _CENTRES, None, stop, 1, cv2.KMEANS_PP_CENTERS)
    squared = (centres**2).sum(axis=1)
    for vector, each in zip(result, descriptors, strict=True):
        # Of one picture at a time: those of all take four times the memory of the descriptors.
        own = _root_sift(each)
        nearest = np.argmin(squared - 2 * own @ centres.T, axis=1)
        np.add.at(vector, nearest, own - centres[nearest])
    # Repeated details count less, as does a centre that many features are near to.
    result /= np.maximum(np.linalg.norm(result, axis=2, keepdims=True), np.float32(1e-6))
    flat = result.reshape(len(descriptors), -1)
    flat = np.sign(flat) * np.sqrt(np.abs(flat))
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), np.float32(1e-6)))
