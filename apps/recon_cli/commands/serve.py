"""``recon serve``: scenes for other programs and browsers, over HTTP."""

from typing import Any

import click

from recon.errors import to_add
from recon_cli.console import Session, manners
from recon_cli.option_groups import GroupedCommand, option
from recon_cli.options.param_types import Count, Number
from recon_cli.options.scene_options import options_from, scene_options
from recon_cli.signals import Stopped

_MODEL = (
    "model",
    "device",
    "precision",
    "processing_size",
    "augment",
    "refine",
    "backend",
    "depth_kind",
    "commercial_only",
    "offline",
)
_EPILOG = """\b
Examples:
  recon serve                                   the page at http://127.0.0.1:8000/
  recon serve --model depthpro --port 8080
  RECON_SERVE_TOKEN="$TOKEN" recon serve --host 0.0.0.0
                                                for other machines
  curl -F photo=@room.jpg -F focal-35mm=26 'http://127.0.0.1:8000/scenes?wait=true'
"""


@click.command(cls=GroupedCommand, epilog=_EPILOG)
@option(
    "--host",
    group="Run",
    default="127.0.0.1",
    metavar="ADDRESS",
    show_default=True,
    help="Address to listen on; others need --token.",
)
@option(
    "--port",
    group="Run",
    type=click.IntRange(0, 65535),
    default=8000,
    metavar="N",
    show_default=True,
    help="Port to listen on; 0: any free one.",
)
@option(
    "--token",
    group="Run",
    envvar="RECON_SERVE_TOKEN",
    metavar="TOKEN",
    help="Secret that every client must send. Better as the environment variable RECON_SERVE_TOKEN, which lists of "
    "processes do not show.",
)
@option(
    "--queue",
    group="Run",
    type=click.IntRange(1, 1000),
    default=8,
    show_default=True,
    metavar="N",
    help="Photos that may wait; one more is refused.",
)
@option(
    "--max-upload",
    group="Run",
    type=Number(min=0.1, max=2000),
    default=50,
    show_default=True,
    metavar="MB",
    help="Largest upload.",
)
@option(
    "--max-pixels",
    group="Run",
    type=Count(),
    default=50_000_000,
    show_default=True,
    metavar="N",
    help="Largest photo, e.g. 50M.",
)
@option(
    "--timeout",
    group="Run",
    type=Number(min=1),
    default=300,
    show_default=True,
    metavar="S",
    help="Seconds that one photo may take.",
)
@option(
    "--keep",
    group="Run",
    type=Number(min=1),
    default=60,
    show_default=True,
    metavar="MIN",
    help="Minutes after which a scene is removed.",
)
@option(
    "--keep-size",
    group="Run",
    type=Number(min=0.1),
    default=4,
    show_default=True,
    metavar="GB",
    help="Size of all scenes; beyond, the oldest are removed.",
)
@scene_options(_MODEL)
@manners
def serve(
    session: Session,
    host: str,
    port: int,
    token: str | None,
    queue: int,
    max_upload: float,
    max_pixels: int,
    timeout: float,
    keep: float,
    keep_size: float,
    **values: Any,
) -> None:
    """Serve a web page and an HTTP API that turn uploaded photos into scenes."""
    from recon_serve.settings import ServeError, Settings

    settings = Settings(
        options=options_from(values),
        host=host,
        port=port,
        token=token,
        most_queued=queue,
        most_bytes=int(1e6 * max_upload),
        most_pixels=max_pixels,
        job_s=timeout,
        keep_s=60 * keep,
        keep_bytes=int(1e9 * keep_size),
    )
    try:
        from recon_serve.server import serve as run
    except ImportError as error:
        raise ServeError(f"recon serve needs FastAPI ({error}): {to_add('serve')}") from error
    from recon_cli.options.from_text import options_from_text
    from recon_serve.api_form import REQUEST_OPTIONS

    def ready(address: str) -> None:
        session.journal.decide("serve", f"{address} (Ctrl-C stops)", address=address)

    try:
        run(
            settings,
            lambda pairs, base: options_from_text(pairs, base, REQUEST_OPTIONS),
            ready,
            access_log=session.journal.verbose,
        )
    except (KeyboardInterrupt, Stopped):
        # The usual end of a service, which has removed its files.
        session.journal.decide("serve", "stopped")
