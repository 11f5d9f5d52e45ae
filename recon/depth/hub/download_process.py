"""The child process of a download: ``python -m recon.depth.hub.download_process REPOSITORY REVISION CACHE_FOLDER``.

It prints one JSON object a line: ``revision`` and ``total_bytes`` first, then ``done_bytes`` again and again,
at last ``folder``; or ``error``, a sentence, at any time. A process of its own can be stopped whatever it hangs
in, and removes its unfinished file when it gets SIGINT or SIGTERM.
"""

import json
import signal
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, constants, hf_hub_download
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.utils import tqdm

WANTED = ("config.json", "preprocessor_config.json", "model.safetensors*", "model-*.safetensors")
"""The files that a checkpoint is made of; pickled weights and code are never fetched."""
CHUNK_BYTES = 2**20
"""What is read at once, and lost where a connection breaks."""
REQUEST_LIMIT_S = 6.0
"""How long the hub may take to answer one request, s."""


def say(**message: Any) -> None:
    """Prints one message for the parent."""
    print(json.dumps(message), file=sys.__stdout__, flush=True)


def fetch(repository: str, revision: str | None, cache: str) -> None:
    """Downloads what is wanted of a repository into the cache; files that are there are kept."""
    info = HfApi().model_info(repository, revision=revision, files_metadata=True, timeout=REQUEST_LIMIT_S)
    files = [f for f in info.siblings or [] if any(fnmatch(f.rfilename, pattern) for pattern in WANTED)]
    if not any(f.rfilename.endswith(".safetensors") for f in files):
        say(error="the repository holds no weights in safetensors (model.safetensors). Choose another one.")
        return
    say(revision=info.sha, total_bytes=sum(f.size or 0 for f in files))
    # By default a slow line would show no progress for minutes.
    constants.DOWNLOAD_CHUNK_SIZE = CHUNK_BYTES
    finished_bytes = 0
    folders = set()
    for file in sorted(files, key=lambda each: each.size or 0):
        # By the name of the revision, not by its commit: only then the cache remembers what "main" is.
        path = hf_hub_download(
            repository,
            file.rfilename,
            revision=revision,
            cache_dir=cache,
            etag_timeout=REQUEST_LIMIT_S,
            tqdm_class=_reporter(finished_bytes),
        )
        folders.add(str(Path(path).parent))
        finished_bytes += file.size or 0
        say(done_bytes=finished_bytes)
    if len(folders) > 1:
        say(error="the repository changed in the middle of the download. Fetch it again.")
        return
    say(folder=folders.pop())


def _reporter(before: int) -> type[tqdm]:
    """A progress bar that draws nothing and says how many bytes are done, counting those of earlier files."""

    class Reporter(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.pop("name", None)
            super().__init__(*args, **{**kwargs, "disable": True})

        def update(self, n: float | None = 1) -> bool | None:
            self.n += n or 0
            say(done_bytes=before + self.n)
            return None

    return Reporter


def explain(error: Exception) -> str:
    """What went wrong, and what to do, in a sentence or two."""
    if isinstance(error, GatedRepoError):
        return (
            "its owner wants its terms accepted. Accept them on its page, then log in with `hf auth login`."
        )
    if isinstance(error, RevisionNotFoundError):
        return "the repository has no such revision. Check what follows the @."
    if isinstance(error, RepositoryNotFoundError):
        return "the hub has no such repository, or it is private. Check the name, or log in with `hf auth login`."
    first_line = (str(error).splitlines() or [""])[0]
    return (
        f"{type(error).__name__}: {first_line}. Check the network and the space on the disk, and try again."
    )


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
    try:
        fetch(repository, revision or None, cache)
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # the border of the process: whatever it is, the parent must hear of it
        say(error=explain(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
