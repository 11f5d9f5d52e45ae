"""``recon blender``: an exported scene in Blender, set up as its photo wants to be seen."""

import os
import subprocess
from contextlib import ExitStack
from importlib import resources
from pathlib import Path

import click

from recon.blender.find_blender import BlenderError, find_blender, scene_script
from recon_cli.console import Session, manners

SUFFIXES = (".glb", ".gltf", ".obj", ".ply", ".usda", ".usdc", ".usdz")
_LAST_LINES = 15


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--blender",
    "program",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Blender's program (4.2 or newer), where it is not found by itself.",
)
@click.option(
    "--render",
    type=click.Path(path_type=Path),
    metavar="PNG",
    help="Open no window: render from the photo's camera.",
)
@click.option(
    "--save",
    type=click.Path(path_type=Path),
    metavar="BLEND",
    help="Open no window: save as a Blender file, with the photo inside.",
)
@click.option(
    "--engine",
    type=click.Choice(["cycles", "eevee"]),
    default="cycles",
    show_default=True,
    help="What renders. Cycles needs no GPU.",
)
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
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

    The photo's camera is active, with the photo's size and principal point; colours are shown as they are; points get
    a material that shows theirs.
    """
    from recon.atomic_write import check_writable, staged

    if file.suffix.lower() not in SUFFIXES:
        raise BlenderError(
            f"{file}: expected {', '.join(SUFFIXES)}; write one by `recon build` or `recon export`."
        )
    if not file.is_file():
        raise BlenderError(f"{file} does not exist.")
    outputs = {"--render": render, "--save": save}
    check_writable([(path,) for path in outputs.values() if path], overwrite=overwrite, inputs=[file])
    found = find_blender(program)
    session.journal.decide("blender", str(found), program=str(found))
    with ExitStack() as stack:
        script = stack.enter_context(resources.as_file(scene_script()))
        arguments = [os.fspath(file.resolve())]
        for option, path in outputs.items():
            if path is not None:
                arguments += [option, os.fspath(stack.enter_context(staged(path)).resolve())]
        hidden = bool(render or save)
        if hidden:
            arguments += ["--engine", engine]
        with session.journal.stage("Blender"):
            _run(_command(found, script, hidden) + arguments)
    for path in filter(None, outputs.values()):
        session.journal.decide("written", f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    session.result["written"] = [str(path) for path in outputs.values() if path]


def _command(program: Path, script: Path, hidden: bool) -> list[str]:
    if program.name.lower().startswith("python"):  # with the module bpy in the place of the program
        return [os.fspath(program), os.fspath(script)]
    # Without a window also without the user's own start-up file and add-ons, so that it is the same everywhere.
    quiet = ["--background", "--factory-startup"] if hidden else []
    return [os.fspath(program), *quiet, "--python-exit-code", "1", "--python", os.fspath(script), "--"]


def _run(command: list[str]) -> None:
    """Runs Blender to its end.

    Raises:
        BlenderError: It failed; the sentence is our script's own where there is one.
    """
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False
    )
    if done.returncode == 0:
        return
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    ours = [line.removeprefix("recon: ") for line in lines if line.startswith("recon: ")]
    told = ours[-1] if ours else "; ".join(lines[-_LAST_LINES:]) or "it said nothing"
    raise BlenderError(f"Blender ended with code {done.returncode}: {told}")
