"""Reads scene files and photos from any program: metadata (``describe``) and geometry (``read_geometry``).

All commands use the same readers. ``describe`` reads the header and the bounds of the points; for loading, trimesh
(OBJ, glTF), laspy and usd-core are imported on demand.
"""

from recon.file_info.describe import describe, is_geometry, load_geometry, read_geometry
from recon.file_info.info import CameraInfo, FileInfo

__all__ = ["CameraInfo", "FileInfo", "describe", "is_geometry", "load_geometry", "read_geometry"]
