"""recon: one photograph to a metric 3D scene.

    import recon
    recon.reconstruct("photo.jpg").save("scene.glb")

What ``__all__`` names is the public interface, with ``recon.batch`` (many photos), ``recon.measure`` (lengths with
intervals) and ``recon.constraints`` (known measurements); docs/python.md shows it. All else may change.
``import recon`` loads no numpy, torch, Open3D or OpenCV: each is imported where it is needed.
"""

from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recon.argument_names import check_names, names_of_arguments
from recon.errors import ReconError
from recon.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from recon.constraints import Constraint
    from recon.depth.estimator import Estimator
    from recon.journal import Journal
    from recon.options import Options
    from recon.scene import Scene
    from recon.types import Intrinsics, Mesh, MetricDepth, Photo, PointCloud

__all__ = [
    "Intrinsics",
    "Mesh",
    "MetricDepth",
    "Options",
    "Photo",
    "PointCloud",
    "ReconError",
    "Scene",
    "__version__",
    "load_model",
    "load_scene",
    "reconstruct",
]
_PLACES = {
    "Options": "recon.options",
    "Scene": "recon.scene",
    **dict.fromkeys(("Intrinsics", "Mesh", "MetricDepth", "Photo", "PointCloud"), "recon.types"),
}
_ROOMS = ("batch", "constraints", "measure")
"""Parts of the public interface that are imported when they are first used."""


def reconstruct(
    photo: "str | Path | Photo | Image | NDArray[np.uint8] | NDArray[np.floating[Any]]",
    options: "Options | None" = None,
    *,
    model: "str | Estimator | None" = None,
    estimator: "Estimator | None" = None,
    constraints: "Sequence[Constraint]" = (),
    journal: "Journal | None" = None,
    **changes: Any,
) -> "Scene":
    """Turns one photograph into a metric scene.

    Args:
        photo: A file, a picture of Pillow's, an array (H, W, 3) in sRGB, red first, uint8 or floats from 0 to 1, or a
            photo that was read already.
        options: Defaults where None.
        model: A name, or what ``load_model`` returned, which keeps its weights from photo to photo.
        estimator: The same as a loaded ``model``.
        constraints: What is known of the scene (``recon.constraints``), in addition to the options.
        journal: Receives every decision and the progress; None: Python's logger ``recon``, which shows warnings.
        **changes: Fields of ``Options`` to set, as ``max_depth=20.0, focal_35mm=26``.

    Raises:
        ReconError: What the user can mend: a broken photo, missing weights, relative depth without a reference.
        ValueError: An option out of range, or an array of another shape or type.
        TypeError: An option that does not exist, or no photo at all.
    """
    from recon.journal import LoggingJournal
    from recon.options import Options
    from recon.photo.from_memory import photo_from
    from recon.pipeline import reconstruct as run

    check_names(changes, [each.name for each in fields(Options)], "reconstruct")
    if isinstance(model, str):
        changes["model"] = model
    elif model is not None:
        estimator = model
    chosen = replace(options or Options(), **changes)
    with names_of_arguments(ReconError):
        return run(
            photo_from(photo),
            chosen,
            estimator=estimator,
            constraints=constraints,
            journal=journal or LoggingJournal(),
        )


def load_model(name: str = "auto", *, journal: "Journal | None" = None, **changes: Any) -> "Estimator":
    """A depth model for several photos: ``reconstruct(photo, model=load_model("depthpro"))``.

    It loads its weights for the first photo and keeps them; that they are on this machine is made sure now.

    Args:
        name: As ``Options.model``: see ``recon models``.
        journal: As for ``reconstruct``.
        **changes: Fields of ``Options`` that models use: ``device``, ``precision``, ``offline``, ``processing_size``.

    Raises:
        ReconError: An unknown name, or weights that cannot be had.
        TypeError: An option that does not exist, or that no model uses.
    """
    from recon.depth import registry
    from recon.depth.estimator import RunOptions
    from recon.journal import LoggingJournal
    from recon.options import Options

    check_names(changes, [each.name for each in fields(RunOptions)], "load_model")
    run = RunOptions.of(Options(**changes))
    journal = journal or LoggingJournal()
    with names_of_arguments(ReconError):
        return registry.ready(name, run, journal)


def load_scene(path: str | Path) -> "Scene":
    """Reads a scene file (``.npz``) that ``Scene.save`` or ``recon build -o scene.npz`` wrote.

    Raises:
        SceneFileError: Missing, damaged, or not a scene.
    """
    from recon.scene import Scene

    return Scene.load(Path(path))


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"recon.{name}")
    if name not in _PLACES:
        raise AttributeError(f"module 'recon' has no attribute {name!r}")
    value = getattr(import_module(_PLACES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_ROOMS})
