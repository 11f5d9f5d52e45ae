"""Clouds, meshes and scene files of a scene, several at once."""

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
    """One file of a scene."""

    path: Path
    form: Format | None
    """None for the scene file, which is not an exported format."""
    shape: Shape | None

    @property
    def files(self) -> tuple[Path, ...]:
        """The file and what is written beside it."""
        if self.form is None or self.shape is None:
            return (self.path,)
        return self.form.files(self.path, self.shape)

    @property
    def description(self) -> str:
        """In words: ``PLY, cloud``."""
        return "recon scene" if self.form is None else f"{self.form.name}, {self.shape}"


def outputs_from(paths: Sequence[Path], shape: Shape | None) -> list[Output]:
    """The formats that the names ask for.

    Raises:
        ExportError: An unknown suffix, or a format that cannot hold the shape.
    """
    from recon.export.registry import format_for
    from recon.scene_file import SUFFIX

    found = []
    for path in paths:
        if path.suffix.lower() == SUFFIX:
            found.append(Output(path, None, None))
        else:
            form, held = format_for(path, shape, others=[SUFFIX])
            found.append(Output(path, form, held))
    return found


def check(outputs: Sequence[Output], *, overwrite: bool, inputs: Iterable[Path]) -> None:
    """Refuses early what could not be written in the end (``atomic_write.check_writable``)."""
    from recon.atomic_write import check_writable

    check_writable([output.files for output in outputs], overwrite=overwrite, inputs=inputs)


def save_all(
    scene: "Scene", outputs: Sequence[Output], journal: Journal, *, overwrite: bool
) -> list[dict[str, Any]]:
    """Writes every output and reports each: what is in it, and how large it became."""
    from recon.export.registry import save
    from recon.pipeline import make_geometry
    from recon.types import Mesh

    shapes = {output.shape: None for output in outputs if output.shape is not None}
    made = make_geometry(scene, tuple(shapes), journal)
    written: list[dict[str, Any]] = []
    for output in outputs:
        counts: dict[str, int] = {}
        with journal.stage(f"Writing {output.path.name}"):
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
        told = ", ".join([*(f"{n:,} {what}" for what, n in counts.items()), f"{size / 1e6:.1f} MB"])
        beside = "" if len(output.files) == 1 else f", with {', '.join(p.name for p in output.files[1:])}"
        done = {
            "path": str(output.path),
            "files": [str(path) for path in output.files],
            "format": output.form.suffix if output.form else output.path.suffix.lower(),
            "shape": output.shape,
            "bytes": size,
            **counts,
        }
        journal.decide("written", f"{output.path}: {output.description}, {told}{beside}", **done)
        written.append(done)
    return written


@dataclass(frozen=True)
class SceneFiles:
    """The files that are made of each photo of a batch."""

    suffixes: Sequence[str]
    """With their dots: ``.glb``."""
    shape: Shape | None = None
    """What is in the files; None: each format's default."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """What changes the files, for the record of a batch."""
        return {"command": "build", "shape": self.shape}

    def targets(self, stem: Path) -> list[Output]:
        """The outputs whose names begin with ``stem``.

        Raises:
            ExportError: An unknown suffix, or a format that cannot hold the shape.
        """
        # Of a plain name, since what is wrong with one photo's name must not stop the others.
        plain = outputs_from([Path(f"NAME{suffix}") for suffix in self.suffixes], self.shape)
        return [
            Output(stem.with_name(stem.name + suffix), output.form, output.shape)
            for suffix, output in zip(self.suffixes, plain, strict=True)
        ]

    def write(
        self, scene: "Scene", targets: Sequence[Output], journal: Journal, *, overwrite: bool
    ) -> list[dict[str, Any]]:
        """Writes them, and reports what was written.

        Raises:
            ExportError: A file cannot be written.
        """
        try:
            return save_all(scene, targets, journal, overwrite=overwrite)
        except UnicodeEncodeError as error:
            raise ExportError(
                f"{targets[0].path}: its format cannot hold a name that is not UTF-8; rename the photo."
            ) from error
