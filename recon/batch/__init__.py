"""Reconstructs many photos, or the frames of videos, with overlapping stages, a run log and resume.

    from recon import batch
    summary = batch.run("photos", "scenes", formats=["glb"], resume=True, on_event=print)

``run`` does the same as the command with several photos. ``plan_batch``, ``load``, ``estimate`` and ``finish`` are
its steps, for use in your own scheduler (``recon.batch.steps``). Heavy modules are imported on first use.
"""

from typing import TYPE_CHECKING

from recon.lazy_names import on_first_use

if TYPE_CHECKING:
    from recon.batch.events import (
        Abandoned,
        Counted,
        Event,
        Failed,
        Finished,
        Listed,
        Noted,
        Planned,
        Progress,
        Skipped,
        Started,
        Stopping,
        Summary,
        Written,
    )
    from recon.batch.item import Item, Maker, Target
    from recon.batch.plan import Plan, plan_batch
    from recon.batch.public_run import run
    from recon.batch.shared_models import SharedModels
    from recon.batch.steps import AffectsAllPhotos, Done, Estimated, estimate, finish, load
    from recon.outputs.depth_files import DepthFiles
    from recon.outputs.scene_files import SceneFiles

__all__ = [
    "Abandoned",
    "AffectsAllPhotos",
    "Counted",
    "DepthFiles",
    "Done",
    "Estimated",
    "Event",
    "Failed",
    "Finished",
    "Item",
    "Listed",
    "Maker",
    "Noted",
    "Plan",
    "Planned",
    "Progress",
    "SceneFiles",
    "SharedModels",
    "Skipped",
    "Started",
    "Stopping",
    "Summary",
    "Target",
    "Written",
    "estimate",
    "finish",
    "load",
    "plan_batch",
    "run",
]

_EVENTS = (
    "Abandoned Counted Event Failed Finished Listed Noted Planned Progress Skipped Started Stopping Summary "
    "Written"
)
_PLACES = {
    **dict.fromkeys(_EVENTS.split(), "recon.batch.events"),
    **dict.fromkeys(("Item", "Maker", "Target"), "recon.batch.item"),
    **dict.fromkeys(("Plan", "plan_batch"), "recon.batch.plan"),
    **dict.fromkeys(
        ("AffectsAllPhotos", "Done", "Estimated", "estimate", "finish", "load"), "recon.batch.steps"
    ),
    "run": "recon.batch.public_run",
    "SharedModels": "recon.batch.shared_models",
    "DepthFiles": "recon.outputs.depth_files",
    "SceneFiles": "recon.outputs.scene_files",
}
__getattr__ = on_first_use(__name__, _PLACES)
