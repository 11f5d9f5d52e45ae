"""Sources of checkpoints, and the checkpoints on this machine."""

import os
import re
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recon.depth.hub import integrity, torch_file
from recon.errors import ModelUnavailable
from recon.strict_json import as_kind, as_object, read_json

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_REVISION = re.compile(r"[\w.][\w./-]*")

_READ_BYTES = 4 << 20
TORCH_KIND = "moge"
"""``model_type`` of a checkpoint in torch's format, which does not state one: only MoGe's files are read."""


@dataclass(frozen=True)
class Source:
    """The source of a checkpoint: exactly one of ``repository`` and ``folder``."""

    repository: str | None = None
    """Hub repository, ``org/name``."""
    revision: str | None = None
    """Branch, tag or commit of the repository; None for its main branch."""
    folder: Path | None = None
    """Local folder with config.json and the weights."""

    def __str__(self) -> str:
        at = f"@{self.revision}" if self.revision else ""
        return f"{self.repository or self.folder}{at}"


@dataclass(frozen=True)
class Snapshot:
    """A checkpoint on this machine."""

    folder: Path
    """Contains config.json and model*.safetensors, or model.pt."""
    repository: str | None = None
    """The repository it came from; None for a local folder."""
    revision: str | None = None
    """Commit hash of the repository; None for a local folder."""


def parse_source(text: str) -> Source:
    """Parses the text after ``hf:``: ``ORG/NAME[@REVISION]`` or a folder (``./x``, ``/x``, ``~/x``).

    An existing folder takes precedence over a repository of the same name.

    Raises:
        ModelUnavailable: It is neither an existing folder nor the name of a repository.
    """
    folder = Path(text).expanduser()
    if text and folder.is_dir():
        return Source(folder=folder)
    name, _, revision = text.partition("@")
    if revision and Path(name).expanduser().is_dir():
        raise ModelUnavailable(f"hf:{text}: a local folder has no revision; omit @{revision}.")
    if text.startswith((".", "/", "~")) or "\\" in text or not _REPOSITORY.fullmatch(name):
        raise ModelUnavailable(
            f"hf:{text}: there is no such folder, and it is not the name of a repository (ORG/NAME)."
        )
    if "@" in text and not _REVISION.fullmatch(revision):
        raise ModelUnavailable(f"hf:{text}: expected a branch, a tag or a commit after @, got {revision!r}.")
    return Source(repository=name, revision=revision or None)


def is_offline(offline: bool) -> bool:
    """Whether offline mode is on: by the option, HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE."""
    names = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    return offline or any(os.environ.get(name, "").upper() in {"1", "ON", "YES", "TRUE"} for name in names)


def locate(source: Source) -> Snapshot | None:
    """Finds a checkpoint on this machine without using the network; None if it is not in the cache.

    Raises:
        ModelUnavailable: The local folder does not contain a complete checkpoint in safetensors.
    """
    if source.folder is not None:
        if problem := what_is_missing(source.folder):
            raise ModelUnavailable(f"{source.folder}: {problem}")
        return Snapshot(source.folder)
    from huggingface_hub import constants, try_to_load_from_cache

    files = (
        try_to_load_from_cache(
            str(source.repository), name, cache_dir=constants.HF_HUB_CACHE, revision=source.revision
        )
        for name in ("config.json", torch_file.NAME)
    )
    folder = next((Path(file).parent for file in files if isinstance(file, str)), None)
    if folder is None or what_is_missing(folder):
        return None
    if integrity.is_unchecked(constants.HF_HUB_CACHE, str(source.repository), folder.name):
        return None
    return Snapshot(folder, source.repository, folder.name)


def read_config(snapshot: Snapshot) -> dict[str, Any]:
    """The checkpoint's config.json, or what a model.pt states in its place.

    Raises:
        ModelUnavailable: It is not JSON, or not an object, or the model.pt holds something else than a checkpoint.
    """
    if torch_file.is_used(snapshot.folder):
        config, _ = torch_file.read(snapshot.folder / torch_file.NAME)
        return {"model_type": TORCH_KIND, **config}
    path = snapshot.folder / "config.json"
    try:
        config = read_json(path)
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"{path}: damaged ({error}); delete the file and fetch it again.") from error
    if not isinstance(config, dict):
        raise ModelUnavailable(f"{path}: expected a JSON object, got a {type(config).__name__}.")
    return config


def read_ahead(snapshot: Snapshot) -> threading.Thread:
    """Reads the weight files into the system's file cache in parallel with other work, such as importing torch.

    The network memory-maps its files, so it can start before all of them are cached. ``posix_fadvise`` would be
    simpler, but Linux then reads only a few MB.

    Returns:
        The thread. It ignores files that cannot be read: the code that opens them reports the error.
    """

    def read() -> None:
        buffer = bytearray(_READ_BYTES)
        with suppress(OSError):
            for path in weight_paths(snapshot.folder):
                with path.open("rb", buffering=0) as file:
                    while file.readinto(buffer):
                        pass

    thread = threading.Thread(target=read, name="read-ahead", daemon=True)
    thread.start()
    return thread


def weight_paths(folder: Path) -> list[Path]:
    """The files with the weights of a complete checkpoint."""
    if torch_file.is_used(folder):
        return [folder / torch_file.NAME]
    return sorted(folder.glob("model*.safetensors"))


def weight_files(folder: Path) -> list[str]:
    """Names of the files with the weights, as a checkpoint's index lists them.

    Raises:
        OSError, ValueError: There is no index, or it is damaged.
    """
    index = as_object(read_json(folder / "model.safetensors.index.json"))
    return sorted(set(as_kind(dict[str, str], index.get("weight_map"), "weight_map").values()))


def what_is_missing(folder: Path) -> str | None:
    """What is missing in a checkpoint folder, in one sentence; None if it is complete."""
    # A link into the cache may be broken.
    names = {entry.name for entry in folder.iterdir() if entry.is_file()}
    if torch_file.is_used(folder):
        if problem := torch_file.problem(folder / torch_file.NAME):
            return (
                f"{torch_file.NAME} is not used ({problem}); download it again, or convert it to safetensors."
            )
        return None
    if "config.json" not in names:
        return "expected a checkpoint, but there is no config.json; use a folder written by save_pretrained."
    if "model.safetensors" in names:
        return None
    if "model.safetensors.index.json" in names:
        try:
            missing = sorted(set(weight_files(folder)) - names)
        except (OSError, ValueError) as error:
            return f"model.safetensors.index.json is damaged ({error}); download it again."
        return f"{', '.join(missing)[:200]} is missing; download the checkpoint again." if missing else None
    if any(name.endswith((".bin", ".pt", ".pth", ".ckpt")) for name in names):
        return (
            "the weights are pickled (.bin, .pt), which can run any code when loaded; convert them to "
            "safetensors with save_pretrained."
        )
    return "there is a config.json but no model.safetensors; download the checkpoint again."
