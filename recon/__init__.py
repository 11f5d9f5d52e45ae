"""recon: one photograph to a metric 3D scene.

    import recon
    recon.reconstruct("photo.jpg").save("scene.glb")

``import recon`` loads neither torch nor Open3D nor OpenCV: what is heavy is imported where it is needed.
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
        photo: A file, or a photo that was read already.
        options: Defaults where None.
        estimator: Takes the place of ``options.model``; keeps its weights from photo to photo.
        constraints: What is known of the scene (``recon.constraints``), beside what the options tell.
        journal: Told every decision and the progress.
        **changes: Fields of ``Options`` to set, as ``model="depthpro", max_depth=20.0``.

    Raises:
        ReconError: What the user can mend: a broken photo, missing weights, relative depth without a reference.
        ValueError: An option out of range.
    """
    from recon.pipeline import reconstruct as run

    chosen = replace(options or Options(), **changes)
    return run(photo, chosen, estimator=estimator, constraints=constraints, journal=journal)


def load_scene(path: str | Path) -> "Scene":
    """Reads a scene file (``.npz``) that ``Scene.save`` or ``recon build -o scene.npz`` wrote.

    Raises:
        SceneFileError: Missing, damaged, or not a scene.
    """
    from recon.scene import Scene

    return Scene.load(Path(path))
