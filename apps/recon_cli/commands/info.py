"""``recon info``: describe a scene file of any program, a photo, or another file that recon writes."""

from pathlib import Path

import click

from recon_cli.console import Session, manners
from recon_cli.display import printable_line


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@manners
def info(session: Session, file: Path) -> None:
    """Describe a FILE: points, faces, bounds, camera and provenance of a scene, cloud or mesh.

    Also photos, depth maps (range in metres), solids (.3mf) and floor plans (.svg, .dxf).
    """
    from recon.file_info.describe import describe

    description = describe(file)
    session.result["info"] = description.as_dict()
    width = max(len(label) for label, _ in description.rows())
    for label, value in description.rows():
        session.print(printable_line(f"{label:<{width}}  {value}"))
