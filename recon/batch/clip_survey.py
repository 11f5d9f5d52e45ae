"""A first look at a clip: what has to be the same for all of its frames is taken from a few."""

from dataclasses import dataclass
from math import hypot

import numpy as np

from recon.batch.shared_models import SharedModels
from recon.depth_map.colormap import span_of
from recon.journal import Journal
from recon.options import Options
from recon.pipeline import compose_scene, estimate_depth, prepare
from recon.types import Photo
from recon.video.reader import Clip

FRAMES = 8
"""How many are looked at."""
_PIXELS_OF_EACH = 10_000


@dataclass(frozen=True)
class Survey:
    """What the frames of a clip have in common."""

    frames: int
    """That were looked at."""
    focal_px: float | None
    """Median of the model's, px of the first frame; None where the user gave one or the model predicts none."""
    spread: float | None
    """Largest relative deviation of a frame's focal length from it."""
    span_m: tuple[float, float] | None
    """1st and 99th percentile of depth over all frames, m; None where it was not asked for."""
    diagonal_px: float = 1.0
    """Of the first frame."""

    def focal_of(self, photo: Photo) -> float | None:
        """The focal length of a frame, px: in proportion to its diagonal, where the size changes on the way."""
        if self.focal_px is None:
            return None
        return self.focal_px * hypot(photo.width, photo.height) / self.diagonal_px


def survey(
    clip: Clip, options: Options, models: SharedModels, journal: Journal, *, want_span: bool
) -> Survey:
    """Runs the model on a few frames, only as far as it is needed.

    Args:
        clip: The video.
        options: Of all frames.
        models: The same that the frames get afterwards.
        journal: Shows the progress.
        want_span: Whether the span of depth is wanted, too.

    Raises:
        ReconError: No frame can be read, or the model cannot run.
    """
    looked, diagonal_px = 0, 1.0
    focals: list[float] = []
    depths: list[np.ndarray] = []
    with journal.stage(f"A first look at {clip.path.name}", total=FRAMES) as progress:
        for frame in clip.samples(FRAMES):
            prepared = prepare(frame.photo, options, Journal())
            if prepared.known_camera is not None and not want_span:
                break  # the user told it
            estimator = models.estimator_for(prepared)
            estimate = estimate_depth(prepared, estimator, Journal())
            looked += 1
            diagonal = hypot(frame.photo.width, frame.photo.height)
            diagonal_px = diagonal if looked == 1 else diagonal_px
            if estimate.focal_px is not None:
                focals.append(estimate.focal_px * (diagonal_px / diagonal))
            elif not want_span:
                break  # the model tells none
            if want_span:
                scale_sources = models.scale_sources_for(prepared, estimator)
                scene = compose_scene(prepared, estimate, scale_sources, Journal())
                known = scene.depth.z_m[scene.depth.valid]
                depths.append(known[:: max(1, known.size // _PIXELS_OF_EACH)])
            progress(looked)
    focal_px = float(np.median(focals)) if focals else None
    off = None if focal_px is None else max(abs(each / focal_px - 1) for each in focals)
    seen = np.concatenate(depths) if depths else np.empty(0, np.float32)
    return Survey(looked, focal_px, off, span_of(seen) if seen.size else None, diagonal_px)
