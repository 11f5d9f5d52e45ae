"""Evaluates depth models on photos with ground-truth depth: standard errors, a report, and an error model.

``read_manifest`` lists the pairs, ``run`` evaluates them one by one, ``summarise`` aggregates the rows, and
``fit_error_model`` fits the error model that ``recon.measure`` uses for its intervals.
"""

from recon.evaluate.evaluate_all import run
from recon.evaluate.evaluate_pair import Compared, Settings, compare
from recon.evaluate.manifest import EvaluationError, Pair, read_manifest
from recon.evaluate.metrics.boundary_f1 import BoundaryF1, boundary_f1
from recon.evaluate.metrics.cloud_distance import CloudErrors, cloud_errors
from recon.evaluate.metrics.depth_errors import (
    DepthErrors,
    InverseFit,
    depth_errors,
    fit_inverse,
    median_scale,
)
from recon.evaluate.row import ALIGNMENTS, Alignment, Measures, Row

__all__ = [
    "ALIGNMENTS",
    "Alignment",
    "BoundaryF1",
    "CloudErrors",
    "Compared",
    "DepthErrors",
    "EvaluationError",
    "InverseFit",
    "Measures",
    "Pair",
    "Row",
    "Settings",
    "boundary_f1",
    "cloud_errors",
    "compare",
    "depth_errors",
    "fit_inverse",
    "median_scale",
    "read_manifest",
    "run",
]
