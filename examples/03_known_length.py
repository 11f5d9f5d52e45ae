"""The scale of a rough model from one known distance, and how sure it is then."""

from pathlib import Path

import recon
from recon.constraints import DistanceAt

SAMPLES = Path(__file__).resolve().parents[1] / "sample_data"
PHOTO = SAMPLES / "living_room.jpg"

# A laser rangefinder next to the camera measured 5.87 m to this point of the wall.
laser = DistanceAt((564, 304), distance_m=5.87, sigma_m=0.03)

for name, constraints in (("as predicted", []), ("with the laser", [laser])):
    scene = recon.reconstruct(PHOTO, model="preview", constraints=constraints)
    z_m = scene.depth.z_m[304, 564]
    interval = scene.depth.scale_interval
    sure = "" if interval is None else f", scale known to ± {100 * interval:.0f} % (95 %)"
    print(f"{name}: {z_m:.2f} m along the optical axis{sure}")
