"""Where every number of a scene came from, as its files say it.

A file outlives the version that wrote it: what an older one does not say is None, and what a later one adds is kept
in ``more`` (of the model in ``details``, of the calibration in ``values``) and written again.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from recon.error_model import ErrorModel
from recon.estimator_names import HUB, ONNX, PREVIEW
from recon.strict_json import as_kind, as_object, known_fields
from recon.types import Intrinsics

Values = Mapping[str, Any]
"""Plain JSON values by name."""
Point = tuple[float, float, float]
_TEXT: Any = str | None
_NUMBER: Any = float | None
_WHOLE: Any = int | None
_SIZES = ("processing_width", "processing_height")
Record = TypeVar("Record", "PhotoRecord", "FocalRecord", "KeptRecord", "CropRecord")


def seen_pixels(details: Values) -> int | None:
    """How many pixels a network saw, from ``DepthEstimate.details``, if known."""
    width, height = (details.get(side) for side in _SIZES)
    return None if width is None or height is None else width * height


@dataclass(frozen=True)
class PhotoRecord:
    """The photo that the scene was made of."""

    file: str | None
    """Its name, without the folder."""
    width_px: int
    height_px: int


@dataclass(frozen=True)
class ModelRecord:
    """The estimator of the depth."""

    name: str | None
    revision: str | None = None
    """Of its weights, where one is known."""
    details: Values = field(default_factory=dict)
    """What else the estimator says: ``DepthEstimate.details``."""

    @property
    def unit_m(self) -> float | None:
        """Step in which a depth file counts, m."""
        return as_kind(_NUMBER, self.details.get("unit_m"), "model.unit_m")

    @property
    def stored_width(self) -> int | None:
        """Width of the depth as it was measured, px; None where that is the photo's own."""
        return as_kind(_WHOLE, self.details.get("stored_width"), "model.stored_width")

    @property
    def seen_pixels(self) -> int | None:
        """How many pixels the network saw, if known."""
        return seen_pixels(self.details)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"name": self.name, "revision": self.revision, **self.details}


@dataclass(frozen=True)
class FocalRecord:
    """The camera, and how the metres depend on it."""

    fx_px: float | None = None
    fy_px: float | None = None
    cx_px: float | None = None
    cy_px: float | None = None
    fov_x_deg: float | None = None
    source: str | None = None
    sets_depth: bool | None = None
    """Whether the metres were computed with the focal length."""
    sigma: float | None = None
    """Standard deviation of its logarithm, where it was fitted."""

    @classmethod
    def of(
        cls, camera: Intrinsics, *, sets_depth: bool | None = None, sigma: float | None = None
    ) -> "FocalRecord":
        """Of that camera."""
        k = camera
        return cls(k.fx, k.fy, k.cx, k.cy, k.fov_x_deg, k.source, sets_depth, sigma)


@dataclass(frozen=True)
class CalibrationRecord:
    """The fit ``1 / z = scale * value + shift`` that made the depth metric."""

    scale: float
    shift: float = 0.0
    covariance: tuple[tuple[float, float], tuple[float, float]] | None = None
    """Of (scale, shift)."""
    reference: str = "its reference"
    """What it was made with."""
    scale_interval: float | None = None
    """Relative half-width of the 95 % interval of the mean depth."""
    focal_sigma: float | None = None
    """Standard deviation of the logarithm of the focal length, where the constraints gave it."""
    has_constraints: bool = False
    """Whether the user's own measurements took part in it."""
    anchors: tuple[tuple[float, float, float, float], ...] = ()
    """As those of ``Calibration``."""
    values: Values = field(default_factory=dict, compare=False, repr=False)
    """Everything that the file says of it."""

    @classmethod
    def from_dict(cls, values: Values) -> "CalibrationRecord":
        """Of a scene file, or of a calibration that was just used (``recon.calibration.calibration.as_json``)."""
        record_values = {
            key: one
            for key, one in known_fields(cls, values).items()
            if key not in ("values", "has_constraints")
        }
        record = as_kind(cls, record_values, "calibration")
        return replace(record, has_constraints=bool(values.get("constraints")), values=values)


@dataclass(frozen=True)
class KeptRecord:
    """Records that pixels were removed in the viewer."""

    pixels: int
    """Number of remaining pixels."""


@dataclass(frozen=True)
class CropRecord:
    """The crop box of the viewer, m, upright; everything outside was removed."""

    low_m: Point
    high_m: Point


