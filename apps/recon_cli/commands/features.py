"""``recon features``: what the layers of a depth network give for one photo."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from recon_cli.console import Session, manners
from recon_cli.display import table_text
from recon_cli.option_groups import GroupedCommand, option
from recon_cli.options.scene_options import (
    CAMERA_AND_RUN,
    OutputPath,
    inputs_of,
    options_from,
    overwrite_option,
    scene_options,
)
from recon_cli.options.without_effect import is_given

_OPTIONS = ("model", *(name for name in CAMERA_AND_RUN if name not in ("augment", "refine")))
_EPILOG = """\b
Examples:
  recon features photo.jpg --model depthpro -o features/
  recon features photo.jpg --model dav2-small --backend fast -o features/
  recon features photo.jpg --model preview -o features/
\b
Open features/index.html in a browser. Attention needs the code of transformers, which --backend auto prefers here.
"""


@click.command(cls=GroupedCommand, epilog=_EPILOG)
@click.argument("photo", type=click.Path(path_type=Path))
@option(
    "-o",
    "--output",
    group="Output",
    required=True,
    type=OutputPath(path_type=Path),
    metavar="DIR",
    help="Directory for index.html, features.json (shapes) and a picture of each layer.",
)
@scene_options(_OPTIONS)
@overwrite_option
@manners
def features(session: Session, photo: Path, output: Path, overwrite: bool, **values: Any) -> None:
    """Show what the layers of a depth network give for one PHOTO: components, attention, shapes."""
    from recon.atomic_write import check_writable
    from recon.camera import focal_length
    from recon.depth.nets.layer_features import features_of
    from recon.outputs.features_page import PAGE, VALUES, write_features
    from recon.pipeline import choose_estimator, open_photo
    from recon_cli.first_tries import new_directories

    options = options_from(values)
    if not is_given("backend"):
        options = replace(options, backend="transformers")
    targets = [output / PAGE, output / VALUES]
    with new_directories(targets, named=[output]):
        check_writable([(path,) for path in targets], overwrite=overwrite, inputs=inputs_of(photo, options))
        opened = open_photo(photo, session.journal)
        estimator = choose_estimator(options, session.journal, opened)
        known = focal_length.known_camera(opened, options, session.journal, ())
        found = features_of(
            estimator, opened, focal_px=None if known is None else known.fx, journal=session.journal
        )
        written = write_features(found, opened, estimator.name, output, overwrite=overwrite)
    rows = [[each.name, each.kind, str(each.run), " x ".join(map(str, each.shape))] for each in found]
    titles = ["module", "what", "run", "shape"]
    session.print(table_text(titles, rows, numbers=["run"], whole=titles), styled=True)
    session.result["features"] = [
        {"name": each.name, "kind": each.kind, "run": each.run, "shape": list(each.shape)} for each in found
    ]
    session.result["written"] = [{"path": str(path), "bytes": path.stat().st_size} for path in written]
    session.journal.decide("written", f"{written[0]}, with {len(written) - 2} pictures", path=str(written[0]))
