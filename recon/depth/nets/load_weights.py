"""Loads weights from safetensors (or MoGe's model.pt) into a network, memory-mapped, and checks that they match."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import safe_open
from torch import nn

from recon.depth.hub import checkpoint_cache, torch_file
from recon.depth.hub.checkpoint_cache import Snapshot
from recon.depth.inference import placement
from recon.errors import ModelUnavailable

Net = TypeVar("Net", bound=nn.Module)
_RENAMED = (
    # Names in the released files, and in transformers 5.
    ("attention.attention.query", "attention.q_proj"),
    ("attention.attention.key", "attention.k_proj"),
    ("attention.attention.value", "attention.v_proj"),
    ("attention.output.dense", "attention.o_proj"),
)
_UNUSED = re.compile(r"\.mask_token$")
"""Weights used only in training."""


def load(
    snapshot: Snapshot,
    *,
    kind: str | tuple[str, ...],
    build: Callable[[Mapping[str, Any]], Net],
    skip: str | None = None,
    kind_key: str = "model_type",
    renamed: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]] | None = None,
) -> Net:
    """Loads a checkpoint for inference, without downloads and without running its code.

    The weights keep the number format of the file and are memory-mapped: the system reads them when they are used.

    Args:
        snapshot: The checkpoint.
        kind: The expected kind of network, or several of the same layers.
        build: Creates the network, without weights, from the configuration.
        skip: Prefix of the names of optional weights.
        kind_key: Where config.json names the kind of network.
        renamed: Gives the weights of the file the names of our network.

    Raises:
        ModelUnavailable: The checkpoint is of another kind or damaged, or its weights do not match the network.
    """
    config = checkpoint_cache.read_config(snapshot)
    model_type = config.get(kind_key)
    kinds = (kind,) if isinstance(kind, str) else kind
    if model_type not in kinds:
        raise ModelUnavailable(
            f"{snapshot.folder}: expected a {' or '.join(kinds)} checkpoint, got {str(model_type or 'none')[:40]}."
        )
    try:
        with torch.device("meta"):
            net = build(config)
        tensors = _read(snapshot.folder)
        tensors = renamed(tensors) if renamed else tensors
    except (
        Exception
    ) as error:  # foreign data: SafetensorError is not an OSError, a wrong size is a RuntimeError, ...
        if placement.is_out_of_memory(error):
            raise
        raise _damaged(snapshot, (str(error).strip().splitlines() or [type(error).__name__])[0]) from error
    expected = net.state_dict()
    for name in sorted(expected.keys() & tensors.keys()):
        if tensors[name].shape != expected[name].shape:
            got, wanted = tuple(tensors[name].shape), tuple(expected[name].shape)
            raise _damaged(snapshot, f"{name}: expected {wanted}, got {got}")
    spare = {name for name in tensors if skip and name.startswith(skip)} - set(expected)
    _compare(snapshot, set(expected), set(tensors) - spare)
    net.load_state_dict({name: tensors[name] for name in expected}, assign=True)
    return net.eval().requires_grad_(False)


def _read(folder: Path) -> dict[str, torch.Tensor]:
    if torch_file.is_used(folder):
        return torch_file.read(folder / torch_file.NAME)[1]
    names = ["model.safetensors"]
    if not (folder / names[0]).exists():
        names = checkpoint_cache.weight_files(folder)
    tensors: dict[str, torch.Tensor] = {}
    for name in names:
        with safe_open(folder / name, framework="pt", device="cpu") as file:
            for key in file.keys():  # noqa: SIM118 - not a dict
                ours = key
                for theirs, renamed in _RENAMED:
                    ours = ours.replace(theirs, renamed)
                if not _UNUSED.search(ours):
                    tensors[ours] = file.get_tensor(key)
    return tensors


def _compare(snapshot: Snapshot, expected: set[str], found: set[str]) -> None:
    for problem, names in (("missing", expected - found), ("unexpected", found - expected)):
        if names:
            raise ModelUnavailable(
                f"{snapshot.folder}: {len(names)} {problem} weights ({min(names)}, ...); they do not match its "
                "config.json. Download the checkpoint again, or choose another one."
            )


def _damaged(snapshot: Snapshot, reason: str) -> ModelUnavailable:
    return ModelUnavailable(
        f"{snapshot.folder}: the checkpoint is damaged or not supported ({reason}). Delete it and download it again."
    )
