"""Reads the form of an upload: at most so many bytes, in so much time."""

import asyncio
import re
import unicodedata
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from recon_serve.errors import Refusal
from recon_serve.settings import Settings

PHOTO = "photo"
_MOST_FIELDS = 100
_MOST_TEXT = 64 * 1024
_FORM_BYTES = 256 * 1024
"""For what is around the photo."""
_MOST_LETTERS = 60


@dataclass(frozen=True)
class Upload:
    """A photo and the options that came with it."""

    photo: UploadFile
    """Must be closed."""
    name: str
    """Safe as a file name."""
    options: tuple[tuple[str, str], ...]
    """Names and values as they came."""


class Body:
    """The body of a request, read at most once."""

    def __init__(self, request: Request, settings: Settings) -> None:
        self._receive, self._stated = request.receive, request.headers.get("content-length", "")
        self._limit_bytes, self._most = settings.most_bytes, settings.most_bytes + _FORM_BYTES
        self._ended = False

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] != "http.request":
            self._ended = True
            raise ClientDisconnect
        self._ended = not message.get("more_body", False)
        return bytes(message.get("body", b""))

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """All of it.

        Raises:
            Refusal: It is too large.
        """
        read = int(self._stated) if self._stated.isdecimal() else 0
        total = 0
        while read <= self._most and not self._ended:
            chunk = await self._next()
            total += len(chunk)
            read = max(read, total)
            if read <= self._most:
                yield chunk
        if read > self._most:
            raise Refusal(
                413, "UploadError", f"the upload is larger than the limit of {self._limit_bytes / 1e6:g} MB"
            )

    async def skip(self) -> None:
        """Reads on, up to the limit: most clients read no answer before they have sent everything."""
        left = self._most
        while left > 0 and not self._ended:
            left -= len(await self._next())


async def read_upload(request: Request, settings: Settings, check: Callable[[], None]) -> Upload:
    """Reads the whole form; a photo of more than 1 MB waits on disk.

    Args:
        request: Whose body has not been read.
        settings: Limits of size and time.
        check: Called first; what it raises is raised when the body has been read.

    Raises:
        Refusal: It is too large or too slow, not a form, or has no photo.
    """
    body = Body(request, settings)
    try:
        return await asyncio.wait_for(_read(request, body, check), settings.upload_s)
    except asyncio.TimeoutError:
        raise Refusal(408, "UploadError", f"the upload took longer than {settings.upload_s:g} s") from None


async def _read(request: Request, body: Body, check: Callable[[], None]) -> Upload:
    try:
        check()
        if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            raise Refusal(
                415, "UploadError", f"send the photo as the field {PHOTO!r} of a multipart/form-data form"
            )
        limits = {"max_files": 1, "max_fields": _MOST_FIELDS, "max_part_size": _MOST_TEXT}
        form = await MultiPartParser(request.headers, body.chunks(), **limits).parse()
    except MultiPartException as error:
        await body.skip()
        raise Refusal(400, "UploadError", f"the form cannot be read: {error.message}") from None
    except Refusal:
        await body.skip()
        raise
    photo = form.get(PHOTO)
    if not isinstance(photo, UploadFile):
        await form.close()
        names = ", ".join(repr(name[:_MOST_LETTERS]) for name, _ in form.multi_items()) or "none"
        raise Refusal(422, "UploadError", f"the form has no file {PHOTO!r}; its fields: {names}")
    options = tuple((name, value) for name, value in form.multi_items() if isinstance(value, str))
    return Upload(photo, safe_name(photo.filename or ""), options)


def safe_name(name: str) -> str:
    """The file name of an upload without folders, control characters and what a shell or a disk reads otherwise."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    plain = re.sub(r"[^\w. -]", "_", last).strip(". ")
    stem, dot, suffix = plain.rpartition(".")
    return (
        f"{(stem if dot else plain)[:_MOST_LETTERS]}{dot}{suffix[:8] if dot else ''}".strip(". ") or "photo"
    )
