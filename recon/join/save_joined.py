"""Writes a joined scene: the fused mesh, or the fused cloud, in the format of a file's suffix."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from recon.argument_names import names_of_arguments
from recon.atomic_write import check_writable
from recon.errors import ExportError, ReconError
from recon.export import registry
from recon.export.format import Format
from recon.export.registry import format_for
from recon.join.fusion.fuse import Fusion, fuse
from recon.join.fusion.tsdf import needs_open3d
from recon.join.joined_scene import JoinedScene
from recon.journal import Journal
from recon.options import Shape
from recon.types import Mesh

_WITHOUT_TEXTURE = (".ply", ".stl")


def save(
    scene: JoinedScene, path: str | Path, *, shape: Shape | None = None, overwrite: bool = False
) -> Path:
    """Fuses the views and writes a file atomically in the format of its suffix.

    Args:
        scene: The views.
        path: The file; its folder must exist.
        shape: ``cloud`` or ``mesh``; None for the format's default.
        overwrite: Whether to replace an existing file.

    Raises:
        ExportError: Unknown format, existing file, nothing to write, or no disk space; Open3D is missing for a mesh.
    """
    with names_of_arguments(ReconError):
        check_outputs([Path(path)], shape, overwrite=overwrite, inputs=[])
        save_all(scene, [Path(path)], shape, Journal(), overwrite=overwrite)
    return Path(path)


def check_outputs(
    paths: Sequence[Path], shape: Shape | None, *, overwrite: bool, inputs: Sequence[Path]
) -> None:
    """Checks before the slow work that all files can be written.

    Raises:
        ExportError: An unknown suffix, an existing file, or Open3D is missing for a mesh.
    """
    formats = [format_for(path, shape) for path in paths]
    files = [form.files(path, each) for (form, each), path in zip(formats, paths, strict=True)]
    check_writable(files, overwrite=overwrite, inputs=inputs)
    for (form, each), path in zip(formats, paths, strict=True):
        if each == "mesh" and form.suffix not in _WITHOUT_TEXTURE:
            raise ExportError(
                f"{path}: {form.suffix} needs a texture, and the fused mesh has colours per vertex: write .ply with "
                "--as mesh"
            )
    if any(each == "mesh" for _, each in formats):
        needs_open3d()


def save_all(
    scene: JoinedScene, paths: Sequence[Path], shape: Shape | None, journal: Journal, *, overwrite: bool
) -> list[dict[str, Any]]:
    """Fuses the views, writes each file, and reports it.

    Raises:
        ExportError: A file cannot be written.
    """
    with journal.stage(f"Fusing {len(scene.views)} photos"):
        fusion = fuse(scene.views, scene.options)
    return [_written(scene, fusion, path, shape, journal, overwrite=overwrite) for path in paths]


def _written(
    scene: JoinedScene, fusion: Fusion, path: Path, shape: Shape | None, journal: Journal, *, overwrite: bool
) -> dict[str, Any]:
    form, shape = format_for(path, shape)
    with journal.stage(f"Making the {shape}"):
        geometry = fusion.mesh if shape == "mesh" else fusion.cloud
    count = len(geometry.faces) if isinstance(geometry, Mesh) else len(geometry)
    if not count:
        raise ExportError(f"{path}: the photos agree on no surface, so there is nothing to write")
    with journal.stage(f"Writing {path.name}"):
        _save(scene, fusion, geometry, form, shape, path, overwrite=overwrite)
    files = form.files(path, shape)
    size = sum(each.stat().st_size for each in files)
    counts = {"faces" if shape == "mesh" else "points": count}
    done = {
        "path": str(path),
        "files": [str(each) for each in files],
        "shape": shape,
        "bytes": size,
        **counts,
    }
    what = f"{count:,} {next(iter(counts))}"
    journal.decide("written", f"{path}: {form.name}, {shape}, {what}, {size / 1e6:.1f} MB", **done)
    return done


def _save(
    scene: JoinedScene,
    fusion: Fusion,
    geometry: Any,
    form: Format,
    shape: Shape,
    path: Path,
    *,
    overwrite: bool,
) -> None:
    """The camera and the levelling are those of the first view, whose cam frame is the world frame."""
    # A fused mesh is not filled.
    first = scene.scene_of(0).with_options(replace(scene.options, fill=False))
    content = replace(first.content(form, shape, geometry), stride=1, voxel_m=fusion.voxel_m)
    registry.save(content, path, form, overwrite=overwrite)
