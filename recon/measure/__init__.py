"""Measuring in a scene, with 95 % intervals.

    from recon.measure import distance
    width = distance(scene, (812.5, 440.0), (1020.0, 441.5))
    print(width.text)         # 1.420 m ± 0.058 (95 %)
    print(width.errors_text)  # counts picking (0.5 px); ..., and does not count ...

Each quantity is a function of the scene and of pixels, px of the upright photo with the centre of the top-left pixel
at (0.5, 0.5). ``recon.measure.error_budget`` says what is counted as an error, ``recon.measure.propagate`` how
errors are propagated. The camera is taken for a pinhole: distortion of the lens is not counted.
"""

from recon.measure.error_budget import Assumptions
from recon.measure.lengths import angle, distance, from_camera, polyline
from recon.measure.measurement import Interval, Measurement, MeasurementError
from recon.measure.rectangle_plane import RectanglePlane
from recon.measure.surfaces import area, height_above_floor, plane
from recon.units import METRES, Unit

__all__ = [
    "METRES",
    "Assumptions",
    "Interval",
    "Measurement",
    "MeasurementError",
    "RectanglePlane",
    "Unit",
    "angle",
    "area",
    "distance",
    "from_camera",
    "height_above_floor",
    "plane",
    "polyline",
]
