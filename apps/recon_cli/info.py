"""``recon depth``: a photo to a depth map."""

import click

from recon_cli.console import Session, manners


@click.command()
@manners
def info(session: Session) -> None:
    """."""
