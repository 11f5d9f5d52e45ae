"""Examines the optional libraries and other programs."""

from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec

from recon.blender.find_blender import BlenderError, find_blender
from recon.doctor.finding import Finding
from recon.errors import to_add

EXTRAS, PROGRAMS = "extras", "programs"
_EXTRAS = (
    ("video", "av", "av", "videos in and out"),
    ("las", "laspy", "laspy", ".las, .laz"),
    ("usd", "pxr", "usd-core", ".usdz, .usdc, .usda"),
    ("join", "pycolmap", "pycolmap", "recon join, with Open3D"),
    ("onnx", "onnxruntime", "onnxruntime", "--model onnx:FILE, recon models export"),
    ("coreml", "coremltools", "coremltools", "recon models export NAME -o FILE.mlpackage"),
    ("ray", "ray", "ray", "batches on a cluster"),
    ("s3", "s3fs", "s3fs", "photos and scenes in s3://"),
    ("colmap", "pycolmap", "pycolmap", "COLMAP models as a reference"),
    ("mcp", "mcp", "mcp", "agents: recon mcp"),
    ("serve", "fastapi", "fastapi", "recon serve"),
)
"""Extra, module, distribution, what it is for."""


def examine_extras() -> Iterator[Finding]:
    """The extras of recon: further formats, and a server for agents."""
    for extra, module, distribution, use in _EXTRAS:
        if find_spec(module) is None:
            yield Finding(EXTRAS, extra, "missing", f"{use}: not installed", to_add(extra))
        else:
            yield Finding(EXTRAS, extra, "works", f"{use}: {distribution} {_version(distribution)}")


def examine_blender() -> Finding:
    """Blender, for `recon blender`; exported files need none."""
    try:
        return Finding(PROGRAMS, "Blender", "works", str(find_blender(None)))
    except BlenderError:
        fix = "install Blender 4.2 or newer (blender.org), or recon blender --blender PATH"
        return Finding(PROGRAMS, "Blender", "missing", "not found", fix)


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "of unknown version"
