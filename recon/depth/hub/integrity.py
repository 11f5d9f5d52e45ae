"""Checks of a download before its weights are used: safe names, sizes, and hashes.

The files in the cache are named by their hash, and the folders by the commit, as announced by the Hub: a name that is
not hexadecimal could point outside the cache, so such a response is refused before the library uses it. Afterwards
each file is compared with the announced size and hash, and the weights of well-known models with a pinned hash.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PINNED_SHA256 = {
    "depth-anything/Depth-Anything-V2-Small-hf": "3152477ce0d8d6978d76b995120de97cb5b928701fd0f817769f59e249a16b70",
    "depth-anything/Depth-Anything-V2-Large-hf": "4e01e34ed5549b529b70b92d53226bc370f03041977b390d3dde45d47f516cf9",
    "depth-anything/Depth-Anything-V2-Metric-Indoor-Small-hf": (
        "e990eb82fbf11b05b7813261196a2b841bdcf5a05f64396724a8987fa90504a3"
    ),
    "depth-anything/Depth-Anything-V2-Metric-Indoor-Base-hf": (
        "8b902f5d9a8c8a9520f3a8c6a00afe442b464eff5aaf0cb405d1da721cd9f79f"
    ),
    "depth-anything/Depth-Anything-V2-Metric-Outdoor-Small-hf": (
        "ad065c77a7421ca55159a1f0db9433397a607690f2d76bb8a6fc54b1be7a3124"
    ),
    "Ruicheng/moge-2-vits-normal": "79a16621928c2bf0ed04659218c55c01075e950507f40bb3332fb4c873d3e1dc",
    "Ruicheng/moge-2-vitb-normal": "16b8110e86d5dc5a849db120ca96ef3a223fd30b0c9146d1d81db504073da5f6",
    "Ruicheng/moge-2-vitl-normal": "280741fd09bc3f403ccff9967784c2a391b52d2c0742ae3efdb21d9f90cc1a01",
}
"""SHA-256 of the weights (model.safetensors or model.pt) by repository, if two independent publications agree on it.
The others are only compared with the announced hash."""

_HEX = re.compile(r"[0-9a-fA-F]{6,128}")
_TAG = re.compile(r'(W/)?"?[0-9a-fA-F]{6,128}"?')
_READ_BYTES = 4 << 20


class Tampered(Exception):
    """A response that the real Hub would never give. The message says what to do."""


@dataclass(frozen=True)
class Announced:
    """Metadata of a file that the Hub announces before the download."""

    name: str
    bytes: int
    sha256: str | None
    """For large files."""
    git_sha1: str | None
    """For small files, which are stored in git: the SHA-1 of ``blob SIZE\\0`` and the content."""


def announced(sibling: Any) -> Announced:
    """Converts an entry of ``HfApi.model_info(files_metadata=True).siblings``."""
    large = sibling.lfs
    sha256 = None if large is None else large["sha256"] if isinstance(large, dict) else large.sha256
    return Announced(sibling.rfilename, sibling.size or 0, sha256, None if sha256 else sibling.blob_id)


def is_hexadecimal(text: str) -> bool:
    """Whether a text is a hash or a commit, and therefore a safe file name."""
    return _HEX.fullmatch(text) is not None


def check_response(response: Any) -> None:
    """Hook of the HTTP client: refuses cache names that are not hexadecimal.

    Raises:
        Tampered: A name is not hexadecimal.
    """
    commit = response.headers.get("X-Repo-Commit")
    if commit is not None and not is_hexadecimal(commit):
        raise Tampered(strange("commit", commit))
    if response.request.method == "HEAD":
        # The library uses the first of the two.
        tag = response.headers.get("X-Linked-Etag") or response.headers.get("ETag")
        if tag is not None and not _TAG.fullmatch(tag):
            raise Tampered(strange("ETag", tag))


def strange(what: str, text: str) -> str:
    """The message for a name that is not hexadecimal."""
    return (
        f"the response is not from a real Hub ({what} {text[:60]!r} is not hexadecimal). Check HF_ENDPOINT."
    )


def check(folder: Path, files: Sequence[Announced], pinned_sha256: str | None) -> str | None:
    """Compares downloaded files with the announced metadata, and deletes a file that differs.

    Args:
        folder: Folder with the files, or links to them.
        files: The announced files.
        pinned_sha256: Required hash of the weights, whatever was announced.

    Returns:
        The problem in one sentence; None if there is none.
    """
    for file in files:
        path = folder / file.name
        expected = file
        if pinned_sha256 and file.name in ("model.safetensors", "model.pt"):
            expected = Announced(file.name, file.bytes, pinned_sha256, None)
        if problem := _problem(path, expected):
            _delete(path)
            return problem
    return None


def _problem(path: Path, expected: Announced) -> str | None:
    again = "It was deleted; download it again, or use another mirror (HF_ENDPOINT)."
    size = path.stat().st_size
    if size != expected.bytes:
        return f"{expected.name} has {size:,} bytes instead of the announced {expected.bytes:,}. {again}"
    if expected.sha256 is not None:
        name, digest, wanted = "SHA-256", hashlib.sha256(), expected.sha256
    elif expected.git_sha1 is not None:
        name, digest, wanted = (
            "SHA-1",
            hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False),
            expected.git_sha1,
        )
    else:
        return f"the Hub announces no hash of {expected.name}, so it cannot be checked. {again}"
    with path.open("rb") as file:
        while block := file.read(_READ_BYTES):
            digest.update(block)
    if digest.hexdigest() != wanted.lower():
        return f"{expected.name} is not the announced file: its {name} is {digest.hexdigest()}, not {wanted}. {again}"
    return None


def _delete(path: Path) -> None:
    """Deletes a file and, if it is a link, its target."""
    target = path.resolve()
    path.unlink()
    target.unlink(missing_ok=True)


@contextmanager
def unchecked(cache: str, repository: str, commit: str) -> Iterator[None]:
    """Marks a snapshot in the cache as unchecked; the mark remains if the body raises an exception."""
    mark = _mark(cache, repository, commit)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    yield
    mark.unlink(missing_ok=True)


def is_unchecked(cache: str, repository: str, commit: str) -> bool:
    """Whether the download of a snapshot was started, but its files have not been checked."""
    return _mark(cache, repository, commit).exists()


def _mark(cache: str, repository: str, commit: str) -> Path:
    # The layout of the cache is documented by the library.
    return Path(cache) / f"models--{repository.replace('/', '--')}" / f".recon-unchecked-{commit}"
