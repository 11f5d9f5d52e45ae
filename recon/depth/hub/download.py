"""Downloads weights from the hub, with progress, timeouts and Ctrl-C."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from recon.depth.hub import remembered
from recon.depth.hub.checkpoint_cache import Snapshot, Source, is_offline, locate, what_is_missing
from recon.errors import ModelUnavailable
from recon.journal import Journal

ANSWER_LIMIT_S = 10.0
"""Timeout of the first request, s: without a response the hub counts as unreachable."""
STALL_LIMIT_S = 90.0
"""A download that receives no byte for this long is aborted, s; the library itself retries within this time."""
_STOP_LIMIT_S = 5.0
BY_HAND = (
    "To install weights by hand: put config.json and model.safetensors (MoGe-2: model.pt) into a folder and pass "
    "--model hf:FOLDER; or "
    "set HF_ENDPOINT to a mirror; or copy another machine's Hugging Face cache (HF_HOME) and use --offline."
)


class HubUnreachable(ModelUnavailable):
    """The hub cannot be used: no network, the hub fails, or the user works offline."""

    def __init__(self, reason: str, message: str) -> None:
        """Takes the reason in a few words, and the complete message."""
        super().__init__(message)
        self.reason = reason


def obtain(source: Source, *, name: str, offline: bool, journal: Journal) -> Snapshot:
    """Locates a checkpoint on this machine, or downloads it if that is allowed.

    Args:
        source: Repository or folder of the checkpoint.
        name: The model's name for error messages.
        offline: Do not use the network.
        journal: Receives the download and its progress.

    Raises:
        HubUnreachable: It is not on this machine, and the hub cannot be used.
        ModelUnavailable: It is not on this machine and cannot be downloaded.
    """
    snapshot = locate(source)
    if snapshot is not None:
        return snapshot
    if is_offline(offline):
        raise HubUnreachable(
            "--offline or HF_HUB_OFFLINE",
            f"The weights of {name} are not on this machine, and downloads are disabled (--offline or "
            f"HF_HUB_OFFLINE). Download them once with `recon models pull {name}`. {BY_HAND}",
        )
    if (outage := remembered.recent()) is not None:
        raise HubUnreachable(
            f"the hub failed {outage.minutes_ago}",
            f"{source} was not fetched: the hub failed {outage.minutes_ago}. recon asks it again after "
            f"{remembered.LIMIT_S / 60:.0f} minutes, or at once with `recon models pull {name}`. {BY_HAND}",
        )
    return pull(source, journal)


def pull(source: Source, journal: Journal) -> Snapshot:
    """Downloads a repository's config and safetensors into the hub's cache; existing files are kept.

    The download runs in a child process (``download_process`` says why), which can be stopped at any moment and then
    removes its unfinished file. A failure of the hub is recorded: ``obtain`` does not contact it again for some
    minutes.

    Raises:
        HubUnreachable: The hub cannot be reached or does not answer.
        ModelUnavailable: The hub does not have it, or the files differ from those announced.
    """
    if source.repository is None:
        raise ModelUnavailable(f"{source}: a local folder needs no download.")
    try:
        folder, size = _pull(source, journal)
    except HubUnreachable as error:
        remembered.remember(str(error))
        raise HubUnreachable(error.reason, f"{error} {BY_HAND}") from error
    remembered.forget()
    if problem := what_is_missing(folder):
        raise ModelUnavailable(f"{source}: {problem}")
    journal.decide(
        "model",
        f"Downloaded {source.repository} at revision {folder.name} ({size}).",
        repository=source.repository,
        revision=folder.name,
    )
    return Snapshot(folder, source.repository, folder.name)


def _pull(source: Source, journal: Journal) -> tuple[Path, str]:
    """The folder of the snapshot, and its size as text."""
    with _downloading(source) as messages:
        about = _next_message(messages, source, ANSWER_LIMIT_S)
        total = about["total_bytes"]
        size = f"{total / 1e6:.0f} MB" if total >= 1e6 else f"{total / 1e3:.0f} kB"
        with journal.stage(f"Downloading {source} ({size})", total=total) as progress:
            while "folder" not in (message := _next_message(messages, source, STALL_LIMIT_S)):
                progress(message["done_bytes"])
            progress(total)
    return Path(message["folder"]), size


@contextmanager
def _downloading(source: Source) -> Iterator["queue.Queue[str | None]"]:
    """Runs recon.depth.hub.download_process; yields the lines it prints, then None. Stops it on exit."""
    from huggingface_hub import constants

    package_root = str(Path(__file__).parents[3])
    search_path = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(
        [sys.executable, "-m", "recon.depth.hub.download_process", str(source.repository), source.revision or "",
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
    """Terminates a running child gracefully, and kills it if it does not stop."""
    try:
        process.terminate()
        process.wait(_STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _next_message(lines: "queue.Queue[str | None]", source: Source, limit_s: float) -> dict[str, Any]:
    """The child's next message; raises ModelUnavailable if the child fails, ends or stops responding."""
    try:
        line = lines.get(timeout=limit_s)
    except queue.Empty:
        raise HubUnreachable(
            "the hub did not answer",
            f"{source} cannot be fetched: the hub did not answer for {limit_s:.0f} s. Try again later, or use "
            "what is on this machine (recon models).",
        ) from None
    if line is None:
        raise ModelUnavailable(f"{source} cannot be fetched: the download ended unexpectedly. Try again.")
    message: dict[str, Any] = json.loads(line)
    if "error" in message:
        text = f"{source} cannot be fetched: {message['error']}"
        if message.get("unreachable"):
            raise HubUnreachable("the hub cannot be reached", text)
        raise ModelUnavailable(text)
    return message
