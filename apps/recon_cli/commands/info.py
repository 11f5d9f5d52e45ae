"""``recon info``: what is in a scene file, also one that another program wrote."""

from pathlib import Path

import click

from recon_cli.console import Session, manners


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@manners
def info(session: Session, file: Path) -> None:
    """Tell what is in a FILE: points, faces, bounds in metres, colours, camera, where it came from."""
    from recon.file_info.describe import describe

    found = describe(file)
    session.result["info"] = found.as_dict()
    width = max(len(label) for label, _ in found.rows())
    for label, value in found.rows():
        session.print(f"{label:<{width}}  {value}")
