"""Surveys a few frames of a clip to determine what must be the same for all frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from math import hypot
from pathlib import Path

import numpy as np

from recon.batch.shared_models import SharedModels
from recon.depth_map.colormap import span_of
from recon.journal import Journal
from recon.options import Options
from recon.pipeline import compose_scene, estimate_depth, prepare
from recon.types import Photo
from recon.video.links import Linker
from recon.video.reader import Clip

OFF_FOCAL = 0.1
"""A larger relative deviation of a frame's focal length from the common one is no error of the model."""
FRAMES = 8
"""Number of frames in the survey."""
_PIXELS_PER_FRAME = 10_000
_SHOT_FRAMES, _SHOT_S = 4, 1.0
"""Frames of the survey of a shot, in its first second."""


@dataclass(frozen=True)
class Survey:
    """Values shared by all frames of a clip."""

    frames: int
    """Number of frames used."""
    focal_px: float | None
    """Median of the model's estimates, px of the first frame; None if the user set one or the model predicts none."""
    spread: float | None
    """Largest relative deviation of a frame's focal length from the median."""
    span_m: tuple[float, float] | None
    """1st and 99th percentile of depth over all frames, m; None if not requested."""
    diagonal_px: float = 1.0
    """Diagonal of the first frame, px."""

    @property
    def differs(self) -> bool:
        """Whether no one focal length fits all of the clip."""
        return self.spread is not None and self.spread > OFF_FOCAL

    def focal_of(self, photo: Photo) -> float | None:
        """The focal length of a frame, px: proportional to its diagonal, in case the frame size changes."""
        if self.focal_px is None:
            return None
        return self.focal_px * hypot(photo.width, photo.height) / self.diagonal_px


def survey(
    clip: Clip, options: Options, models: SharedModels, journal: Journal, *, want_span: bool
) -> Survey:
    """Runs the model on a few frames, as far as needed.

    Args:
        clip: The video.
        options: Options for all frames.
        models: The models that are then used for all frames.
        journal: Receives the progress.
        want_span: Whether the range of depth is needed, too.

    Raises:
        ReconError: No frame can be read, or the model cannot run.
    """
    used, diagonal_px = 0, 1.0
    focals: list[float] = []
    depths: list[np.ndarray] = []
    with journal.stage(f"Surveying {clip.path.name}", total=FRAMES) as progress:
        for frame in clip.samples(FRAMES):
            prepared = prepare(frame.photo, options, Journal())
            if prepared.known_camera is not None and not want_span:
                break  # set by the user
            estimator = models.estimator_for(prepared)
            estimate = estimate_depth(prepared, estimator, Journal())
            used += 1
            diagonal = hypot(frame.photo.width, frame.photo.height)
            diagonal_px = diagonal if used == 1 else diagonal_px
            if estimate.focal_px is not None:
                focals.append(estimate.focal_px * (diagonal_px / diagonal))
            elif not want_span:
                break  # the model predicts none
            if want_span:
                scale_sources = models.scale_sources_for(prepared, estimator)
                scene = compose_scene(prepared, estimate, scale_sources, Journal())
                valid_m = scene.depth.z_m[scene.depth.valid]
                depths.append(valid_m[:: max(1, valid_m.size // _PIXELS_PER_FRAME)])
            progress(used)
    focal_px, off = _common(focals)
    depth_m = np.concatenate(depths) if depths else np.empty(0, np.float32)
    return Survey(used, focal_px, off, span_of(depth_m) if depth_m.size else None, diagonal_px)


def survey_shot(path: Path, first: Photo, start_s: float, models: SharedModels) -> Survey:
    """The focal length of a shot, px of its frames: the median of the model's estimates in its first second.

    Args:
        path: Of the clip.
        first: The first frame of the shot.
        start_s: Its time, s.
        models: The models that are then used for all frames.

    Raises:
        ReconError: The model cannot run.
    """
    linker, focals = Linker(), []
    others = Clip.open(path).samples(_SHOT_FRAMES - 1, start_s=start_s, span_s=_SHOT_S)
    for k, photo in enumerate(chain([first], (frame.photo for frame in others))):
        if linker.add(photo.rgb) is None and k > 0:
            break  # the next shot
        prepared = prepare(photo, models.options, Journal())
        estimate = estimate_depth(prepared, models.estimator_for(prepared), Journal())
        if estimate.focal_px is not None:
            focals.append(estimate.focal_px)
    focal_px, spread = _common(focals)
    return Survey(len(focals), focal_px, spread, None, hypot(first.width, first.height))


def _common(focals: Sequence[float]) -> tuple[float | None, float | None]:
    """Their median, and the largest relative deviation from it."""
    if not focals:
        return None, None
    median = float(np.median(focals))
    return median, max(abs(each / median - 1) for each in focals)
