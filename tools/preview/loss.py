"""The training loss: log and plain inverse depth, shape up to scale, gradients at several scales, sky, focal."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from recon.depth.nets.preview import Prediction
from tools.preview.batches import Batch


def preview_loss(prediction: Prediction, batch: Batch) -> dict[str, Tensor]:
    """Return the terms and their weighted sum `total` (scalars). The sky counts in its own term only."""
    ground = (~batch.sky).float()
    count = ground.sum().clamp(min=1)
    difference = (prediction.log_inverse - batch.log_inverse) * ground
    log_l1 = difference.abs().sum() / count
    plain = (prediction.log_inverse.clamp(max=4).exp() - batch.log_inverse.exp()).abs() * ground
    inverse_l1 = plain.sum() / count
    # scale-invariant (Eigen et al. 2014, eq. 4, whole variance), as a root so that it does not fade too early
    each = ground.sum((1, 2)).clamp(min=1)
    mean = difference.sum((1, 2)) / each
    variance = ((difference - mean[:, None, None]) ** 2 * ground).sum((1, 2)) / each
    invariant = (variance + 1e-4).sqrt().mean()
    gradient = _gradients(prediction.log_inverse - batch.log_inverse, ground)
    sky = functional.binary_cross_entropy_with_logits(prediction.sky_logit, batch.sky.float())
    wholes = batch.uncropped.float()
    focal = ((prediction.log_focal - batch.log_focal).abs() * wholes).sum() / wholes.sum().clamp(min=1)
    total = log_l1 + 0.5 * inverse_l1 + 0.5 * invariant + 0.5 * gradient + 0.3 * sky + 0.2 * focal
    return {
        "total": total,
        "log_l1": log_l1,
        "inverse_l1": inverse_l1,
        "invariant": invariant,
        "gradient": gradient,
        "sky": sky,
        "focal": focal,
    }


def _gradients(difference: Tensor, ground: Tensor) -> Tensor:
    """L1 of the error's differences between neighbours at four scales (Li and Snavely 2018, eq. 5)."""
    total = difference.new_zeros(())
    for k in range(4):
        d, g = difference[:, :: 2**k, :: 2**k], ground[:, :: 2**k, :: 2**k]
        gx, gy = g[:, :, 1:] * g[:, :, :-1], g[:, 1:] * g[:, :-1]
        dx, dy = (d[:, :, 1:] - d[:, :, :-1]).abs() * gx, (d[:, 1:] - d[:, :-1]).abs() * gy
        total = total + dx.sum() / gx.sum().clamp(min=1) + dy.sum() / gy.sum().clamp(min=1)
    return total / 4
