"""Values of the nearest pixel that has one."""

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.types import BoolMap


def from_nearest(values: NDArray[np.float32], known: BoolMap) -> NDArray[np.float32]:
    """Fills a map with the value of the nearest known pixel.

    Args:
        values: (H, W) or (H, W, C).
        known: (H, W), True somewhere; their values stay.
    """
    # The label of a pixel is that of the nearest zero.
    labels = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )[1]
    of_label = np.zeros((int(labels.max()) + 1, *values.shape[2:]), np.float32)
    of_label[labels[known]] = values[known]
    filled: NDArray[np.float32] = of_label[labels]
    return filled
