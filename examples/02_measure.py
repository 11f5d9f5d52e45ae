"""Lengths with 95 % intervals: in a scene with measured depth, and in a photo, in the plane of a known rectangle."""

from pathlib import Path

import recon
from recon.constraints import Rectangle
from recon.measure import RectanglePlane, distance

SAMPLES = Path(__file__).resolve().parents[1] / "sample_data"

# Positions are in px of the upright photo. The room is 5 m wide.
scene = recon.reconstruct(SAMPLES / "living_room.jpg", depth=str(SAMPLES / "living_room.depth.png"))
wall = distance(scene, (279, 195), (1117, 142))
print("the wall:", wall.text)
print(wall.errors_text)

# The middle picture on the wall is 0.56 m wide and 0.74 m high; the right one is 0.44 m wide.
known = Rectangle(((525, 250), (604, 248), (604, 359), (526, 359)), width_m=0.56, height_m=0.74)
plane = RectanglePlane(known, width=1152, height=864)
print("the right picture:", plane.distance((621, 263), (687, 263)).text)
