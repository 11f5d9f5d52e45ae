"""Joins several photos of one place to one metric scene.

    from recon import join
    scene = join.run(["a.jpg", "b.jpg", "c.jpg"], model="depthpro")
    join.save(scene, "room.glb")
    width = join.distance(scene, ("a.jpg", (812.5, 440.0)), ("b.jpg", (1020.0, 441.5)))
    print(width.text)         # the length and its 95 % interval

``run`` does the same as ``recon join``. Heavy modules are imported on first use.
"""

from typing import TYPE_CHECKING

from recon.lazy_names import on_first_use

if TYPE_CHECKING:
    from recon.join.distance_between import distance
    from recon.join.joined_file import load
    from recon.join.joined_scene import JoinedScene, LeftOut
    from recon.join.outputs import save
    from recon.join.posed_view import PosedView
    from recon.join.public_run import run

__all__ = ["JoinedScene", "LeftOut", "PosedView", "distance", "load", "run", "save"]
_PLACES = {
    **dict.fromkeys(("JoinedScene", "LeftOut"), "recon.join.joined_scene"),
    "PosedView": "recon.join.posed_view",
    "distance": "recon.join.distance_between",
    "load": "recon.join.joined_file",
    "save": "recon.join.outputs",
    "run": "recon.join.public_run",
}
__getattr__ = on_first_use(__name__, _PLACES)
