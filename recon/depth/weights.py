"""Where the weights of a network are: a local folder, the hub's cache on this machine, or the hub itself."""

import json
import os
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from recon.errors import ModelUnavailable
from recon.journal import Journal

ANSWER_LIMIT_S = 10.0
"""A hub that says nothing for so long when asked for a repository counts as not there, s."""
STALL_LIMIT_S = 90.0
"""A download that moves no byte for so long is given up, s; the library itself retries within this time."""
_STOP_LIMIT_S = 5.0
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_REVISION = re.compile(r"[\w.][\w./-]*")


@dataclass(frozen=True)
class Source:
    """Where to take a checkpoint from: exactly one of ``repository`` and ``folder``."""

    repository: str | None = None
    """Hub repository, ``org/name``."""
    revision: str | None = None
    """Branch, tag or commit of the repository; None: its main branch."""
    folder: Path | None = None
    """Local folder that holds config.json and the weights."""

    def __str__(self) -> str:
        at = f"@{self.revision}" if self.revision else ""
        return f"{self.repository or self.folder}{at}"


@dataclass(frozen=True)
class Snapshot:
    """A checkpoint on this machine."""

    folder: Path
    """Holds config.json and model*.safetensors."""
    repository: str | None = None
    """The repository it came from; None for a local folder."""
    revision: str | None = None
    """Commit hash of the repository; None for a local folder, whose history nobody knows."""


def parse_source(text: str) -> Source:
    """Reads what follows ``hf:``: ``ORG/NAME[@REVISION]`` or a folder (``./x``, ``/x``, ``~/x``).

    An existing folder is taken before a repository of the same name.

    Raises:
        ModelUnavailable: It is neither an existing folder nor the name of a repository.
    """
    folder = Path(text).expanduser()
    if text and folder.is_dir():
        return Source(folder=folder)
    name, _, revision = text.partition("@")
    if revision and Path(name).expanduser().is_dir():
        raise ModelUnavailable(f"hf:{text}: a local folder has no revision; leave @{revision} out.")
    if text.startswith((".", "/", "~")) or "\\" in text or not _REPOSITORY.fullmatch(name):
        raise ModelUnavailable(
            f"hf:{text}: there is no such folder, and it is not a repository's name (ORG/NAME) either."
        )
    if "@" in text and not _REVISION.fullmatch(revision):
        raise ModelUnavailable(f"hf:{text}: expected a branch, a tag or a commit after @, got {revision!r}.")
    return Source(repository=name, revision=revision or None)


def is_offline(offline: bool) -> bool:
    """Whether the network is off limits: by the option, HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE."""
    names = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    return offline or any(os.environ.get(name, "").upper() in {"1", "ON", "YES", "TRUE"} for name in names)


def locate(source: Source) -> Snapshot | None:
    """Finds a checkpoint on this machine without touching the network; None where the cache lacks it.

    Raises:
        ModelUnavailable: The local folder does not hold a whole checkpoint in safetensors.
    """
    if source.folder is not None:
        if problem := _incomplete(source.folder):
            raise ModelUnavailable(f"{source.folder}: {problem}")
        return Snapshot(source.folder)
    from huggingface_hub import constants, try_to_load_from_cache

    config = try_to_load_from_cache(
        str(source.repository), "config.json", cache_dir=constants.HF_HUB_CACHE, revision=source.revision
    )
    if not isinstance(config, str) or _incomplete(Path(config).parent):
        return None
    folder = Path(config).parent
    return Snapshot(folder, source.repository, folder.name)


def obtain(source: Source, *, name: str, offline: bool, journal: Journal) -> Snapshot:
    """Finds a checkpoint on this machine, or downloads it where that is allowed.

    Args:
        source: Where it comes from.
        name: What the user calls it, for the message.
        offline: Leave the network alone.
        journal: Told of a download and its progress.

    Raises:
        ModelUnavailable: It is not here and cannot be had.
    """
    snapshot = locate(source)
    if snapshot is not None:
        return snapshot
    if is_offline(offline):
        raise ModelUnavailable(
            f"The weights of {name} are not on this machine and the network is off limits (--offline or "
            f"HF_HUB_OFFLINE). Fetch them once with `recon models pull {name}`."
        )
    return pull(source, journal)


