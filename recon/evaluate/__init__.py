"""How good an estimator is: photos with true depth, the field's errors, a report, and an error model.

``read_manifest`` lists pairs, ``run`` measures them one after another, ``summarise`` puts the rows together;
``fit_error_model`` makes of their residuals what ``recon.measure`` needs for its intervals.
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
