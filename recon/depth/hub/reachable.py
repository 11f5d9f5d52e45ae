"""Asks the hub for a sign of life."""

from urllib.parse import urlsplit


def problem(limit_s: float) -> str | None:
    """Why the hub cannot be used, in a few words; None if it answers. Uses the proxies that downloads use.

    Args:
        limit_s: For the connection and for each part of the answer, s.
    """
    from huggingface_hub import constants, get_session

    try:
        answer = get_session().get(f"{constants.ENDPOINT}/api/models?limit=1", timeout=limit_s)
    except Exception as error:  # of the library, of its HTTP client, or of the system's sockets
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        return f"{urlsplit(constants.ENDPOINT).hostname} cannot be reached ({first[:100]})"
    if answer.status_code >= 400:
        return f"{urlsplit(constants.ENDPOINT).hostname} answers with HTTP status {answer.status_code}"
    return None
