"""Describes a photo: what can be read from it without a network."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recon.file_info.info import CameraInfo, FileInfo
from recon.photo.read import read_photo
from recon.types import CarriedDepth, Intrinsics, Photo


@dataclass(frozen=True)
class PhotoInfo(FileInfo):
    """The contents of a photo."""

    width: int = 0
    """Width of the upright image, px."""
    height: int = 0
    focal_note: str | None = None
    """Source of the focal length, or why it is unknown."""
    carried: CarriedDepth | None = None
    """Embedded depth."""

    def rows(self) -> list[tuple[str, str]]:
        """Labels and values to print."""
        rows = [
            ("format", self.format),
            ("file size", f"{self.bytes / 1e6:.2f} MB"),
            ("picture", f"{self.width} x {self.height} px, upright"),
        ]
        source = f" ({self.focal_note})" if self.focal_note else ""
        rows += [("camera", f"{self.camera or 'unknown'}{source}")]
        depth = "none" if self.carried is None else f"{self.carried.summary}: --model photo"
        return [*rows, ("depth", depth), *(("note", note) for note in self.notes)]

    def as_dict(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        carried = self.carried
        return super().as_dict() | {
            "width_px": self.width,
            "height_px": self.height,
            "focal_note": self.focal_note,
            "carried_depth": None
            if carried is None
            else {
                "gives": carried.gives,
                "standard": carried.standard,
                "width_px": carried.width,
                "height_px": carried.height,
                "along_ray": carried.along_ray,
                **carried.details,
            },
        }


def read(path: Path) -> PhotoInfo:
    """Describes a photo.

    Raises:
        PhotoError: It cannot be read.
    """
    photo = read_photo(path)
    camera, note = _camera(photo)
    return PhotoInfo(
        path=path,
        format=f"photo, {path.suffix.lower().removeprefix('.')}",
        bytes=path.stat().st_size,
        points=0,
        camera=None if camera is None else CameraInfo.from_intrinsics(camera),
        notes=photo.warnings,
        width=photo.width,
        height=photo.height,
        focal_note=note,
        carried=photo.carried,
    )


def _camera(photo: Photo) -> tuple[Intrinsics | None, str | None]:
    if photo.intrinsics is not None:
        return photo.intrinsics, "intrinsics inside the file"
    if photo.exif_focal_px is None:
        return None, photo.exif_focal_note
    size = {"width": photo.width, "height": photo.height}
    return Intrinsics.from_focal(photo.exif_focal_px, **size, source="exif"), f"EXIF: {photo.exif_focal_note}"
