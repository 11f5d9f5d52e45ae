"""The child process of a download: ``python -m recon.depth.hub.download_process REPOSITORY REVISION CACHE_FOLDER``.

It prints one JSON object a line: ``revision`` and ``total_bytes`` first, then ``done_bytes`` again and again,
at last ``folder``; or ``error``, a sentence, at any time, with ``unreachable`` where the hub did not respond.

A process and not a call, since the library does not end these by itself: a hub that accepts connections and never
answers (``snapshot_download`` asks for the revision without a time limit), one that sends a byte now and then, and
Ctrl-C while a hub stalls (its threads are waited for: over a minute). A process can be stopped whatever it waits for.
Files are fetched one by one in its main thread, where a signal ends the work at once and the library removes its
unfinished file; in the threads of ``snapshot_download`` it cannot.
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

from recon.depth.hub import integrity

WANTED = ("config.json", "preprocessor_config.json", "model.safetensors*", "model-*.safetensors")
"""The files that a checkpoint is made of; pickled weights and code are never fetched."""
CHUNK_BYTES = 2**20
"""What is read at once, and lost where a connection breaks."""
REQUEST_LIMIT_S = 6.0
"""How long the hub may take to answer one request, s."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CLIENT = type(get_session())


class Refused(Exception):
    """The repository or its files are not what they should be. The message says what to do."""


def say(**message: Any) -> None:
    """Prints one message for the parent."""
    print(json.dumps(message), file=sys.__stdout__, flush=True)


def fetch(repository: str, revision: str | None, cache: str) -> None:
    """Downloads what is wanted of a repository into the cache and checks it; files that are there are kept."""
    info = HfApi().model_info(repository, revision=revision, files_metadata=True, timeout=REQUEST_LIMIT_S)
    files = [
        integrity.announced(each)
        for each in info.siblings or []
        if "/" not in each.rfilename and any(fnmatch(each.rfilename, pattern) for pattern in WANTED)
    ]
    if not any(file.name.endswith(".safetensors") for file in files):
        raise Refused(
            "the repository holds no weights in safetensors (model.safetensors). Choose another one."
        )
    if not integrity.is_hexadecimal(str(info.sha)):
        raise integrity.Tampered(integrity.strange("commit", str(info.sha)))
    total = sum(file.bytes for file in files)
    say(revision=info.sha, total_bytes=total)
    # By default a slow line would show no progress for minutes.
    constants.DOWNLOAD_CHUNK_SIZE = CHUNK_BYTES
    finished_bytes = 0
    with integrity.unchecked(cache, repository, str(info.sha)):
        for file in sorted(files, key=lambda each: each.bytes):
            # By the name of the revision, not by its commit: only then the cache remembers what "main" is.
            path = hf_hub_download(
                repository,
                file.name,
                revision=revision,
                cache_dir=cache,
                etag_timeout=REQUEST_LIMIT_S,
                tqdm_class=_reporter(finished_bytes, total),
            )
            if Path(path).parent.name != info.sha:
                raise Refused("the repository changed in the middle of the download. Fetch it again.")
            finished_bytes += file.bytes
            say(done_bytes=finished_bytes)
        pin = integrity.PINNED_SHA256.get(repository) if revision is None else None
        if problem := integrity.check(Path(path).parent, files, pin):
            raise Refused(problem)
    say(folder=str(Path(path).parent))


def _reporter(before: int, total: int) -> type[tqdm]:
    """A progress bar that draws nothing and says how many bytes are done, counting those of earlier files."""

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
    """What went wrong, and what to do, in a sentence or two."""
    if isinstance(error, (Refused, integrity.Tampered)):
        return str(error)
    if isinstance(error, GatedRepoError):
        return (
            "its owner wants its terms accepted. Accept them on its page, then log in with `hf auth login`."
        )
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
    """Whether the hub did not respond or failed itself, so that asking again at once is in vain."""
    # By name: the library's HTTP client is another one in each of its major versions.
    names = {base.__name__ for base in type(error).__mro__}
    status = getattr(getattr(error, "response", None), "status_code", 0)
    return bool(names & {"TransportError", "LocalEntryNotFoundError"}) or status >= 500


def _client() -> Any:
    """The library's HTTP client, which refuses names that would lead out of the cache."""
    hooks = {"response": [integrity.check_response]}
    return _CLIENT(follow_redirects=True, timeout=REQUEST_LIMIT_S, event_hooks=hooks)


def _interrupt(number: int, frame: object) -> None:
    """Raises once: a second signal must not break the removal of the unfinished file."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    """Runs one download; 1 where it failed, 130 where it was stopped."""
    # The messages have the real stdout for themselves.
    sys.stdout = sys.stderr
    # Also where the parent was started with SIGINT ignored, as a shell does in the background.
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    repository, revision, cache = sys.argv[1:]
    set_client_factory(_client)
    try:
        fetch(repository, revision or None, cache)
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # the border of the process: whatever it is, the parent must hear of it
        say(error=explain(error), unreachable=is_unreachable(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
