"""Checkpoints in torch's own format (``model.pt``), as MoGe-2 is published: a pickle, which could run any code.

Such a file is used only if it is a zip archive without compression whose pickle names nothing but tensors and plain
containers: it is searched for other names before anything of it is loaded, then loaded with ``weights_only=True``.
"""

import pickletools
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recon.errors import ModelUnavailable

NAME = "model.pt"
"""The name that MoGe's repositories give the file."""
_MOST_PICKLE_BYTES = 16 << 20
"""Of the pickle alone, which holds names and shapes; that of a thousand tensors has 0.2 MB."""
_STORAGES = ("FloatStorage", "HalfStorage", "BFloat16Storage", "DoubleStorage", "LongStorage", "IntStorage")
_ALLOWED = {
    "collections OrderedDict",
    "torch._utils _rebuild_tensor_v2",
    *(f"torch {name}" for name in _STORAGES),
}
_PLAIN = (str, int, float, bool, type(None))
_CONFIG, _WEIGHTS = "model_config", "model"


class Unsafe(ValueError):
    """The file holds something else than tensors and a configuration. The message says what."""


def is_used(folder: Path) -> bool:
    """Whether the weights of a checkpoint folder are in torch's format: only if there are no others."""
    names = {entry.name for entry in folder.iterdir() if entry.is_file()}
    safe = {"model.safetensors", "model.safetensors.index.json"}
    return NAME in names and not names & safe


def problem(path: Path) -> str | None:
    """Why a file must not be loaded, in half a sentence; None if it holds tensors alone."""
    try:
        _check(path)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return None


def read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The configuration and the tensors of a checkpoint; the tensors are memory-mapped.

    Raises:
        ModelUnavailable: The file is damaged, or holds something else.
    """
    import torch

    try:
        _check(path)
        # The file is mapped, so that the system reads weights when they are used.
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        return _parts(content, torch.Tensor)
    except ModelUnavailable:
        raise
    except Exception as error:  # foreign data: the kind of error depends on what is wrong
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise ModelUnavailable(
            f"{path}: this file is not used ({reason}). Download it again, or convert it to safetensors."
        ) from error


def _check(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise Unsafe("it is compressed, as torch's own files are not")
        if sum(entry.file_size for entry in entries) > path.stat().st_size:
            raise Unsafe("its parts overlap")
        pickles = [entry for entry in entries if entry.filename.endswith(".pkl")]
        if len(pickles) != 1:
            raise Unsafe("it is not a checkpoint of torch")
        if pickles[0].file_size > _MOST_PICKLE_BYTES:
            raise Unsafe(f"its pickle has {pickles[0].file_size >> 20} MB")
        data = archive.read(pickles[0])
    for name in _globals(data):
        if name not in _ALLOWED:
            raise Unsafe(f"it holds {name.replace(' ', '.')[:80]} besides tensors, which could run code")


def _globals(data: bytes) -> list[str]:
    """Every ``module name`` that a pickle of torch refers to; torch writes protocol 2.

    Raises:
        Unsafe: It refers to names in another way.
    """
    names = []
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name == "GLOBAL":
            names.append(str(argument))
        elif opcode.name in ("STACK_GLOBAL", "INST", "OBJ", "EXT1", "EXT2", "EXT4", "NEWOBJ_EX"):
            raise Unsafe(f"its pickle uses {opcode.name}, as torch's own files do not")
    return names


def _parts(content: Any, tensor: type) -> tuple[dict[str, Any], dict[str, Any]]:
    """The two parts of a checkpoint.

    Raises:
        Unsafe: It has others, or they are of other kinds.
    """
    if not isinstance(content, Mapping) or not {_CONFIG, _WEIGHTS} <= content.keys():
        raise Unsafe(f"expected {_CONFIG} and {_WEIGHTS}, as MoGe's files hold them")
    config, weights = content[_CONFIG], content[_WEIGHTS]
    if not isinstance(config, Mapping) or not _is_plain(config):
        raise Unsafe(f"{_CONFIG} holds something else than text, numbers and lists")
    if not isinstance(weights, Mapping) or not all(
        isinstance(name, str) and isinstance(value, tensor) for name, value in weights.items()
    ):
        raise Unsafe(f"{_WEIGHTS} holds something else than tensors")
    return dict(config), dict(weights)


def _is_plain(value: Any, depth: int = 0) -> bool:
    if depth > 10:
        return False
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_plain(one, depth + 1) for key, one in value.items())
    if isinstance(value, list | tuple):
        return all(_is_plain(one, depth + 1) for one in value)
    return isinstance(value, _PLAIN)
