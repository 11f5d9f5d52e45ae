"""Panoramas: one picture of all directions to a metric scene around the camera.

import recon
recon.panorama.run("pano.jpg", camera_height=recon.constraints.CameraHeight(1.6, 0.02)).save("room.glb")
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recon.panorama.public_run import run

__all__ = ["run"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'recon.panorama' has no attribute {name!r}")
    from recon.panorama.public_run import run

    return run
