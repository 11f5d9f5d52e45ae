"""What a service allows, and for how long."""

import re
from dataclasses import dataclass, field

from recon.errors import ReconError
from recon.options import Options

LOOPBACK = ("127.0.0.1", "localhost", "::1")
LEAST_TOKEN, MOST_TOKEN = 16, 1000
"""Letters of a token."""
_TOKEN = re.compile(rf"[!-~]{{1,{MOST_TOKEN}}}")
_NEW_TOKEN = "for example the output of `python -c 'import secrets; print(secrets.token_urlsafe())'`"


class ServeError(ReconError):
    """The service cannot start as asked."""


@dataclass(frozen=True)
class Settings:
    """Settings of one service. Sizes in bytes and px, times in seconds."""

    options: Options = field(default_factory=Options)
    """Model, device and precision; requests add the rest."""
    host: str = LOOPBACK[0]
    port: int = 8000
    """0: any that is free."""
    token: str | None = None
    most_queued: int = 8
    """Photos that wait; one more is refused."""
    most_bytes: int = 50_000_000
    """Of an upload."""
    most_pixels: int = 50_000_000
    """Of a photo."""
    upload_s: float = 60.0
    """How long an upload may take."""
    job_s: float = 300.0
    """How long a photo may take, from its start to its scene."""
    keep_s: float = 3600.0
    """Age at which a scene is removed."""
    keep_bytes: int = 4_000_000_000
    """Size of all scenes; beyond, the oldest are removed."""

    def __post_init__(self) -> None:
        if self.token is not None and len(self.token) < LEAST_TOKEN:
            raise ServeError(
                f"the token has {len(self.token)} letters: use at least {LEAST_TOKEN}, {_NEW_TOKEN}"
            )
        if self.token is not None and not _TOKEN.fullmatch(self.token):
            raise ServeError(
                f"the token must be at most {MOST_TOKEN} plain letters, digits and signs, without spaces, so that "
                f"every client can send it: {_NEW_TOKEN}"
            )
        if not self.is_local and self.token is None:
            raise ServeError(
                f"--host {self.host} lets other machines use this one: give --token TOKEN (or RECON_SERVE_TOKEN in "
                "the environment), which clients send as `Authorization: Bearer TOKEN`"
            )

    @property
    def is_local(self) -> bool:
        """Whether only this machine can connect."""
        return self.host in LOOPBACK
