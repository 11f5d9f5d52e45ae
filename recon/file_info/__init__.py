"""What is in a scene file or a photo, whoever wrote it: the header is parsed, the points are measured."""

from recon.file_info.describe import describe
from recon.file_info.info import CameraInfo, FileInfo

__all__ = ["CameraInfo", "FileInfo", "describe"]
