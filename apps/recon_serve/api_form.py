"""The form of ``POST /scenes`` for OpenAPI, from the fields of ``recon.options.Options``."""

from dataclasses import fields
from typing import Any

from recon.options import Options

REQUEST_OPTIONS = (
    "at", "length", "rectangle", "camera_height", "fit",
    "intrinsics", "focal_px", "focal_35mm", "fov", "distortion", "fisheye",
    "edge", "max_depth", "sky", "stride", "voxel", "faces", "error", "fill", "axes", "level", "uncertainty",
)  # fmt: skip
"""Options of a request: none that names a file of the service's machine, chooses its model, or passes on EXIF."""


def _properties() -> dict[str, Any]:
    properties: dict[str, Any] = {
        "photo": {
            "type": "string",
            "format": "binary",
            "description": "JPEG, PNG, WebP, TIFF, HEIC, AVIF or GIF.",
        }
    }
    for field in fields(Options):
        if field.name not in REQUEST_OPTIONS:
            continue
        info = field.metadata
        shown = {"type": "string", "description": info["help"]}
        if info["choices"]:
            shown |= {"enum": list(info["choices"])}
        elif isinstance(field.default, bool) or field.name == "level":
            shown |= {"enum": ["true", "false"]}
        several = {"type": "array", "items": shown} if isinstance(field.default, tuple) else shown
        properties[info["flag"].split("/")[0].removeprefix("--")] = several
    return properties


FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "required": ["photo"], "properties": _properties()},
                "examples": {
                    "known length": {
                        "summary": "A photo with the length of a door",
                        "value": {"photo": "living_room.jpg", "length": "500,400:700,400=1.42m"},
                    }
                },
            }
        },
    }
}
