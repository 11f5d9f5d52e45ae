"""``recon blender``: open an exported scene in Blender, with the photo's camera; install the extension."""

import shutil
import sysconfig
from contextlib import ExitStack
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from recon.temporary_folders import process_folder
from recon_cli.console import Session, manners
from recon_cli.option_groups import StrictCommand


@click.command(cls=StrictCommand)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option(
    "--install",
    is_flag=True,
    help="Install the extension into Blender: a panel in the sidebar that makes scenes from photos.",
)
@click.option(
    "--zip",
    "archive",
    type=click.Path(path_type=Path),
    metavar="FILE.zip",
    help="Write the extension as a file, for Blender's preferences: Get Extensions > Install from Disk.",
)
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
    file: Path | None,
    install: bool,
    archive: Path | None,
    program: Path | None,
    render: Path | None,
    save: Path | None,
    engine: str,
    overwrite: bool,
) -> None:
    """Open an exported FILE (.glb, .ply, .obj, .usdz) in Blender, or install the extension into it.

    The photo's camera (size and principal point) becomes the active camera, and colours are shown unmodified; a
    point cloud gets a material that shows the colours of its points.
    """
    if (file is not None) + install + (archive is not None) != 1:
        raise click.UsageError("give one of FILE, --install and --zip FILE.zip")
    if file is not None:
        _open(session, file, program, render, save, engine, overwrite)
        return
    if render or save:
        raise click.UsageError("--render and --save need a FILE")
    if archive is not None:
        _write_zip(session, archive, overwrite)
    else:
        _install(session, program)


def _write_zip(session: Session, archive: Path, overwrite: bool) -> None:
    from recon.atomic_write import check_writable, staged
    from recon.blender.extension_zip import write_extension

    if archive.suffix.lower() != ".zip":
        raise click.UsageError(f"the extension must end in .zip, got {archive}")
    check_writable([(archive,)], overwrite=overwrite)
    with staged(archive, overwrite=overwrite) as temporary:
        write_extension(temporary)
    session.journal.decide("written", f"{archive}: install it in Blender's preferences, Get Extensions")
    session.result["written"] = [str(archive)]


def _install(session: Session, program: Path | None) -> None:
    from recon.blender.extension_zip import write_extension
    from recon.blender.find_blender import find_blender
    from recon.blender.run_blender import install_command, run_to_end

    executable = find_blender(program)
    # The program of this installation, which need not be on the PATH of Blender.
    recon = shutil.which("recon", path=sysconfig.get_path("scripts")) or shutil.which("recon") or ""
    script = resources.files("recon.blender").joinpath("install_extension.py")
    with TemporaryDirectory(dir=process_folder()) as folder, resources.as_file(script) as path:
        archive = Path(folder) / "recon.zip"
        write_extension(archive)
        with session.journal.stage("Blender"):
            run_to_end(install_command(executable, path, archive, recon))
    session.journal.decide(
        "installed",
        f"the extension in {executable}, to run {recon or 'recon, which is not on the PATH yet'}: open the sidebar "
        "of the 3D view (N), tab recon; a Blender that is open needs a restart",
        blender=str(executable),
        program=recon,
    )


def _open(
    session: Session,
    file: Path,
    program: Path | None,
    render: Path | None,
    save: Path | None,
    engine: str,
    overwrite: bool,
) -> None:
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
