"""Makes the frames of each clip of a batch steady in time, between the network and the files."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from recon.batch.clip_survey import OFF_FOCAL, survey_shot
from recon.batch.item import Item
from recon.batch.shared_models import SharedModels
from recon.batch.staged_pipeline import Outcome
from recon.batch.steps import Estimated
from recon.journal import Journal
from recon.pipeline import Prepared, compose_scene
from recon.scene import Scene
from recon.types import Intrinsics
from recon.video.links import Link, Linker
from recon.video.steadier import Steadier, Steady

_Given = tuple[Item, Estimated, Scene]
_SHOWN = 5
"""Cuts that are named."""


class SteadyClips:
    """What one run knows of its clips. Frames of a clip must come one after the other; photos pass unchanged.

    Args:
        models: Of the batch.
        journal: Receives the cuts and the focal lengths of the shots.
        journal_of: The journal of an item.
        is_stopped: Whether the run ends early; frames that wait for others are then dropped, not given out half done.
        steady: False: frames pass unchanged, too.
    """

    def __init__(
        self,
        models: SharedModels,
        journal: Journal,
        journal_of: Callable[[Item], Journal],
        is_stopped: Callable[[], bool] = lambda: False,
        *,
        steady: bool = True,
    ) -> None:
        self._models, self._journal, self._journal_of = models, journal, journal_of
        self._is_stopped, self._steady = is_stopped, steady
        self._linked: tuple[Path | None, Linker] = None, Linker()
        self._links: dict[str, Link | None] = {}
        self._focal_px: float | None = None
        self._cuts_s: dict[Path, list[float]] = {}

    def link(self, item: Item, prepared: Prepared) -> None:
        """Compares a frame with the one before; called in the loading thread, in order."""
        if item.frame is None or not self._steady:
            return
        is_first = self._linked[0] != item.path
        if is_first:
            self._linked = item.path, Linker()
        link = self._links[item.name] = self._linked[1].add(prepared.photo.rgb)
        if link is None and not is_first:
            self._cuts_s.setdefault(item.path, []).append(float(item.values["time_s"]))

    def with_focal(self, item: Item, prepared: Prepared) -> Prepared:
        """The frame with the focal length of its shot, where the shots of a clip differ.

        Raises:
            ReconError: The model cannot run.
        """
        known = prepared.known_camera
        if not (item.focal_by_shot and self._steady) or known is None or known.source != "model":
            return prepared
        assert item.frame is not None
        if self._links[item.name] is None:
            time_s = float(item.values["time_s"])
            shot = survey_shot(item.path, item.frame, time_s, self._models)
            self._focal_px = shot.focal_px
            self._report_focal(item, time_s, shot.focal_px, shot.spread)
        if self._focal_px is None:
            return prepared
        size = {"width": prepared.photo.width, "height": prepared.photo.height}
        camera = Intrinsics.from_focal(self._focal_px, **size, source="model")
        return replace(prepared, known_camera=camera)

    def between(self, estimates: Iterator[Outcome[Item, Estimated]]) -> Iterator[Outcome[Item, Estimated]]:
        """The estimates with steady depth, some frames later."""
        if not self._steady:
            yield from estimates
            return
        steadier: Steadier[_Given] = Steadier()
        path: Path | None = None
        for outcome in estimates:
            item, estimated = outcome.item, outcome.value
            link = self._links.pop(item.name, None)
            if item.path != path:
                yield from self._flushed(steadier)
                self._report_cuts(path)
                steadier = Steadier()
            path = item.path
            if item.frame is not None and estimated is not None:
                try:
                    scene = self._scene(item, estimated)
                except Exception as error:
                    outcome = Outcome(item, None, error)
                else:
                    given = item, estimated, scene
                    yield from map(_outcome, steadier.add(given, scene.depth, link, scene.intrinsics))
                    continue
            yield from self._flushed(steadier)
            yield outcome
        yield from self._flushed(steadier)
        self._report_cuts(path)

    def _flushed(self, steadier: Steadier[_Given]) -> Iterator[Outcome[Item, Estimated]]:
        for steady in steadier.flush():
            if not self._is_stopped():
                yield _outcome(steady)

    def _scene(self, item: Item, estimated: Estimated) -> Scene:
        return estimated.scene or compose_scene(
            estimated.prepared, estimated.estimate, estimated.scale_sources, self._journal_of(item)
        )

    def _report_focal(self, item: Item, time_s: float, focal_px: float | None, spread: float | None) -> None:
        shot = f"{item.path.name}, shot from {time_s:.2f} s"
        if focal_px is not None:
            self._journal.detail("focal", f"{shot}: {focal_px:.1f} px", focal_px=focal_px, source="model")
        if spread is not None and spread > OFF_FOCAL:
            self._journal.warn(
                "focal",
                f"{shot}: the model's focal lengths differ by up to {100 * spread:.0f} %; if it zooms, one focal "
                "length is wrong",
            )

    def _report_cuts(self, path: Path | None) -> None:
        cuts_s = [] if path is None else self._cuts_s.pop(path, [])
        if path is None or not cuts_s:
            return
        named = ", ".join(f"{time_s:.2f} s" for time_s in cuts_s[:_SHOWN])
        more = ", ..." if len(cuts_s) > _SHOWN else ""
        self._journal.decide(
            "video",
            f"{path.name}: at {named}{more}, a frame has too little in common with the one before: a cut, or "
            "too many frames in between (--every); depth is steady within each part",
            cuts_s=cuts_s,
        )


def _outcome(steady: Steady[_Given]) -> Outcome[Item, Estimated]:
    item, estimated, scene = steady.key
    values = {**item.values, "steady_scale": round(steady.scale, 5)}
    return Outcome(
        replace(item, values=values), replace(estimated, scene=replace(scene, depth=steady.depth)), None
    )
