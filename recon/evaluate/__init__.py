"""How good an estimator is: photos with true depth, the field's errors, a report, and an error model.

``read_manifest`` lists pairs, ``run`` measures them one after another, ``summarise`` puts the rows together;
``fit_error_model`` makes of their residuals what ``recon.measure`` needs for its intervals.
"""

from recon.evaluate.boundary import BoundaryF1, boundary_f1
from recon.evaluate.clouds import CloudErrors, cloud_errors
from recon.evaluate.compare import ALIGNMENTS, Alignment, Compared, Settings, compare
from recon.evaluate.manifest import EvaluationError, Pair, read_manifest
from recon.evaluate.metrics import DepthErrors, InverseFit, depth_errors, fit_inverse, median_scale
from recon.evaluate.run import run

__all__ = [
    "ALIGNMENTS",
    "Alignment",
    "BoundaryF1",
    "CloudErrors",
    "Compared",
    "DepthErrors",
    "EvaluationError",
    "InverseFit",
    "Pair",
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
