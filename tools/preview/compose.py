"""A scene from a seed and a kind: the same seed gives the same scene on every machine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tools.preview import (
    animals,
    closeups,
    driving,
    flat,
    halls,
    indoor,
    landscape,
    outdoor,
    people,
    places,
    works,
)
from tools.preview.moods import in_a_mood
from tools.preview.scene import Rng, Scene

COMPOSERS: dict[str, Callable[[int, Rng], Scene]] = {
    "room": indoor.room,
    "hall": indoor.hall,
    "corridor": indoor.corridor,
    "desk": indoor.desk_view,
    "street": outdoor.street,
    "park": outdoor.park,
    "plaza": outdoor.plaza,
    "yard": outdoor.yard,
    "landscape": landscape.landscape,
    "portrait": people.portrait,
    "crowd": people.crowd,
    "animal": animals.animal,
    "closeup": closeups.closeup,
    "vehicle": driving.close_vehicle,
    "cab": driving.cab,
    "shop": places.shop,
    "desks": places.desks,
    "works": works.works,
    "stairs": halls.stairs,
    "church": halls.church,
    "sheet": flat.sheet,
}
# insides are what most photos show; rooms and desks above all
SHARES = {
    "room": 0.19,
    "hall": 0.04,
    "corridor": 0.03,
    "desk": 0.10,
    "street": 0.10,
    "park": 0.03,
    "plaza": 0.02,
    "yard": 0.03,
    "landscape": 0.08,
    "portrait": 0.05,
    "crowd": 0.03,
    "animal": 0.03,
    "closeup": 0.07,
    "vehicle": 0.03,
    "cab": 0.02,
    "shop": 0.03,
    "desks": 0.05,
    "works": 0.02,
    "stairs": 0.02,
    "church": 0.01,
    "sheet": 0.02,
}


def rng_for(seed: int, stream: str) -> Rng:
    """Return the generator of one use (`stream`) of a scene's seed, independent of the other uses."""
    key = [seed, int.from_bytes(stream.encode()[:8].ljust(8, b"\0"), "little")]
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(key)))


def kind_for(seed: int) -> str:
    """Return the kind of scene that a seed stands for, with the shares of `SHARES`."""
    names = list(SHARES)
    return names[int(rng_for(seed, "kind").choice(len(names), p=np.array(list(SHARES.values()))))]


def compose(seed: int, kind: str) -> Scene:
    """Return the scene of a seed; raises ValueError for an unknown kind."""
    if kind not in COMPOSERS:
        raise ValueError(f"unknown kind of scene {kind!r}: expected one of {', '.join(COMPOSERS)}")
    scene = COMPOSERS[kind](seed, rng_for(seed, "compose"))
    return in_a_mood(scene, rng_for(seed, "mood"))
