"""``recon blender``: open an exported scene in Blender, with the photo's camera and colours."""

from contextlib import ExitStack
from importlib import resources
from pathlib import Path

import click

from recon_cli.console import Session, manners


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--blender",
    "program",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Blender executable (4.2 or newer), if it is not found automatically.",
)
@click.option(
    "--render",
    type=click.Path(path_type=Path),
    metavar="PNG",
    help="Render from the photo's camera to a file, without a window.",
)
@click.option(
    "--save",
    type=click.Path(path_type=Path),
    metavar="BLEND",
    help="Save a Blender file that contains the photo, without a window.",
)
@click.option(
    "--engine",
    type=click.Choice(["cycles", "eevee"]),
    default="cycles",
    show_default=True,
    help="Render engine. Cycles needs no GPU.",
)
@click.option("--overwrite", is_flag=True, help="Replace existing files.")
@manners
def blender(
    session: Session,
    file: Path,
    program: Path | None,
    render: Path | None,
    save: Path | None,
    engine: str,
    overwrite: bool,
) -> None:
    """Open an exported FILE (.glb, .ply, .obj, .usdz) in Blender.

    The photo's camera (size and principal point) becomes the active camera, and colours are shown unmodified; a
    point cloud gets a material that shows the colours of its points.
    """
    from recon.atomic_write import check_writable, staged
    from recon.blender.find_blender import BlenderError, find_blender, scene_script
    from recon.blender.run_blender import SUFFIXES, blender_command, run_to_end

    if file.suffix.lower() not in SUFFIXES:
        raise BlenderError(
            f"{file}: expected {', '.join(SUFFIXES)}; create one with `recon build` or `recon export`."
        )
    if not file.is_file():
        raise BlenderError(f"{file} does not exist.")
    outputs = [path for path in (render, save) if path is not None]
    check_writable([(path,) for path in outputs], overwrite=overwrite, inputs=[file])
    executable = find_blender(program)
    session.journal.decide("blender", str(executable), program=str(executable))
    with ExitStack() as stack:
        script = stack.enter_context(resources.as_file(scene_script()))
        staged_in = {
            name: None if path is None else stack.enter_context(staged(path))
            for name, path in (("render", render), ("save", save))
        }
        with session.journal.stage("Blender"):
            run_to_end(blender_command(executable, script, file, **staged_in, engine=engine))
    for path in outputs:
        session.journal.decide("written", f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    session.result["written"] = [str(path) for path in outputs]
