"""Checkpoints that are whole or refused: a digest before the data, written aside and then renamed.

The one before is kept as `NAME.previous`.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
from pathlib import Path
from typing import Any

import torch

_MAGIC = b"recon-preview-checkpoint-1\n"


class CheckpointError(Exception):
    """A checkpoint cannot be used; the message says why and what can be done."""


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write `state` (tensors, numbers, lists, dicts, text) to `path` atomically, keeping the previous file."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    data = buffer.getvalue()
    digest = hashlib.sha256(data).hexdigest().encode() + b"\n"
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(_MAGIC + digest + data)
        file.flush()
        os.fsync(file.fileno())
    if path.exists():
        os.replace(path, path.with_name(path.name + ".previous"))
    os.replace(part, path)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint; raises CheckpointError where the file is damaged or no checkpoint."""
    data = path.read_bytes()
    previous = path.with_name(path.name + ".previous")
    advice = (
        f"copy {previous.name} over it to resume from there"
        if previous.exists()
        else "delete it to start anew"
    )
    if not data.startswith(_MAGIC):
        raise CheckpointError(f"{path} is not a checkpoint of this program; {advice}")
    digest, _, body = data[len(_MAGIC) :].partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise CheckpointError(f"{path} is damaged ({len(data)} bytes, wrong digest); {advice}")
    try:
        return torch.load(io.BytesIO(body), weights_only=True, map_location="cpu")
    except (RuntimeError, pickle.UnpicklingError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}; {advice}") from error
