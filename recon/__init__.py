"""recon: turns a photograph into a metric 3D scene.

    import recon
    recon.reconstruct("photo.jpg").save("scene.glb")

``import recon`` loads neither torch nor Open3D nor OpenCV: heavy libraries are imported on first use.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recon.errors import ReconError
from recon.options import Options
from recon.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recon.constraints import Constraint
    from recon.depth.estimator import Estimator
    from recon.journal import Journal
    from recon.scene import Scene
    from recon.types import Photo

__all__ = ["Options", "ReconError", "__version__", "load_scene", "reconstruct"]


def reconstruct(
    photo: "str | Path | Photo",
    options: Options | None = None,
    *,
    estimator: "Estimator | None" = None,
    constraints: "Sequence[Constraint]" = (),
    journal: "Journal | None" = None,
    **changes: Any,
) -> "Scene":
    """Turns one photograph into a metric scene.

    Args:
        photo: Path of a file, or a photo that has been read.
        options: None for the defaults.
        estimator: Replaces ``options.model``; keeps its weights in memory between photos.
        constraints: Known measurements of the scene (``recon.constraints``), in addition to those in the options.
        journal: Receives every decision and the progress.
        **changes: Fields of ``Options`` to set, for example ``model="depthpro", max_depth=20.0``.

    Raises:
        ReconError: A problem that the user can fix: a broken photo, missing weights, relative depth without a
            reference.
        ValueError: An option out of range.
    """
    from recon.pipeline import reconstruct as run

    chosen = replace(options or Options(), **changes)
    return run(photo, chosen, estimator=estimator, constraints=constraints, journal=journal)


def load_scene(path: str | Path) -> "Scene":
    """Reads a scene file (``.npz``) written by ``Scene.save`` or ``recon build -o scene.npz``.

    Raises:
        SceneFileError: The file is missing, damaged, or not a scene.
    """
    from recon.scene import Scene

    return Scene.load(Path(path))
