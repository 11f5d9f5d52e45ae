"""Writes a scene of several photos: fused mesh or cloud with all cameras, or the scene file."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from recon.argument_names import names_of_arguments
from recon.atomic_write import check_writable
from recon.errors import ReconError
from recon.export import registry
from recon.export.format import Format
from recon.export.registry import format_for
from recon.join import joined_file
from recon.join.fusion.content import content_of, stands_upright
from recon.join.fusion.fuse import fuse
from recon.join.fusion.levelling import joint_levelling
from recon.join.fusion.tsdf import needs_open3d
from recon.join.join_report import report_level, report_voxels
from recon.join.joined_scene import JoinedScene
from recon.journal import Journal
from recon.options import Shape
from recon.scene_file import SUFFIX
from recon.types import Mesh


def check_outputs(
    paths: Sequence[Path], shape: Shape | None = None, *, overwrite: bool, inputs: Iterable[Path] = ()
) -> None:
    """Checks before the slow work that all files can be written.

    Raises:
        ExportError: An unknown suffix, a shape that a format cannot store, a library that is missing, or an existing
            file.
    """
    formats = [_format(path, shape) for path in paths]
    if any(each is not None and each[1] == "mesh" for each in formats):
        needs_open3d()
    check_writable(
        [_files(path, each) for path, each in zip(paths, formats, strict=True)],
        overwrite=overwrite,
        inputs=inputs,
    )


def save(
    scene: JoinedScene, path: str | Path, *, shape: Shape | None = None, overwrite: bool = False
) -> Path:
    """Writes a file atomically in the format of its suffix; ``.npz`` stores the views themselves.

    Args:
        scene: The views, in one metric scale.
        path: The file, or the folder for ``.colmap``.
        shape: ``cloud`` or ``mesh``; None for the format's default.
        overwrite: Whether to replace an existing file.

    Raises:
        ExportError: Unknown format, existing file, nothing to write, no Open3D, or no disk space.
    """
    with names_of_arguments(ReconError):
        check_outputs([Path(path)], shape, overwrite=overwrite)
        save_all(scene, [Path(path)], shape, Journal(), overwrite=overwrite)
    return Path(path)


def save_all(
    scene: JoinedScene,
    paths: Sequence[Path],
    shape: Shape | None,
    journal: Journal,
    *,
    overwrite: bool,
) -> list[dict[str, Any]]:
    """Fuses the views once, writes every file, and reports the contents and size of each.

    Raises:
        ExportError: A file cannot be written.
    """
    formats = [_format(path, shape) for path in paths]
    fusion, levelling = None, None
    if any(each is not None for each in formats):
        with journal.stage(f"Fusing {len(scene.views)} photos"):
            fusion = fuse(scene.views, scene.options)
            levelling = None if scene.options.level is False else joint_levelling(scene.views)
            is_mesh = any(each is not None and each[1] == "mesh" for each in formats)
            voxel_m = fusion.mesh_voxel_m if is_mesh else fusion.voxel_m
        report_voxels(fusion.voxel_m, voxel_m, journal)
        if any(each is not None and stands_upright(scene.options, *each) for each in formats):
            report_level(levelling, journal)
    written = []
    for path, each in zip(paths, formats, strict=True):
        with journal.stage(f"Writing {path}"):
            if each is None or fusion is None:
                joined_file.save(scene, path, overwrite=overwrite)
                done: dict[str, Any] = {"files": [str(path)], "photos": len(scene.views)}
                text = "recon scene"
            else:
                content = content_of(scene, fusion, levelling, *each)
                registry.save(content, path, each[0], overwrite=overwrite)
                done = {"files": [str(file) for file in each[0].files_of(content, path)]}
                done |= _counts(content.geometry)
                text = f"{each[0].name}, {each[1]}"
        size = sum(Path(file).stat().st_size for file in done["files"] if Path(file).is_file())
        counts = ", ".join(f"{n:,} {what}" for what, n in done.items() if what != "files")
        done = {"path": str(path), **done, "bytes": size}
        journal.decide("written", f"{path}: {text}, {counts}, {size / 1e6:.1f} MB", **done)
        written.append(done)
    return written


def _counts(geometry: Any) -> dict[str, int]:
    if isinstance(geometry, Mesh):
        return {"vertices": len(geometry.vertices), "faces": len(geometry.faces)}
    return {"points": len(geometry)}


def _format(path: Path, shape: Shape | None) -> tuple[Format, Shape] | None:
    """The format and the shape; None for the scene file."""
    return None if path.suffix.lower() == SUFFIX else format_for(path, shape, others=[SUFFIX])


def _files(path: Path, given: tuple[Format, Shape] | None) -> tuple[Path, ...]:
    if given is None:
        return (path,)
    files = given[0].files(path, given[1])
    if given[0].sidecars_of is not None:
        # A folder whose photos are not known yet: those of the same place before, or any.
        files += tuple(sorted(set((path / "images").glob("*")) - set(files)))
    return files
