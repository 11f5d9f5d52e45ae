"""Runs the service until it is stopped by SIGINT or SIGTERM."""

import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from recon_serve.routes import ParseOptions, make_app
from recon_serve.service import Service
from recon_serve.settings import ServeError, Settings

_GRACE_S = 5
"""For answers that are being sent when the service stops."""


class _Server(uvicorn.Server):
    """Ends the jobs first: their clients would keep the server alive otherwise."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """As uvicorn does, in the main thread."""
        super().handle_exit(sig, frame)
        app = self.config.app
        assert isinstance(app, FastAPI)
        service: Service = app.state.service
        if self.started:
            service.loop.call_soon_threadsafe(service.stop_soon)


def serve(
    settings: Settings, parse_options: ParseOptions, ready: Callable[[str], None], *, access_log: bool
) -> None:
    """Serves until a signal comes.

    Args:
        settings: Where to listen, and limits.
        parse_options: What reads the options of a request.
        ready: Called with the address, once it is bound.
        access_log: Whether to log every request.

    Raises:
        ServeError: The port cannot be used.
    """
    listener = _listener(settings)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    config = uvicorn.Config(
        make_app(settings, parse_options),
        log_level="info" if access_log else "warning",
        access_log=access_log,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    with listener:
        ready(f"http://{host}:{listener.getsockname()[1]}/")
        _Server(config).run(sockets=[listener])


def _listener(settings: Settings) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)  # a client may come as soon as the address is shown
    except OSError as error:
        raise ServeError(
            f"cannot listen on {settings.host}, port {settings.port} ({error.strerror}): choose another --port"
        ) from error
    return listener
