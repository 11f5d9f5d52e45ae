"""Writes the depth map of a scene, as numbers for programs or as an image for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recon.depth_map.write import check_depth_output, write_depth
from recon.errors import ExportError
from recon.journal import Journal
from recon.scene import Scene
from recon.types import MetricDepth
from recon.units import significant

PICTURES = (".png", ".jpg", ".jpeg")
"""Suffixes of depth images with a colour map."""
SUFFIXES = (*PICTURES, ".exr", ".npy", ".npz", ".tif", ".tiff")


@dataclass(frozen=True)
class DepthFile:
    """One depth file."""

    path: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """The file alone."""
        return (self.path,)


@dataclass(frozen=True)
class DepthFiles:
    """Writes the depth files of each photo."""

    suffixes: Sequence[str]
    """With their dots: ``.png``."""
    colormap: str | None = None
    """Colour map for .png and .jpg (``recon.depth_map.colormap.COLORMAPS``); None writes numbers."""
    png_unit: float = 0.001
    """Metres per stored unit of a 16-bit PNG."""
    span_m: tuple[float, float] | None = None
    """Depths at the ends of the colour map, m; None: the range of each photo."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Settings that affect the files, for the record of a batch."""
        made_with = {"colormap": self.colormap, "png_unit": self.png_unit, "depth_range": self.span_m}
        return {"command": "depth", **made_with}

    def targets(self, stem: Path) -> list[DepthFile]:
        """The files; their names begin with ``stem``."""
        return [DepthFile(stem.with_name(stem.name + suffix)) for suffix in self.suffixes]

    def colormap_of(self, path: Path) -> str | None:
        """The colour map for a file; None if it stores numbers."""
        return self.colormap if path.suffix.lower() in PICTURES else None

    def check(self, paths: Sequence[Path]) -> None:
        """Checks before the slow work that the files can be written.

        Raises:
            ExportError: An unknown suffix or colour map.
        """
        for path in paths:
            check_depth_output(path, self.colormap_of(path))

    def write(
        self, scene: Scene, targets: Sequence[DepthFile], journal: Journal, *, overwrite: bool
    ) -> list[dict[str, Any]]:
        """Writes the files, and reports each.

        Raises:
            ExportError: A file cannot be written.
        """
        kept = within_max_depth(scene)
        written = []
        for path in (target.path for target in targets):
            done = write_depth(
                path,
                kept,
                colormap=self.colormap_of(path),
                unit_m=self.png_unit,
                span_m=self.span_m,
                overwrite=overwrite,
            )
            size = path.stat().st_size
            values = {"path": str(path), "what": done.what, "out_of_range": done.out_of_range, "bytes": size}
            journal.decide("written", f"{path}: {done.what}, {size / 1e6:.1f} MB", **values)
            if done.out_of_range:
                journal.warn(
                    "written",
                    f"{path}: {done.out_of_range:,} pixels are too near or too far for 16 bits at {self.png_unit:g} "
                    "m and are stored as invalid: use a larger --png-unit, or .exr",
                    **values,
                )
            written.append(values)
        return written


def within_max_depth(scene: Scene) -> MetricDepth:
    """The scene's depth up to its ``max_depth``.

    Raises:
        ExportError: All depth is beyond it.
    """
    valid, most_m = scene.depth.valid, scene.options.max_depth
    if most_m is None:
        return scene.depth
    near = valid & (scene.depth.z_m <= most_m)
    if valid.any() and not near.any():
        raise ExportError(
            f"there is no depth to write: all of it is beyond --max-depth {most_m:g} m; the nearest is "
            f"{significant(scene.depth.z_m[valid].min(), 3)} m"
        )
    return MetricDepth(z_m=scene.depth.z_m, valid=near)
