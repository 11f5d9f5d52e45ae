"""Writes the point clouds, meshes and scene files of a scene, several at once."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recon.errors import ExportError
from recon.export.format import Format
from recon.journal import Journal
from recon.options import Shape

if TYPE_CHECKING:
    from recon.scene import Scene


@dataclass(frozen=True)
class Output:
    """One output file of a scene."""

    path: Path
    form: Format | None
    """None for a scene file, which is not an export format."""
    shape: Shape | None

    @property
    def files(self) -> tuple[Path, ...]:
        """The file and its sidecars."""
        if self.form is None or self.shape is None:
            return (self.path,)
        return self.form.files(self.path, self.shape)

    @property
    def description(self) -> str:
        """Format and shape: ``PLY, cloud``."""
        return "recon scene" if self.form is None else f"{self.form.name}, {self.shape}"


def outputs_from(paths: Sequence[Path], shape: Shape | None) -> list[Output]:
    """Determines the formats from the suffixes.

    Raises:
        ExportError: An unknown suffix, or a format that cannot store the shape.
    """
    from recon.export.registry import format_for
    from recon.scene_file import SUFFIX

    outputs = []
    for path in paths:
        if path.suffix.lower() == SUFFIX:
            outputs.append(Output(path, None, None))
        else:
            form, file_shape = format_for(path, shape, others=[SUFFIX])
            outputs.append(Output(path, form, file_shape))
    return outputs


def check(outputs: Sequence[Output], *, overwrite: bool, inputs: Iterable[Path]) -> None:
    """Checks before the slow work that all outputs can be written (``atomic_write.check_writable``)."""
    from recon.atomic_write import check_writable

    check_writable([output.files for output in outputs], overwrite=overwrite, inputs=inputs)


def save_all(
    scene: "Scene", outputs: Sequence[Output], journal: Journal, *, overwrite: bool
) -> list[dict[str, Any]]:
    """Writes every output, and reports the contents and size of each."""
    from recon.export.registry import save
    from recon.pipeline import make_geometry
    from recon.stage_reports import report_uncertainty
    from recon.types import Mesh

    stored = any(o.form is not None and (o.form.suffix, o.shape) == (".ply", "cloud") for o in outputs)
    report_uncertainty(scene, stored, journal)
    wanted = [(o.shape, o.form.fixed_axes) for o in outputs if o.shape is not None and o.form is not None]
    made = make_geometry(scene, wanted, journal)
    written: list[dict[str, Any]] = []
    for output in outputs:
        counts: dict[str, int] = {}
        with journal.stage(f"Writing {output.path}"):
            if output.form is None or output.shape is None:
                scene.write_scene_file(output.path, overwrite=overwrite)
            else:
                geometry = made[output.shape]
                if isinstance(geometry, Mesh):
                    counts = {"vertices": len(geometry.vertices), "faces": len(geometry.faces)}
                else:
                    counts = {"points": len(geometry)}
                content = scene.content(output.form, output.shape, geometry)
                save(content, output.path, output.form, overwrite=overwrite)
        size = sum(os.path.getsize(path) for path in output.files)
        contents = ", ".join([*(f"{n:,} {what}" for what, n in counts.items()), f"{size / 1e6:.1f} MB"])
        sidecars = "" if len(output.files) == 1 else f", with {', '.join(p.name for p in output.files[1:])}"
        done = {
            "path": str(output.path),
            "files": [str(path) for path in output.files],
            "format": output.form.suffix if output.form else output.path.suffix.lower(),
            "shape": output.shape,
            "bytes": size,
            **counts,
        }
        journal.decide("written", f"{output.path}: {output.description}, {contents}{sidecars}", **done)
        written.append(done)
    return written


@dataclass(frozen=True)
class SceneFiles:
    """Writes the scene files of each photo of a batch."""

    suffixes: Sequence[str]
    """With their dots: ``.glb``."""
    shape: Shape | None = None
    """Shape of the geometry; None: each format's default."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Settings that affect the files, for the record of a batch."""
        return {"command": "build", "shape": self.shape}

    def targets(self, stem: Path) -> list[Output]:
        """The outputs; their names begin with ``stem``.

        Raises:
            ExportError: An unknown suffix, or a format that cannot store the shape.
        """
        # Checked with a plain name, so that a problem with the name of one photo does not stop the others.
        plain = outputs_from([Path(f"NAME{suffix}") for suffix in self.suffixes], self.shape)
        return [
            Output(stem.with_name(stem.name + suffix), output.form, output.shape)
            for suffix, output in zip(self.suffixes, plain, strict=True)
        ]

    def write(
        self, scene: "Scene", targets: Sequence[Output], journal: Journal, *, overwrite: bool
    ) -> list[dict[str, Any]]:
        """Writes the files, and reports each.

        Raises:
            ExportError: A file cannot be written.
        """
        try:
            return save_all(scene, targets, journal, overwrite=overwrite)
        except UnicodeEncodeError as error:
            suffixes = [one.path.suffix for one in targets]
            which = suffixes[0] if len(suffixes) == 1 else f"one of {', '.join(suffixes)}"
            raise ExportError(
                f"{targets[0].path}: {which} cannot store a name that is not UTF-8; rename the photo."
            ) from error
