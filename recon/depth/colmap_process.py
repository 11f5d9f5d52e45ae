"""Reads the points of a COLMAP model that one photo observes; the child process of ``recon.depth.sparse_points``.

``python -m recon.depth.colmap_process MOST_BYTES MOST_SECONDS FOLDER PHOTO OUTPUT.npy`` writes (N, 3) float64: x and
y as fractions of the image size, and z-depth in the unit of the model. It is a separate process because a wrong
count in a damaged file can make pycolmap allocate any amount of memory.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.limited_process import fail, limit


def main() -> int:
    """Reads one model; returns 1 after an error, with a message on stderr."""
    most_bytes, most_s, folder, photo, output = sys.argv[1:]
    limit(most_bytes, most_s)
    try:
        import pycolmap

        np.save(output, _observed(pycolmap.Reconstruction(folder), photo))
    except MemoryError:
        return fail("it asks for more memory than a model of its size should")
    except Exception as error:  # end of the process: the parent raises the error
        first = (str(error).splitlines() or [""])[0]
        return fail(first if isinstance(error, ValueError | RuntimeError) and first else "it is damaged")
    return 0


def _observed(model: Any, photo: str) -> NDArray[np.float64]:
    image = next((each for each in model.images.values() if Path(each.name).name == photo), None)
    if image is None:
        raise ValueError(
            f"it has no image named {photo} among its {len(model.images)} images; use the name that the photo has in "
            "the model"
        )
    camera = model.cameras[image.camera_id]
    if camera.width < 1 or camera.height < 1:
        raise ValueError(f"its camera has {camera.width} x {camera.height} px")
    # COLMAP's pixel coordinates start at the image corner, like ours.
    size, cam_T_world = np.array([camera.width, camera.height]), image.cam_from_world()
    seen = [each for each in image.points2D if each.has_point3D()]
    missing = sum(each.point3D_id not in model.points3D for each in seen)
    if missing:
        raise ValueError(f"{missing} of the points that {photo} observed are missing")
    points = [(*(one.xy / size), (cam_T_world * model.points3D[one.point3D_id].xyz)[2]) for one in seen]
    return np.array(points, np.float64).reshape(-1, 3)


if __name__ == "__main__":
    sys.exit(main())
