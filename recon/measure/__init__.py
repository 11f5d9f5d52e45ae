"""Measures lengths, angles, areas and heights in a scene, with 95 % intervals.

    from recon.measure import distance
    width = distance(scene, (812.5, 440.0), (1020.0, 441.5))
    print(width.text)         # 1.420 m ± 0.058 (95 %)
    print(width.errors_text)  # includes picking (0.5 px); ..., and does not include ...

Each quantity is a function of the scene and of pixel positions, in px of the upright photo, with the centre of the
top-left pixel at (0.5, 0.5). ``recon.measure.error_budget`` lists the error sources, ``recon.measure.propagate``
propagates them. The camera model is a pinhole: lens distortion is not included.
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
