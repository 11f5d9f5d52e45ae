"""What is in a scene file or a photo, whoever wrote it: facts (``describe``) and geometry (``read_geometry``).

One reader for all commands. A file is described by its header and the bounds of its points; to load it, trimesh
(OBJ, glTF), laspy and usd-core are imported where they are needed.
"""

from recon.file_info.describe import describe, is_geometry, load_geometry, read_geometry
from recon.file_info.info import CameraInfo, FileInfo

__all__ = ["CameraInfo", "FileInfo", "describe", "is_geometry", "load_geometry", "read_geometry"]
