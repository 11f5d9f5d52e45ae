"""What the layers of a depth network give for one photo: shapes, and pictures of their first principal components.

The outputs are taken by forward hooks while the estimator runs as always; each is reduced to a picture at once,
because the features of all layers together would not fit in memory.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as nnf
from torch.nn.modules import module as hooks

from recon.depth.estimator import Estimator
from recon.depth.inference.token_grid import Grid, grid_of
from recon.depth.nets.depth_pro import picture_of_patches
from recon.depth.nets.vit import Vit
from recon.errors import ModelUnavailable
from recon.journal import Journal
from recon.types import Photo

_LAYER = re.compile(r"(.*)\.(\d+)$")
_ATTENTION = re.compile(r"(.*)\.(\d+)\.\w*attention\w*$")
_STAGE = re.compile(r"(\d+|up\d+|final)$")
"""Last part of the name of a module that makes a feature map: an element of a list, or one that is named so."""
_LARGEST_PX = 384
"""Of a feature map that components are computed of."""
_SAMPLES = 20_000


@dataclass(frozen=True, eq=False)
class Feature:
    """The output of one module."""

    name: str
    """Of the module in the network, as in the checkpoint: ``backbone.encoder.layer.0``."""
    kind: str
    """``layer`` (tokens of an encoder), ``attention`` or ``map``."""
    shape: tuple[int, ...]
    """Of the tensor: (pictures, tokens, channels), (pictures, heads, tokens, tokens) or (1, channels, h, w)."""
    picture: NDArray[np.uint8] | None
    """(h, w, 3): the first three principal components as red, green, blue; of attention, how much each patch gets
    from the class token (else from all tokens), as grey. None if the values are not finite, or are no picture."""
    run: int = 1
    """Counted from 1, if the network looks at a photo more than once, as preview does."""


def features_of(
    estimator: Estimator, photo: Photo, *, focal_px: float | None, journal: Journal
) -> tuple[Feature, ...]:
    """Runs an estimator on a photo and returns what its layers give, in the order in which they run.

    Of each encoder: the first, the middle and the last layer, and the attention of the last if the code that runs it
    computes one (transformers). Of the decoder: each stage.

    Raises:
        ModelUnavailable: The estimator has no network whose layers can be seen, or cannot run.
    """
    watch = _Watch()
    with watch.watching():
        estimator.estimate(photo, focal_px=focal_px, journal=journal)
    if not watch.features:
        raise ModelUnavailable(
            f"{estimator.name} has no layers to look at: choose a depth network of torch (see `recon models`), not "
            "depth from a file and not an ONNX file."
        )
    return tuple(watch.features)


class _Watch:
    """Hooks on every module that runs."""

    def __init__(self) -> None:
        self.features: list[Feature] = []
        self._names: dict[nn.Module, str] = {}
        self._input = (1, 1)
        """Height and width of the last picture that an encoder got, px."""

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Takes the outputs while it is entered."""
        handles = [
            hooks.register_module_forward_pre_hook(self._before),  # type: ignore[arg-type]
            hooks.register_module_forward_hook(self._after),
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _before(self, module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
        if module not in self._names:
            self._names |= {part: name for name, part in module.named_modules()}
            choose = getattr(module, "set_attn_implementation", None)
            if callable(choose):
                choose("eager")  # the faster ones do not compute the weights
        if args and isinstance(args[0], torch.Tensor) and args[0].ndim == 4 and args[0].shape[1] == 3:
            self._input = (args[0].shape[2], args[0].shape[3])
        if not isinstance(module, Vit):
            return None
        # Its layers run without being called as modules.
        return (args[0], self._tapped(module, args[1] if len(args) > 1 else None), *args[2:])

    def _tapped(self, vit: Vit, theirs: Any) -> Any:
        prefix, count = self._names[vit], len(vit.encoder.layer)

        def tap(done: int, hidden: torch.Tensor) -> None:
            if theirs is not None:
                theirs(done, hidden)
            if done - 1 in _shown(count):
                self._add_tokens(f"{prefix}.encoder.layer.{done - 1}".lstrip("."), hidden)

        return tap

    def _after(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        name = self._names[module]
        first = output[0] if isinstance(output, tuple | list) and output else output
        attention = _ATTENTION.match(name)
        if attention and isinstance(output, tuple) and len(output) > 1 and _is_tensor(output[1], 4):
            if int(attention[2]) == self._count(attention[1]) - 1:
                self._add_attention(name, output[1])
        elif _is_tensor(first, 3) and (layer := _LAYER.match(name)):
            composite = next(module.children(), None) is not None
            if composite and int(layer[2]) in _shown(self._count(layer[1])):
                self._add_tokens(name, first)
        elif _is_tensor(first, 4) and _is_stage(name) and first.shape[1] > 2:
            self._add(name, "map", first, components(first))

    def _count(self, parent: str) -> int:
        """Modules of a list."""
        parts = (name.rpartition(".") for name in self._names.values())
        return sum(before == parent and last.isdecimal() for before, _, last in parts)

    def _add_tokens(self, name: str, tokens: torch.Tensor) -> None:
        grid = grid_of(tokens.shape[1], *self._input)
        picture = None if grid is None else components(_as_map(tokens, grid))
        self._add(name, "layer", tokens, picture)

    def _add_attention(self, name: str, weights: torch.Tensor) -> None:
        grid = grid_of(weights.shape[-1], *self._input)
        picture = None
        if grid is not None:
            heads = weights.float().mean(1)
            received = heads[:, 0] if grid.extra else heads.mean(1)
            picture = _grey(_as_map(received[:, :, None], grid))
        self._add(name, "attention", weights, picture)

    def _add(self, name: str, kind: str, values: torch.Tensor, picture: NDArray[np.uint8] | None) -> None:
        run = 1 + sum((each.name, each.kind) == (name, kind) for each in self.features)
        self.features.append(Feature(name, kind, tuple(values.shape), picture, run))


def _is_tensor(value: Any, dimensions: int) -> bool:
    return isinstance(value, torch.Tensor) and value.ndim == dimensions and value.is_floating_point()


def _shown(count: int) -> set[int]:
    """The first, the middle and the last of the layers."""
    return {0, (count - 1) // 2, count - 1}


def _is_stage(name: str) -> bool:
    *before, last = name.split(".")
    inside_another = any(_STAGE.fullmatch(part) for part in before)
    return bool(_STAGE.fullmatch(last)) and not inside_another and not any("head" in part for part in before)


def _as_map(tokens: torch.Tensor, grid: Grid) -> torch.Tensor:
    """Tokens (P, extra + rows columns, C) as a map (1, C, h, w); those of overlapping patches are merged."""
    if len(tokens) >= 4 and grid.rows == grid.columns:
        # Depth Pro's: a quarter of each patch of the finest scale overlaps the next one.
        return picture_of_patches(tokens, round(grid.rows / 8), None)
    return tokens[:1, grid.extra :].unflatten(1, (grid.rows, grid.columns)).permute(0, 3, 1, 2)


def components(features: torch.Tensor) -> NDArray[np.uint8] | None:
    """(1, C, h, w) as (h, w, 3): each of the first three principal components from its 1st to its 99th percentile."""
    features = features.detach().float()
    shrink = _LARGEST_PX / max(features.shape[2:])
    if shrink < 1:
        size = [max(1, round(side * shrink)) for side in features.shape[2:]]
        features = nnf.interpolate(features, size=size, mode="area")
    values = features[0].flatten(1).T.cpu().numpy()
    if not np.isfinite(values).all():
        return None
    values = values - values.mean(0)
    some = values[:: max(1, len(values) // _SAMPLES)].astype(np.float64)
    _, axes = np.linalg.eigh(some.T @ some)
    axes = axes[:, ::-1][:, :3]
    # The sign of an axis is arbitrary: its largest entry is positive, so that a picture can be had again.
    axes = axes * np.sign(axes[np.abs(axes).argmax(0), np.arange(axes.shape[1])])
    shown = np.zeros((len(values), 3))
    shown[:, : axes.shape[1]] = values @ axes
    return _stretched(shown).reshape(*features.shape[2:], 3)


def _grey(values: torch.Tensor) -> NDArray[np.uint8] | None:
    """(1, 1, h, w) as a grey picture."""
    grey = values[0, 0].detach().cpu().numpy().astype(np.float64)
    if not np.isfinite(grey).all():
        return None
    return _stretched(np.repeat(grey.reshape(-1, 1), 3, axis=1)).reshape(*grey.shape, 3)


def _stretched(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(N, 3) with the 1st percentile of each column as 0 and the 99th as 255."""
    low, high = np.percentile(values, (1, 99), axis=0)
    return np.rint(255 * np.clip((values - low) / np.maximum(high - low, 1e-12), 0, 1)).astype(np.uint8)
