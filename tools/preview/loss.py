"""The training's losses: log depth in metres and up to scale, edges, the mixture's likelihood, sky.

Maps are log canonical inverse depth (N, h, w); a term is a mean over the pictures of their means over valid pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from recon.depth.nets.preview import Camera, Prediction
from tools.preview.pool import Batch

# Scales of the gradient loss: steps of 1, 2, 4 and 8 pixels of the map (Ranftl et al., "MiDaS", 2020, eq. 11).
_SCALES = (1, 2, 4, 8)
# Steps of the normals, in pixels of the map: finer ones would see the rounding of the shards' half precision.
_NORMAL_STEPS = (4, 8)
# A plane's inverse depth is affine in the image: where the truth is farther from that, there is an outline.
_PLANAR = 0.02
WEIGHTS = {
    "metric": 1.0,
    "aligned": 1.0,
    "edges": 1.0,
    "normals": 0.4,
    "likelihood": 0.15,
    "relative": 0.5,
    "sky": 0.4,
}


def preview_loss(prediction: Prediction, batch: Batch) -> dict[str, Tensor]:
    """Return the terms and their weighted "total"."""
    truth, valid = batch.log_inverse, batch.valid
    result = responsible(prediction, truth)
    difference = result - truth
    metric = valid & batch.metric[:, None, None]
    relative = valid & ~batch.metric[:, None, None]
    terms = {
        "metric": masked_mean(difference.abs(), metric),
        "aligned": masked_mean((difference - _medians(difference, metric)[:, None, None]).abs(), metric),
        "edges": edges(difference, metric),
        "normals": normals_loss(result, truth, metric, batch.camera),
        "likelihood": masked_mean(negative_log_likelihood(prediction, truth), metric),
        "relative": relative_loss(result, truth, relative),
        "sky": sky_loss(prediction.sky_logit, batch.sky),
    }
    terms["total"] = sum(
        (WEIGHTS[name] * term for name, term in terms.items()), torch.zeros((), device=result.device)
    )
    return terms


def responsible(prediction: Prediction, truth: Tensor) -> Tensor:
    """Return the mode (N, h, w) that the truth is likelier to come from.

    Only the likelihood teaches which one to choose: a wrong choice at an outline must not pull one surface's
    mode to the other.
    """
    scale = prediction.log_errors
    each = -(prediction.modes - truth[:, None]).abs() * torch.exp(-scale) - scale
    first = each[:, 0] + prediction.logit > each[:, 1]
    return torch.where(first, prediction.modes[:, 0], prediction.modes[:, 1])


def agreement(prediction: Prediction, teacher: Prediction, seen: Tensor) -> Tensor:
    """Return how far a student is from its teacher on photos without depth, with sky; `seen` (N, h, w) bool."""
    sky = torch.sigmoid(teacher.sky_logit)
    solid = seen & (sky < 0.5)
    difference = responsible(prediction, teacher.log_inverse) - teacher.log_inverse
    aligned = difference - _medians(difference, solid)[:, None, None]
    # where the teacher doubts itself it teaches less
    trust = torch.exp(-teacher.log_error).clamp(max=10) / 10
    shape = masked_mean(aligned.abs() * trust, solid) + 0.3 * masked_mean(difference.abs() * trust, solid)
    sure = (sky < 0.1) | (sky > 0.9)
    labels = torch.where(sure, (sky > 0.5).float(), -1.0)
    choice = masked_mean(negative_log_likelihood(prediction, teacher.log_inverse), solid)
    rest = 0.05 * choice + 0.2 * sky_loss(prediction.sky_logit, labels)
    return shape + 0.5 * edges(difference, solid) + rest


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Return the mean over pictures of the mean over each one's mask; pictures without any do not count."""
    count = mask.sum((1, 2))
    means = torch.where(mask, values, 0.0).sum((1, 2)) / count.clamp(min=1)
    return means.sum() / (count > 0).sum().clamp(min=1)


def _medians(values: Tensor, mask: Tensor) -> Tensor:
    """Return the median (N,) of each picture's masked values, without gradient; 0 where none."""
    flat = torch.where(mask, values, torch.nan).flatten(1).detach()
    return torch.nan_to_num(torch.nanmedian(flat, 1).values)


def edges(difference: Tensor, mask: Tensor) -> Tensor:
    """Return the mean change of the difference over steps of several sizes, across and down."""
    total = torch.zeros((), device=difference.device)
    for step in _SCALES:
        d, m = difference[:, ::step, ::step], mask[:, ::step, ::step]
        if min(d.shape[1:]) < 2:
            break
        total = total + masked_mean((d[:, :, 1:] - d[:, :, :-1]).abs(), m[:, :, 1:] & m[:, :, :-1])
        total = total + masked_mean((d[:, 1:] - d[:, :-1]).abs(), m[:, 1:] & m[:, :-1])
    return total / (2 * len(_SCALES))


