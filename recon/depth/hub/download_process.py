"""The child process of a download: ``python -m recon.depth.hub.download_process REPOSITORY REVISION CACHE_FOLDER``.

It prints one JSON object per line: first ``revision`` and ``total_bytes``, then ``done_bytes`` repeatedly, and
finally ``folder``; or, at any time, ``error`` (a sentence) with ``unreachable`` (whether the hub did not respond).

The download runs in its own process because the library cannot abort in these cases: a hub that accepts connections
but
never responds (``snapshot_download`` requests the revision without a timeout), a hub that sends single bytes, and
Ctrl-C while a hub stalls (the library waits over a minute for its threads). A process can always be stopped.
Files are downloaded one by one in the main thread, where a signal interrupts the work at once and the library removes
its unfinished file; that is impossible in the threads of ``snapshot_download``.
"""

import errno
import json
import signal
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, constants, get_session, hf_hub_download, set_client_factory
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.utils import tqdm

from recon.depth.hub import integrity, torch_file

WANTED = ("config.json", "preprocessor_config.json", "model.safetensors*", "model-*.safetensors")
"""The files of a checkpoint. Code is never downloaded, and of pickled weights only a model.pt where there are no
others: it is searched for anything but tensors before it is loaded (``torch_file``)."""
CHUNK_BYTES = 2**20
"""Size of one read, which is lost if the connection breaks."""
REQUEST_LIMIT_S = 6.0
"""Timeout of one request to the hub, s."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CLIENT = type(get_session())


class Refused(Exception):
    """The repository or its files are unsuitable. The message says what to do."""


def say(**message: Any) -> None:
    """Prints one message for the parent."""
    print(json.dumps(message), file=sys.__stdout__, flush=True)


def fetch(repository: str, revision: str | None, cache: str) -> None:
    """Downloads the needed files of a repository into the cache and checks them; existing files are kept."""
    info = HfApi().model_info(repository, revision=revision, files_metadata=True, timeout=REQUEST_LIMIT_S)
    files = _wanted(info.siblings or [])
    if not integrity.is_hexadecimal(str(info.sha)):
        raise integrity.Tampered(integrity.strange("commit", str(info.sha)))
    total = sum(file.bytes for file in files)
    say(revision=info.sha, total_bytes=total)
    # With the default, a slow connection would show no progress for minutes.
    constants.DOWNLOAD_CHUNK_SIZE = CHUNK_BYTES
    finished_bytes = 0
    with integrity.unchecked(cache, repository, str(info.sha)):
        for file in sorted(files, key=lambda each: each.bytes):
            # Request the revision by name, not by commit: only then the cache records which commit "main" is.
            path = hf_hub_download(
                repository,
                file.name,
                revision=revision,
                cache_dir=cache,
                etag_timeout=REQUEST_LIMIT_S,
                tqdm_class=_reporter(finished_bytes, total),
            )
            if Path(path).parent.name != info.sha:
                raise Refused("the repository changed during the download. Download it again.")
            finished_bytes += file.bytes
            say(done_bytes=finished_bytes)
        pin = integrity.PINNED_SHA256.get(repository) if revision is None else None
        if problem := integrity.check(Path(path).parent, files, pin):
            raise Refused(problem)
    say(folder=str(Path(path).parent))


def _wanted(siblings: list[Any]) -> list[integrity.Announced]:
    """The files to download.

    Raises:
        Refused: There are no weights that are safe to load.
    """

    def of(patterns: tuple[str, ...]) -> list[integrity.Announced]:
        return [
            integrity.announced(each)
            for each in siblings
            if "/" not in each.rfilename and any(fnmatch(each.rfilename, pattern) for pattern in patterns)
        ]

    files = of(WANTED)
    if any(file.name.endswith(".safetensors") for file in files):
        return files
    if pickled := of((torch_file.NAME,)):
        return pickled
    raise Refused("the repository holds no weights in safetensors (model.safetensors). Choose another one.")


def _reporter(before: int, total: int) -> type[tqdm]:
    """A progress bar that draws nothing; it reports the downloaded bytes, including those of earlier files."""

    class Reporter(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.pop("name", None)
            super().__init__(*args, **{**kwargs, "disable": True})

        def update(self, n: float | None = 1) -> bool | None:
            self.n += n or 0
            if before + self.n > total:
                raise Refused("the hub sends more than it announced. Try again later, or another mirror.")
            say(done_bytes=before + self.n)
            return None

    return Reporter


def explain(error: Exception) -> str:
    """The cause and the remedy, in one or two sentences."""
    if isinstance(error, (Refused, integrity.Tampered)):
        return str(error)
    if isinstance(error, GatedRepoError):
        return "it requires accepting its terms. Accept them on its page, then log in with `hf auth login`."
    if isinstance(error, RevisionNotFoundError):
        return "the repository has no such revision. Check what follows the @."
    if isinstance(error, RepositoryNotFoundError):
        return "the hub has no such repository, or it is private. Check the name, or log in with `hf auth login`."
    first_line = (str(error).splitlines() or [""])[0].rstrip(".")
    if is_unreachable(error):
        return f"the hub cannot be reached ({type(error).__name__}: {first_line}). Check the network."
    if isinstance(error, OSError) and error.errno in _FULL:
        return "there is no space left on the disk. Free some, or move the cache to another disk (HF_HOME)."
    return f"{type(error).__name__}: {first_line}. Try again."


def is_unreachable(error: Exception) -> bool:
    """Whether the hub did not respond or had an internal error, so that retrying at once is useless."""
    # By name, since each major version of the library has a different HTTP client.
    names = {base.__name__ for base in type(error).__mro__}
    status = getattr(getattr(error, "response", None), "status_code", 0)
    return bool(names & {"TransportError", "LocalEntryNotFoundError"}) or status >= 500


def _client() -> Any:
    """The library's HTTP client; it rejects file names that would leave the cache."""
    hooks = {"response": [integrity.check_response]}
    return _CLIENT(follow_redirects=True, timeout=REQUEST_LIMIT_S, event_hooks=hooks)


def _interrupt(number: int, frame: object) -> None:
    """Raises once: a second signal must not break the removal of the unfinished file."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    """Runs one download. Returns 0, 1 (failed) or 130 (stopped)."""
    # Reserve the real stdout for messages.
    sys.stdout = sys.stderr
    # Needed if the parent was started with SIGINT ignored, as shells do for background jobs.
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    repository, revision, cache = sys.argv[1:]
    set_client_factory(_client)
    try:
        fetch(repository, revision or None, cache)
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # the parent must be notified of any error
        say(error=explain(error), unreachable=is_unreachable(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
