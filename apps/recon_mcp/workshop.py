"""What the tools share: the allowed folders, the model that stays in memory, and one job at a time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from mcp.server.mcpserver.exceptions import ToolError

from recon.calibration.rescale import rescaled
from recon.constraints import CameraHeight, Constraint, LengthBetween, default_sigma_m
from recon.depth.estimator import Estimator
from recon.errors import CalibrationError, ReconError
from recon.estimator_names import CARRIED
from recon.file_info.referenced_files import only_within
from recon.journal import Journal
from recon.options import Options
from recon.photo.read import read_photo
from recon.pipeline import choose_estimator, reconstruct
from recon.scene import Scene
from recon.scene_file import SUFFIX
from recon_mcp.arguments import KnownLength
from recon_mcp.folders import Folders
from recon_mcp.words import for_agent


class Workshop:
    """Opens photos and scenes for the tools."""

    def __init__(self, folders: Folders) -> None:
        self.folders = folders
        self._model: Estimator | None = None
        self._lock = Lock()

    @contextmanager
    def job(self) -> Iterator[None]:
        """One job at a time; its errors become those of the tool, with recon's sentence."""
        with self._lock, only_within(self.folders.allowed):
            try:
                yield
            except ReconError as error:
                raise ToolError(for_agent(str(error))) from error
            except MemoryError as error:
                raise ToolError("out of memory: use a smaller photo or another model") from error

    def options(self, model: str, depth: str | None, focal_35mm: float | None) -> Options:
        """The options of the tools; files in them are inside the allowed folders.

        Raises:
            ReconError: A file is not.
        """
        return Options(
            model="auto" if depth is not None else self.folders.model(model),
            depth=None if depth is None else self.folders.inside(depth),
            focal_35mm=focal_35mm,
        )

    def scene(self, path: Path, options: Options, known: Sequence[Constraint], journal: Journal) -> Scene:
        """The scene of a photo, or that in a scene file, rescaled to what is known.

        Raises:
            ReconError: A problem that the user can fix.
        """
        if path.suffix.lower() == SUFFIX:
            if options != Options():
                raise ReconError(
                    f"{path} is a scene, whose depth and focal length stay as they are: omit model, depth and "
                    "focal_35mm, or pass the photo"
                )
            return rescaled(Scene.load(path), known, journal)
        photo = read_photo(path)
        estimator = choose_estimator(options, journal, photo)
        if options.depth is None and estimator.name != CARRIED:
            if self._model is None or self._model.name != estimator.name:
                self._model = estimator
            estimator = self._model
        return reconstruct(photo, options, estimator=estimator, constraints=known, journal=journal)


def known_measurements(lengths: Sequence[KnownLength], camera_height_m: float | None) -> list[Constraint]:
    """The constraints that an agent gives.

    Raises:
        CalibrationError: The two ends of a length are one pixel.
    """
    try:
        known: list[Constraint] = [
            LengthBetween(
                (each.start_px[0], each.start_px[1]),
                (each.end_px[0], each.end_px[1]),
                each.length_m,
                default_sigma_m(each.length_m),
            )
            for each in lengths
        ]
        if camera_height_m is not None:
            known.append(CameraHeight(camera_height_m, default_sigma_m(camera_height_m)))
    except ValueError as error:
        raise CalibrationError(str(error)) from error
    return known