@dataclass(frozen=True)
class Provenance:
    """The origin of every number in a scene."""

    generator: str | None = None
    photo: PhotoRecord | None = None
    model: ModelRecord | None = None
    focal: FocalRecord | None = None
    lens: Values | None = None
    """The lens of the photo as it was taken, where the photo was undistorted."""
    error_model: ErrorModel | None = None
    """Error model of the depth; None if unknown."""
    calibration: CalibrationRecord | None = None
    scale_interval: float | None = None
    """Relative half-width of the 95 % interval of the scale."""
    kept: KeptRecord | None = None
    crop: CropRecord | None = None
    viewer: Values | None = None
    """What the viewer keeps in a scene file, for itself to read: measurements, and how it was shown."""
    levelling: Values | None = None
    """How the scene in the file was stood upright; a scene file has none, as it holds the camera's view."""
    fill: str | None = None
    """A note that a file contains synthetic geometry."""
    more: Values = field(default_factory=dict)

    @property
    def model_name(self) -> str | None:
        """The estimator's name."""
        return None if self.model is None else self.model.name

    @property
    def is_rough(self) -> bool:
        """Whether the depth is for a first look only."""
        return self.model_name == PREVIEW

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values, for a file."""
        calibration = self.calibration
        record = {
            "generator": self.generator,
            "photo": _plain(self.photo),
            "model": None if self.model is None else self.model.as_dict(),
            "focal": _plain(self.focal),
            "lens": None if self.lens is None else dict(self.lens),
            "error_model": None if self.error_model is None else self.error_model.as_dict(),
            "calibration": None if calibration is None else dict(calibration.values),
            "scale_interval": self.scale_interval,
            "kept": _plain(self.kept),
            "crop": _plain(self.crop),
            "viewer": None if self.viewer is None else dict(self.viewer),
            "levelling": None if self.levelling is None else dict(self.levelling),
            "fill": self.fill,
            **self.more,
        }
        return {name: value for name, value in record.items() if value is not None or name in _ALWAYS}

    @classmethod
    def from_dict(cls, values: Values) -> "Provenance":
        """The inverse of ``as_dict``.

        Raises:
            ValueError: It is no provenance.
        """
        as_object(values, "provenance")
        error_model, calibration = values.get("error_model"), values.get("calibration")
        viewer, lens = values.get("viewer"), values.get("lens")
        return cls(
            generator=as_kind(_TEXT, values.get("generator"), "generator"),
            photo=_record(PhotoRecord, values.get("photo")),
            model=_model(values.get("model")),
            focal=_record(FocalRecord, values.get("focal")),
            lens=lens if isinstance(lens, Mapping) else None,
            error_model=None
            if error_model is None
            else as_kind(ErrorModel, known_fields(ErrorModel, error_model, "error_model"), "error_model"),
            calibration=None
            if calibration is None
            else CalibrationRecord.from_dict(as_object(calibration, "calibration")),
            scale_interval=as_kind(_NUMBER, values.get("scale_interval"), "scale_interval"),
            kept=_record(KeptRecord, values.get("kept")),
            crop=_record(CropRecord, values.get("crop")),
            viewer=viewer if isinstance(viewer, Mapping) else None,
            more={key: value for key, value in values.items() if key not in _NAMES},
        )


_ALWAYS = ("error_model", "calibration", "scale_interval")
"""Keys that are always written; null means unknown."""
_NAMES = {each.name for each in fields(Provenance)} - {"levelling", "fill", "more"}


def without_folder(name: str) -> str:
    """The name for files that users share: only the last part of a local path, since folders can identify the user.

    ``hf:apple/DepthPro-hf`` is the name of a repository and stays, unless there is such a folder here.
    """
    prefix = next((each for each in (HUB, ONNX) if name.startswith(each)), "")
    path = Path(name.removeprefix(prefix)).expanduser()
    try:
        is_path = path.is_absolute() or path.exists()
    except OSError:
        is_path = False
    return prefix + path.name if is_path else name


def _model(values: Any) -> ModelRecord | None:
    if values is None:
        return None
    details = {
        key: value for key, value in as_object(values, "model").items() if key not in ("name", "revision")
    }
    for name in _SIZES:
        size = as_kind(_WHOLE, details.get(name), f"model.{name}")
        if size is not None and size < 1:
            raise ValueError(f"model.{name}: expected a number of pixels, got {size}")
    return ModelRecord(
        as_kind(_TEXT, values.get("name"), "model.name"),
        as_kind(_TEXT, values.get("revision"), "model.revision"),
        details,
    )


def _record(kind: type[Record], values: Any) -> Record | None:
    """A record from a file's values, without names that this version does not define."""
    name = kind.__name__.removesuffix("Record").lower()
    return None if values is None else as_kind(kind, known_fields(kind, values, name), name)


def _plain(record: PhotoRecord | FocalRecord | KeptRecord | CropRecord | None) -> dict[str, Any] | None:
    return None if record is None else asdict(record)
