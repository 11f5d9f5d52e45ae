"""Relative or metric depth, together with what is known, to metric depth with error bars."""

from recon.calibrate.calibration import Calibration, Residual, apply, as_json, dumps, load
from recon.calibrate.fit import Known, Unknowns, calibrate

__all__ = ["Calibration", "Known", "Residual", "Unknowns", "apply", "as_json", "calibrate", "dumps", "load"]
