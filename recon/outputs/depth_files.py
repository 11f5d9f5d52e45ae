"""Writes the depth map of a scene, as numbers for programs or as an image for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from recon.depth_map.write import check_depth_output, write_depth
from recon.errors import ExportError
from recon.journal import Journal
from recon.scene import Scene
from recon.stage_reports import report_uncertainty
from recon.types import MetricDepth
from recon.units import significant

PICTURES = (".png", ".jpg", ".jpeg")
"""Suffixes of depth images with a colour map."""
SUFFIXES = (*PICTURES, ".exr", ".npy", ".npz", ".tif", ".tiff")


@dataclass(frozen=True)
class DepthFile:
    """One depth file."""

    path: Path
    sigma: Path | None = None
    """The map of its standard deviation, if there is to be one in a file of its own."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The file, and that of its standard deviation."""
        return (self.path,) if self.sigma is None else (self.path, self.sigma)


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
    uncertainty: bool = False
    """Also write the standard deviation of the depth, m, as ``NAME.sigma.SUFFIX``; .npz contains it always."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Settings that affect the files, for the record of a batch."""
        made_with = {"colormap": self.colormap, "png_unit": self.png_unit, "depth_range": self.span_m}
        own_file = {"uncertainty": True} if self.uncertainty else {}
        return {"command": "depth", **made_with, **own_file}

    def targets(self, stem: Path) -> list[DepthFile]:
        """The files; their names begin with ``stem``."""
        return [self.target(stem.with_name(stem.name + suffix)) for suffix in self.suffixes]

    def target(self, path: Path) -> DepthFile:
        """The depth file of a path."""
        apart = self.uncertainty and path.suffix.lower() != ".npz"
        return DepthFile(path, path.with_name(f"{path.stem}.sigma{path.suffix}") if apart else None)

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
        if self.uncertainty:
            report_uncertainty(scene, True, journal)
        written = []
        for target in targets:
            written.append(self._write(target.path, kept, self.span_m, journal, overwrite=overwrite))
            sigma_m = scene.depth.sigma_m
            if target.sigma is not None and sigma_m is not None:
                sigma = MetricDepth(z_m=sigma_m, valid=kept.valid)
                written.append(self._write(target.sigma, sigma, None, journal, overwrite=overwrite))
        return written

    def _write(
        self,
        path: Path,
        depth: MetricDepth,
        span_m: tuple[float, float] | None,
        journal: Journal,
        *,
        overwrite: bool,
    ) -> dict[str, Any]:
        done = write_depth(
            path,
            depth,
            colormap=self.colormap_of(path),
            unit_m=self.png_unit,
            span_m=span_m,
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
        return values


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
    return replace(scene.depth, valid=near)
