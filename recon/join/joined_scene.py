"""The result of joining photos: posed views in one metric scale, and what is known of their accuracy."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recon.join.joint_errors import OF_PHOTO
from recon.join.posed_view import PosedView
from recon.options import Options
from recon.provenance import Provenance
from recon.scene import Scene
from recon.scene_file import LeftOut
from recon.units import scale_text
from recon.values import Value


@dataclass(frozen=True, eq=False, repr=False)
class JoinedScene(Value):
    """Several views of one place in one world frame, m. The first view defines the world frame's axes."""

    views: tuple[PosedView, ...]
    """At least one."""
    provenance: tuple[Provenance, ...]
    """The origin of the numbers of each view."""
    left_out: tuple[LeftOut, ...] = ()
    """Photos that could not be posed, or disagree with the others."""
    scale_interval: float | None = None
    """Relative half-width of the 95 % interval of the common scale; None: unknown."""
    errors: NDArray[np.float64] | None = None
    """(N, 10, N, 10) covariance of what the views are off by together (``joint_errors``); None: unknown."""
    poses_counted: bool = False
    """Whether it counts the errors of poses and lenses: files of poses without points do not say them."""
    options: Options = field(default_factory=Options)
    """Which pixels are dropped, the resolution of the geometry, and the axes of files."""

    def __post_init__(self) -> None:
        if not self.views:
            raise ValueError("a joined scene needs at least one view")
        if len(self.provenance) != len(self.views):
            raise ValueError(f"{len(self.views)} views, but the provenance of {len(self.provenance)}")
        shape = (len(self.views), OF_PHOTO) * 2
        if self.errors is not None and self.errors.shape != shape:
            raise ValueError(f"the errors of {len(self.views)} views are {shape}, got {self.errors.shape}")

    def scene_of(self, index: int) -> Scene:
        """One view as a scene of its own, in its own cam frame; ``views[index].world_T_cam`` places it."""
        view = self.views[index]
        return Scene(view.photo, view.intrinsics, view.depth, view.sky, self.options, self.provenance[index])

    def __repr__(self) -> str:
        sure = "± unknown" if self.scale_interval is None else scale_text(self.scale_interval)
        return f"JoinedScene({len(self.views)} views, scale {sure}, left out: {len(self.left_out)})"
