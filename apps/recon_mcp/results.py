"""The structured results of the tools."""

from typing import Any

from pydantic import BaseModel, Field


class Written(BaseModel):
    """A file that was written."""

    path: str
    bytes: int


class Depths(BaseModel):
    """The depth of a scene."""

    model: str = Field(description="The depth model, or that the depth was measured")
    rough: bool = Field(description="True: metres are guesses, use them with care and say so")
    width_px: int = Field(description="Width of the upright photo, of which positions are given")
    height_px: int
    nearest_m: float = Field(description="1 % of the pixels are nearer to the camera, in metres")
    median_m: float
    farthest_m: float = Field(description="1 % of the pixels are farther, in metres")
    scale_interval: float | None = Field(
        description="Half-width of the 95 % interval of the scale, as a fraction; null: unknown"
    )
    notes: list[str] = Field(description="What was decided and why: model, focal length, known lengths")
    warnings: list[str]
    written: list[Written]


class Measured(BaseModel):
    """A measured quantity with its 95 % interval."""

    quantity: str
    value: float
    unit: str = Field(description="m, m2 or deg")
    low: float | None = Field(description="Lower end of the 95 % interval; null: unknown")
    high: float | None = Field(description="Upper end of the 95 % interval; null: unknown")
    text: str = Field(description="Value and interval as they should be quoted")
    parts: dict[str, str] = Field(description="Related quantities, such as the horizontal part of a length")
    includes: list[str] = Field(description="Error sources in the interval")
    not_included: list[str] = Field(description="Error sources that are not in the interval")
    unknown: str | None = Field(description="Why there is no interval")
    warnings: list[str]


class Fitted(BaseModel):
    """A calibration of a model."""

    path: str = Field(description="The calibration file, for the command `recon build --calibration`")
    scale_interval: float = Field(description="Half-width of the 95 % interval of the scale, as a fraction")
    notes: list[str]
    warnings: list[str]


class Described(BaseModel):
    """What is in a file."""

    info: dict[str, Any] = Field(
        description="Points, faces, bounds, unit, camera, provenance; null where unknown"
    )


class Rendered(BaseModel):
    """A rendered picture."""

    width_px: int
    height_px: int
    written: list[Written]
    warnings: list[str]
