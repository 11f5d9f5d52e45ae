"""What a request is answered with when it cannot be served: a status and one sentence."""

from collections.abc import Mapping


class Refusal(Exception):
    """An answer other than success."""

    def __init__(
        self, status: int, kind: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.kind, self.message, self.headers = status, kind, message, dict(headers or {})

    @property
    def content(self) -> dict[str, dict[str, str]]:
        """The body of the answer."""
        return content(self.kind, self.message)


def content(kind: str, message: str) -> dict[str, dict[str, str]]:
    """The body of every error, as in the output of ``recon --json``."""
    return {"error": {"type": kind, "message": message}}
