"""Output files of a command: checked before the long work, written and reported after it."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from recon.export.format import Format
from recon.journal import Journal
from recon.options import Shape

if TYPE_CHECKING:
    from recon.scene import Scene


class HasJournal(Protocol):
    """A ``Session``, or a photo of a batch."""

    @property
    def journal(self) -> Journal:
        """Told what was written."""
        ...


@dataclass(frozen=True)
class Output:
    """One ``-o``."""

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
    scene: "Scene", outputs: Sequence[Output], session: HasJournal, *, overwrite: bool
) -> list[dict[str, Any]]:
    """Writes every output and reports each: what is in it, and how large it became."""
    from recon.export.registry import save
    from recon.types import Mesh

    if any(output.form is not None for output in outputs):
        report_levelling(scene, session)
    written: list[dict[str, Any]] = []
    for output in outputs:
        counts: dict[str, int] = {}
        with session.journal.stage(f"Writing {output.path.name}"):
            if output.form is None or output.shape is None:
                scene.save(output.path, overwrite=overwrite)
            else:
                content = scene.content(output.form, output.shape)
                if not isinstance(content.geometry, Mesh):
                    counts = {"points": len(content.geometry)}
                else:
                    counts = {
                        "vertices": len(content.geometry.vertices),
                        "faces": len(content.geometry.faces),
                    }
                    _report_simplified(scene, counts["faces"], session)
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
        session.journal.decide("written", f"{output.path}: {output.description}, {told}{beside}", **done)
        written.append(done)
    return written


def _report_simplified(scene: "Scene", faces: int, session: HasJournal) -> None:
    asked = scene.options.faces
    if asked is not None and faces > asked:
        session.journal.warn(
            "faces",
            f"{faces:,} triangles are left, not the {asked:,} asked for: the scene has too many separate pieces; "
            "--stride 2 or --edge 0 leaves fewer",
        )


def report_levelling(scene: "Scene", session: HasJournal) -> None:
    """Says how the scene was stood upright, or why it was not."""
    levelling = scene.levelling
    if levelling is None:
        return
    values = levelling.as_provenance()
    told = f"pitch {levelling.pitch_deg:+.1f}°, roll {levelling.roll_deg:+.1f}°"
    height_m = levelling.camera_height_m
    level, upright = 100 * levelling.floor_share, 100 * levelling.wall_share
    seen = f"{level:.0f} % of the picture is level and {upright:.0f} % upright"
    if not levelling.trusted:
        session.journal.warn(
            "level",
            "the scene is not levelled: its floor and walls do not tell where down is "
            f"({seen}; confidence {levelling.confidence:.2f})",
            **values,
        )
        return
    stands = (
        "no floor is seen, so heights count from the camera"
        if height_m is None
        else f"the camera is {height_m:.2f} m above the lowest level surface seen, which is at height 0"
    )
    session.journal.decide(
        "level", f"{told} of the camera; {stands} ({seen}; confidence {levelling.confidence:.2f})", **values
    )


def report_dropped(scene: "Scene", session: HasJournal) -> None:
    """Says which part of the photo is not in the geometry, and why."""
    dropped, total = scene.dropped, scene.depth.valid.size
    reasons = {
        "depth not known": dropped.unknown,
        "sky": dropped.sky,
        f"beyond {scene.options.max_depth} m": dropped.too_far,
        "flying pixels at depth edges (a mesh gives them to a surface)": dropped.flying,
    }
    told = [f"{100 * count / total:.1f} % {reason}" for reason, count in reasons.items() if count]
    session.journal.decide(
        "dropped",
        ", ".join(told) or "nothing",
        unknown=dropped.unknown,
        sky=dropped.sky,
        too_far=dropped.too_far,
        flying=dropped.flying,
        kept=dropped.kept,
    )
    if scene.backdrop_m is not None:
        session.journal.warn(
            "sky", f"the sky is kept as a backdrop at {scene.backdrop_m:.1f} m: that distance is made up"
        )
    elif scene.options.sky == "keep":
        why = "the depth does not tell where sky is" if scene.sky is None else "no sky was found"
        session.journal.warn("sky", f"--sky keep has no effect: {why}", option="--sky")
