"""recon: one photograph to a metric 3D scene.

    import recon
    recon.reconstruct("photo.jpg").save("scene.glb")

The names in ``__all__`` are the public interface, together with ``recon.batch`` (many photos), ``recon.compare``
(several models on one photo), ``recon.join`` (several photos of one place), ``recon.measure`` (lengths with
intervals) and ``recon.constraints`` (known measurements); see docs/python.md. All else may change.
``import recon`` loads no numpy, torch, Open3D or OpenCV: each is imported where it is needed.
"""

from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recon.argument_names import OptionError, check_names, names_of_arguments
from recon.errors import ReconError
from recon.lazy_names import on_first_use
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
    **{room: f"recon.{room}" for room in ("batch", "compare", "constraints", "join", "measure", "panorama")},
}


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
        photo: A file, a Pillow image, an array (H, W, 3) of sRGB values, red first, uint8 or floats from 0 to 1, or a
            ``Photo``.
        options: Options; None: the defaults.
        model: A name, or a model from ``load_model``, which keeps its weights between photos.
        estimator: A model from ``load_model``, as an alternative to ``model``.
        constraints: Known measurements (``recon.constraints``), in addition to those in the options.
        journal: Receives every decision and the progress; None: Python's logger ``recon``, which shows warnings.
        **changes: Fields of ``Options`` to set, for example ``max_depth=20.0, focal_35mm=26``.

    Raises:
        ReconError: A problem that the user can fix: a damaged photo, missing weights, relative depth without a
            reference.
        ValueError: An option is out of range, or the array has another shape or type.
        TypeError: An option does not exist, or ``photo`` is not a photo.
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
    if estimator is not None:
        estimator = _as_asked(estimator, chosen)
    if estimator is not None and chosen.relative_depth is not None:
        raise OptionError("use only one of --model and --relative-depth: each is the depth to make metric")
    with names_of_arguments(ReconError):
        return run(
            photo_from(photo),
            chosen,
            estimator=estimator,
            constraints=constraints,
            journal=journal or LoggingJournal(),
        )


def load_model(name: str = "auto", *, journal: "Journal | None" = None, **changes: Any) -> "Estimator":
    """Returns a depth model for several photos: ``reconstruct(photo, model=load_model("depthpro"))``.

    The weights are downloaded now if they are missing; they are loaded with the first photo and kept.

    Args:
        name: A name from ``recon models``, as in ``Options.model``.
        journal: As for ``reconstruct``.
        **changes: Fields of ``Options`` that models use: ``device``, ``precision``, ``offline``, ``processing_size``,
            ``augment``, ``refine``, ``backend``, ``depth_kind``, ``commercial_only``.

    Raises:
        ReconError: The name is unknown, or the weights are unavailable.
        TypeError: An option does not exist, or models do not use it.
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


def _as_asked(estimator: "Estimator", options: "Options") -> "Estimator":
    """A model that exists already, augmented and refined if the options say so.

    Raises:
        OptionError: Another option asks for a model that would have to be created otherwise.
        ReconError: It reads depth from a file, which can be neither.
    """
    from recon.depth import registry
    from recon.depth.estimator import RunOptions

    run, usual = RunOptions.of(options), RunOptions()
    for each in fields(RunOptions):
        if each.name not in ("augment", "refine", "offline") and getattr(run, each.name) != getattr(
            usual, each.name
        ):
            raise OptionError(
                f"--{each.name.replace('_', '-')} has no effect on a model that is created already: give it to "
                "recon.load_model instead"
            )
    with names_of_arguments(ReconError):
        return registry.wrapped(estimator, run)


def load_scene(path: str | Path) -> "Scene":
    """Reads a scene file (``.npz``) that ``Scene.save`` or ``recon build -o scene.npz`` wrote.

    Raises:
        SceneFileError: Missing, damaged, or not a scene.
    """
    from recon.scene import Scene

    return Scene.load(Path(path))


__getattr__ = on_first_use(__name__, _PLACES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_PLACES})
