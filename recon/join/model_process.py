"""Reads a COLMAP model; the child process of ``recon.join.given_poses``.

``python -m recon.join.model_process MOST_BYTES MOST_SECONDS FOLDER OUTPUT.npz`` writes the arrays of
``mapping_process.as_arrays``. It is a separate process because a wrong count in a damaged file can make pycolmap
allocate any amount of memory.
"""

import sys

import numpy as np

from recon.join.mapping_process import as_arrays
from recon.limited_process import fail, limit


def main() -> int:
    """Reads one model; returns 1 after an error, with a message on stderr."""
    most_bytes, most_s, folder, output = sys.argv[1:]
    limit(most_bytes, most_s)
    try:
        import pycolmap

        np.savez(output, **as_arrays(pycolmap.Reconstruction(folder)))
    except Exception as error:  # end of the process: the parent raises the error
        first = (str(error).splitlines() or [""])[0]
        return fail(first if isinstance(error, ValueError | RuntimeError) and first else "it is damaged")
    return 0


if __name__ == "__main__":
    sys.exit(main())
