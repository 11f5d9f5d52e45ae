"""Types of the tools' arguments, with the descriptions, units and ranges that an agent reads."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

Number = Annotated[float, Field(allow_inf_nan=False)]
Pixel = Annotated[list[Number], Field(min_length=2, max_length=2)]
"""x and y."""
_POSITION = (
    "[x, y] in px of the upright photo at its full size; the centre of the top-left pixel is [0.5, 0.5]"
)
Length = Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)]


class KnownLength(BaseModel):
    """A length in the photo that is known, such as the height of a door."""

    start_px: Pixel = Field(description=f"One end: {_POSITION}")
    end_px: Pixel = Field(description="The other end, in the same way")
    length_m: Length = Field(description="Its true length in metres")


PhotoFile = Annotated[str, Field(description="Path of a photo (JPEG, PNG, HEIC, ...)")]
SceneFile = Annotated[str, Field(description="Path of a scene file (.npz) that the tool build has written")]
Model = Annotated[
    str,
    Field(
        description="Depth model: auto takes the best one that is installed; preview is bundled and rough; others "
        "are listed by the command `recon models`"
    ),
]
DepthFile = Annotated[
    str | None,
    Field(
        description="Path of measured depth of the photo (16-bit PNG in mm, EXR, npy, ...), instead of a model"
    ),
]
KnownLengths = Annotated[
    list[KnownLength],
    Field(description="Known lengths in the photo, which set the metric scale", max_length=100),
]
CameraHeight = Annotated[
    Length | None, Field(description="Known height of the camera above the visible floor, in metres")
]
Focal35 = Annotated[
    float | None,
    Field(
        description="Focal length as 35 mm equivalent, in mm; omit it to take that of the file",
        gt=0,
        le=10_000,
        allow_inf_nan=False,
    ),
]
Overwrite = Annotated[bool, Field(description="Replace existing files")]
Positions = Annotated[
    list[Pixel],
    Field(
        description=f"Positions, each {_POSITION}. distance: 2 ends; angle: 3, at the second; height above the floor "
        "and from-camera: 1; polyline: 2 or more; area: 3 or more corners in order",
        min_length=1,
        max_length=1000,
    ),
]
Quantity = Annotated[
    Literal["distance", "polyline", "angle", "area", "height", "from-camera"],
    Field(description="What to measure: lengths come in metres, areas in square metres, angles in degrees"),
]
Move = Annotated[
    list[Annotated[float, Field(ge=-100_000, le=100_000, allow_inf_nan=False)]],
    Field(
        description="Offset of the camera from where the photo was taken: [right, up, back] in metres",
        min_length=3,
        max_length=3,
    ),
]
Turn = Annotated[
    float,
    Field(
        description="Angle in degrees that the camera goes around the middle of the scene, to the left; over 30, "
        "holes show behind objects",
        ge=-180,
        le=180,
        allow_inf_nan=False,
    ),
]
Width = Annotated[int, Field(description="Width of the picture in px", ge=64, le=1920)]
