"""The result of one pair (its errors, or the reason of a failure), and its line in the results file."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from recon.errors import Failure
from recon.strict_json import as_kind, as_object
from recon.types import DepthKind

Alignment = Literal["metric", "scale", "scale+shift"]
ALIGNMENTS: tuple[Alignment, ...] = ("metric", "scale", "scale+shift")
"""As predicted; scale alignment (``median_scale``); scale and shift alignment of inverse depth (``fit_inverse``)."""


@dataclass(frozen=True)
class Measures:
    """The measurements on one pair."""

    place: str
    """Where its photo was taken."""
    gives: DepthKind
    """The kind of depth that the estimator predicts."""
    seconds: float
    """Inference time."""
    pixels: int
    """Number of compared pixels."""
    covered: float
    """Fraction of the ground truth where the estimate is valid."""
    focal_px: float | None
    """The evaluated focal length; None if there is none."""
    focal_source: str | None
    focal_true_px: float | None
    focal_error: float | None
    boundary_f1: float | None
    boundary_f1_pooled: float | None
    errors: Mapping[Alignment, Mapping[str, float | None]]
    """By alignment: the fields of ``DepthErrors`` and ``CloudErrors``, and the fitted parameters."""


_MEASURES = tuple(each.name for each in fields(Measures) if each.name != "errors")


@dataclass(frozen=True)
class Row:
    """One estimator on one pair."""

    model: str
    pair: str
    kind: str
    scene: str
    result: Measures | Failure
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for a file."""
        head = {"model": self.model, "pair": self.pair, "ok": isinstance(self.result, Measures)}
        return {
            **head,
            "kind": self.kind,
            "scene": self.scene,
            **_values_of(self.result),
            "warnings": list(self.warnings),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Row":
        """The inverse of ``as_dict``.

        Raises:
            ValueError: The values are not a row.
        """
        result: Measures | Failure
        if as_object(values, "a row").get("ok"):
            measures = {name: values[name] for name in _MEASURES if name in values}
            errors = {alignment: values[alignment] for alignment in ALIGNMENTS if alignment in values}
            result = as_kind(Measures, {**measures, "errors": errors})
        else:
            result = as_kind(Failure, values.get("error"), "error")
        head = {
            name: values[name] for name in ("model", "pair", "kind", "scene", "warnings") if name in values
        }
        return replace(as_kind(cls, {**head, "result": {"type": "", "message": ""}}), result=result)


def _values_of(result: Measures | Failure) -> dict[str, Any]:
    if isinstance(result, Failure):
        return {"error": asdict(result)}
    errors: Mapping[str, Any] = {str(alignment): values for alignment, values in result.errors.items()}
    return {**{name: getattr(result, name) for name in _MEASURES}, **errors}