def normals_loss(result: Tensor, truth: Tensor, mask: Tensor, camera: Camera) -> Tensor:
    """Return the mean distance of the unit normals where the truth is about planar, over steps of several sizes.

    The gradient loss weighs outlines most; this one sees only surfaces, so that walls and floors come out flat.
    """
    total = torch.zeros((), device=result.device)
    for step in _NORMAL_STEPS:
        if min(result.shape[1:]) <= 2 * step:
            break
        planar = planar_at(truth, mask, step)
        distance = (normals(result, camera, step) - normals(truth, camera, step)).norm(dim=1)
        total = total + masked_mean(distance, planar)
    return total / len(_NORMAL_STEPS)


def normals(log_inverse: Tensor, camera: Camera, step: int) -> Tensor:
    """Return unit normals (N, 3, h - 2 step, w - 2 step), camera frame, from differences over `step` pixels.

    On the plane a x + b y + d = 1 / z of rays (x, y, 1) the normal is along (a, b, d).
    """
    height, width = log_inverse.shape[1:]
    centre = log_inverse[:, step:-step, step:-step]
    pixel = 1 / (width * camera.focal)[:, None, None]
    across = _ratio(log_inverse[:, step:-step, 2 * step :], centre) - _ratio(
        log_inverse[:, step:-step, : -2 * step], centre
    )
    down = _ratio(log_inverse[:, 2 * step :, step:-step], centre) - _ratio(
        log_inverse[:, : -2 * step, step:-step], centre
    )
    a, b = across / (2 * step * pixel), down / (2 * step * pixel)
    columns = torch.arange(step, width - step, device=a.device) + 0.5
    rows = torch.arange(step, height - step, device=a.device) + 0.5
    x = (columns / width - camera.centre_x[:, None]) / camera.focal[:, None]
    y = (rows / width - camera.centre_y[:, None]) / camera.focal[:, None]
    d = 1 - a * x[:, None, :] - b * y[:, :, None]
    return functional.normalize(torch.stack([a, b, d], 1), dim=1, eps=1e-6)


def _ratio(log_inverse: Tensor, centre: Tensor) -> Tensor:
    return torch.exp((log_inverse - centre).clamp(-2, 2))


def planar_at(truth: Tensor, mask: Tensor, step: int) -> Tensor:
    """Return where the truth (N, h - 2 step, w - 2 step) is known on all sides, and no outline is between."""
    centre = truth[:, step:-step, step:-step]
    result = mask[:, step:-step, step:-step]
    for one, other in (
        ((slice(step, -step), slice(2 * step, None)), (slice(step, -step), slice(None, -2 * step))),
        ((slice(2 * step, None), slice(step, -step)), (slice(None, -2 * step), slice(step, -step))),
    ):
        bend = _ratio(truth[:, one[0], one[1]], centre) + _ratio(truth[:, other[0], other[1]], centre) - 2
        result = result & mask[:, one[0], one[1]] & mask[:, other[0], other[1]] & (bend.abs() < _PLANAR)
    return result


def negative_log_likelihood(prediction: Prediction, truth: Tensor) -> Tensor:
    """Return -log p(truth) (N, h, w) under the mixture of two Laplace distributions."""
    scale = prediction.log_errors
    each = -(prediction.modes - truth[:, None]).abs() * torch.exp(-scale) - scale - 0.6931472
    share = torch.stack(
        [functional.logsigmoid(prediction.logit), functional.logsigmoid(-prediction.logit)], 1
    )
    return -torch.logsumexp(each + share, 1)


def relative_loss(result: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """Return the difference of inverse depth, both shifted and scaled to median 0 and mean deviation 1 (MiDaS,
    5 to 7).
    """

    def normalised(log_inverse: Tensor) -> Tensor:
        inverse = torch.exp(log_inverse.clamp(-10, 6))
        centred = inverse - _medians(inverse, mask)[:, None, None]
        count = mask.sum((1, 2)).clamp(min=1)
        spread = torch.where(mask, centred.abs(), 0.0).sum((1, 2)) / count
        return centred / spread.clamp(min=1e-4)[:, None, None]

    difference = normalised(result) - normalised(truth)
    return masked_mean(difference.abs(), mask) + 0.5 * edges(difference, mask)


def sky_loss(logit: Tensor, labels: Tensor) -> Tensor:
    """Return the cross entropy where `labels` is 0 or 1."""
    each = functional.binary_cross_entropy_with_logits(logit, labels.clamp(min=0), reduction="none")
    return masked_mean(each, labels >= 0)
