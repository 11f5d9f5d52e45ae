"""Pictures with known depth that no training sees: photos of held-out places, views of held-out seeds."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recon.types import BoolMap, FloatMap, Intrinsics, MetricDepth, Photo
from tools.preview.heldout import held_out
from tools.preview.pool import read_train_pairs
from tools.preview.validate import HELD_OUT_PLACES

_NEAREST_M = 0.05


@dataclass(frozen=True)
class Picture:
    """A picture and its true depth."""

    name: str
    group: str
    """The place of a photo, the kind of a generated view."""
    rgb: NDArray[np.uint8]
    """(H, W, 3)."""
    z_m: FloatMap
    """(H, W): 0 where unknown, inf in the sky of a generated view."""
    focal_px: float | None
    """None: the camera is not known."""
    metric: bool
    """False: depth is known up to one scale."""

    @property
    def photo(self) -> Photo:
        """As an estimator takes it."""
        return Photo(rgb=self.rgb)

    @property
    def known(self) -> BoolMap:
        """(H, W) where the true depth is finite and known."""
        return np.asarray(np.isfinite(self.z_m) & (self.z_m > _NEAREST_M))

    @property
    def sky(self) -> BoolMap:
        """(H, W) the sky of a generated view; none of it is known in a photo."""
        return np.asarray(np.isposinf(self.z_m))

    @property
    def camera(self) -> Intrinsics:
        """The known one, otherwise the default."""
        height, width = self.z_m.shape
        if self.focal_px is None:
            return Intrinsics.default(width=width, height=height)
        return Intrinsics.from_focal(self.focal_px, width=width, height=height, source="user")

    @property
    def truth(self) -> MetricDepth:
        """The known depth."""
        return MetricDepth(np.where(self.known, self.z_m, 0).astype(np.float32), self.known)


def photos_of_held_out_places(folder: Path) -> list[Picture]:
    """The pairs of the training folder whose places are held out, at their full size."""
    pairs = [pair for pair in read_train_pairs(folder, longest=640) if pair.place in HELD_OUT_PLACES]
    return [
        Picture(
            pair.name,
            pair.place,
            pair.rgb,
            pair.z_m,
            None if pair.focal is None else pair.focal * pair.rgb.shape[1],
            pair.metric,
        )
        for pair in pairs
    ]


def generated_views(run_dir: Path, per_kind: int, pixels: int) -> list[Picture]:
    """Held-out generated views; made and stored in ``run_dir`` at the first call."""
    found = []
    for shard in held_out(run_dir, per_kind, pixels):
        for k, rgb in enumerate(shard.rgb):
            focal_px = float(shard.focal_over_width[k]) * rgb.shape[1]
            z_m = shard.z_m[k].astype(np.float32)
            kind = str(shard.kind[k])
            found.append(Picture(f"{kind} {rgb.shape[1]}x{rgb.shape[0]} {k}", kind, rgb, z_m, focal_px, True))
    return sorted(found, key=lambda picture: picture.name)
