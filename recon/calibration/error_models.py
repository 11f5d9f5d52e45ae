"""Error models of estimators: those shipped with recon, and those in a file of ``recon eval --error-model``.

An estimator that was not evaluated on photos with measured depth has none.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.error_model import ErrorModel
from recon.errors import CalibrationError
from recon.estimator_names import MEASURED
from recon.strict_json import as_kind, as_object, known_fields, parse_json, read_json, shown
from recon.types import BoolMap

_FORMAT = "recon-error-models-1"
_LATTICE = (16, 12)
"""Columns and rows of the pixels that represent a whole photo."""
_ASSUMED_SCALE = 0.5
"""Of an estimator without an error model: 95 % of its scales within a factor of 2.7 either way. Published metric
models have smaller errors on most photos, but errors this large on photos unlike their training data."""
_ASSUMED_LOCAL, _ASSUMED_LOCAL_SENSOR = 0.05, 0.01


def known_error_model(estimator: str) -> ErrorModel | None:
    """The error model shipped for an estimator; None if there is none."""
    return _shipped().get(estimator)


def assumed_error_model(estimator: str) -> ErrorModel:
    """The error model assumed for an estimator that has none: a broad error of scale, and 5 % per pixel (1 % for a
    depth sensor)."""
    local = _ASSUMED_LOCAL_SENSOR if estimator == MEASURED else _ASSUMED_LOCAL
    return ErrorModel(
        estimator, scale=_ASSUMED_SCALE, smooth=0.0, reach=1.0, local=local, photos=0, source="assumed"
    )


def lattice(valid: BoolMap) -> NDArray[np.float64]:
    """(N, 2) centres of the valid pixels of a regular lattice over a photo, px.

    Args:
        valid: (H, W) with at least one valid pixel.
    """
    height, width = valid.shape
    columns = ((np.arange(_LATTICE[0]) + 0.5) * width / _LATTICE[0]).astype(np.intp)
    rows = ((np.arange(_LATTICE[1]) + 0.5) * height / _LATTICE[1]).astype(np.intp)
    found_rows, found_columns = np.nonzero(valid[np.ix_(rows, columns)])
    if len(found_rows):
        return np.asarray(np.stack([columns[found_columns], rows[found_rows]], axis=1) + 0.5, np.float64)
    # Few pixels are valid, and none of them is on the lattice.
    all_rows, all_columns = np.nonzero(valid)
    some = np.linspace(0, len(all_rows) - 1, min(len(all_rows), _LATTICE[0] * _LATTICE[1])).astype(np.intp)
    return np.asarray(np.stack([all_columns[some], all_rows[some]], axis=1) + 0.5, np.float64)


def read_error_models(path: Path) -> dict[str, ErrorModel]:
    """Reads the file written by ``recon eval --error-model``; the keys are the estimators.

    Raises:
        CalibrationError: The file is missing or is not a file of error models.
    """
    try:
        return _models_from(read_json(path))
    except OSError as error:
        raise CalibrationError(f"{path}: the error model cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise CalibrationError(
            f"{path} is not an error model file of `recon eval --error-model`: {error}"
        ) from error


def dump_error_models(models: Mapping[str, ErrorModel]) -> str:
    """The text of a file of error models (JSON)."""
    return (
        json.dumps({"format": _FORMAT, "models": [model.as_dict() for model in models.values()]}, indent=1)
        + "\n"
    )


def _models_from(content: Any) -> dict[str, ErrorModel]:
    if as_object(content).get("format") != _FORMAT:
        raise ValueError(f"expected format {_FORMAT!r}, got {shown(content.get('format'))}")
    found = as_kind(list[dict[str, Any]], content.get("models"), "models")
    models = [
        as_kind(ErrorModel, known_fields(ErrorModel, values), f"models[{n}]")
        for n, values in enumerate(found)
    ]
    return {model.estimator: model for model in models}


@cache
def _shipped() -> dict[str, ErrorModel]:
    return _models_from(
        parse_json((files("recon.calibration") / "error_models.json").read_text(encoding="utf-8"))
    )