def pull(source: Source, journal: Journal) -> Snapshot:
    """Downloads a repository's config and safetensors into the hub's cache; files that are there are kept.

    The download runs in a child process: it can be stopped at any moment (Ctrl-C, a server that accepts and
    never answers, a name server that hangs), and it then removes its unfinished file.

    Raises:
        ModelUnavailable: The hub cannot be reached, does not answer, or does not have it.
    """
    if source.repository is None:
        raise ModelUnavailable(f"{source}: a local folder needs no download.")
    with _fetching(source) as messages:
        about = _next_message(messages, source, ANSWER_LIMIT_S)
        total = about["total_bytes"]
        size = f"{total / 1e6:.0f} MB" if total >= 1e6 else f"{total / 1e3:.0f} kB"
        with journal.stage(f"Downloading {source} ({size})", total=total) as progress:
            while "folder" not in (message := _next_message(messages, source, STALL_LIMIT_S)):
                progress(message["done_bytes"])
            progress(total)
    folder = Path(message["folder"])
    if problem := _incomplete(folder):
        raise ModelUnavailable(f"{source}: {problem}")
    journal.decide(
        "model",
        f"Downloaded {source.repository} at revision {folder.name} ({size}).",
        repository=source.repository,
        revision=folder.name,
    )
    return Snapshot(folder, source.repository, folder.name)


def read_config(snapshot: Snapshot) -> dict[str, Any]:
    """The checkpoint's config.json.

    Raises:
        ModelUnavailable: It is not JSON, or not an object.
    """
    path = snapshot.folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"{path}: damaged ({error}); delete the file and fetch it again.") from error
    if not isinstance(config, dict):
        raise ModelUnavailable(f"{path}: expected a JSON object, got a {type(config).__name__}.")
    return config


def _incomplete(folder: Path) -> str | None:
    """What a checkpoint folder lacks, in a sentence; None where it lacks nothing."""
    names = {entry.name for entry in folder.iterdir()}
    if "config.json" not in names:
        return (
            "expected a checkpoint, but there is no config.json; give the folder that save_pretrained wrote."
        )
    if "model.safetensors" in names:
        return None
    if "model.safetensors.index.json" in names:
        try:
            index = json.loads((folder / "model.safetensors.index.json").read_text(encoding="utf-8"))
            missing = sorted(set(index["weight_map"].values()) - names)
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            return f"model.safetensors.index.json is damaged ({error}); fetch it again."
        return f"{', '.join(missing)} is missing; fetch the checkpoint again." if missing else None
    if any(name.endswith((".bin", ".pt", ".pth", ".ckpt")) for name in names):
        return (
            "the weights are pickled (.bin, .pt), which can run any code when loaded; convert them to "
            "safetensors with save_pretrained."
        )
    return "there is a config.json but no model.safetensors; fetch the checkpoint again."


@contextmanager
def _fetching(source: Source) -> Iterator["queue.Queue[str | None]"]:
    """Runs recon.depth.fetch; yields the lines it prints, then None. Stops it on the way out."""
    from huggingface_hub import constants

    package_root = str(Path(__file__).parents[2])
    search_path = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(
        [sys.executable, "-m", "recon.depth.fetch", str(source.repository), source.revision or "",
         str(constants.HF_HUB_CACHE)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "PYTHONPATH": search_path},
    )  # fmt: skip
    assert process.stdout is not None
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_forward, args=(process.stdout, lines), daemon=True).start()
    try:
        yield lines
    finally:
        _stop(process)


def _forward(stream: IO[str], lines: "queue.Queue[str | None]") -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _stop(process: "subprocess.Popen[str]") -> None:
    """Asks a child that still runs to clean up and end, and kills it where it does not."""
    try:
        process.terminate()
        process.wait(_STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _next_message(lines: "queue.Queue[str | None]", source: Source, limit_s: float) -> dict[str, Any]:
    """The child's next message; its failure, its end or its silence is a ModelUnavailable."""
    try:
        line = lines.get(timeout=limit_s)
    except queue.Empty:
        raise ModelUnavailable(
            f"{source} cannot be fetched: the hub did not answer for {limit_s:.0f} s. Try again later, or use "
            "what is on this machine (recon models)."
        ) from None
    if line is None:
        raise ModelUnavailable(f"{source} cannot be fetched: the download ended unexpectedly. Try again.")
    message: dict[str, Any] = json.loads(line)
    if "error" in message:
        raise ModelUnavailable(f"{source} cannot be fetched: {message['error']}")
    return message
