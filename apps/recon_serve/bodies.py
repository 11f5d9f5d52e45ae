"""The JSON bodies of requests and answers, with examples for OpenAPI."""

from datetime import datetime, timezone
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from recon.units import Unit
from recon_serve.jobs import Job, State
from recon_serve.scene_files import FILES
from recon_serve.settings import MOST_TOKEN

Quantity = Literal["distance", "polyline", "angle", "area", "height", "from-camera"]
_ENDS: list[Any] = [[500.5, 400.5], [700.5, 400.5]]
_MOST = 1000
_RESIDUAL = {
    "constraint": "--length 500.5,400.5:700.5,400.5=1.42m",
    "given_m": 1.42,
    "fitted_m": 1.39,
    "used": True,
    "text": "1.42 m given, 1.39 m after the fit (2.1 % too short): --length 500.5,400.5:700.5,400.5=1.42m",
}


class ErrorText(BaseModel):
    """Why a request was refused."""

    type: str = Field(examples=["PhotoError"])
    message: str = Field(examples=["photo.jpg is empty (0 bytes); copy it again from the source."])


class ErrorAnswer(BaseModel):
    """The body of every error."""

    error: ErrorText


class PhotoAnswer(BaseModel):
    """The uploaded photo."""

    name: str = Field(examples=["living_room.jpg"])
    width_px: int = Field(examples=[1152])
    height_px: int = Field(examples=[864])


class SceneAnswer(BaseModel):
    """A job and its scene."""

    id: str = Field(description="Unguessable: who knows it may read and remove the scene.")
    state: State
    stage: str | None = Field(description="What is being done.", examples=["Reading the photo"])
    share: float | None = Field(description="How much of the stage is done, 0 to 1, if known.")
    ahead: int | None = Field(description="Photos that come first, while it waits.")
    photo: PhotoAnswer
    model: str | None = Field(description="The estimator of the depth.", examples=["preview"])
    rough: bool | None = Field(description="Whether metres are for a first look only.")
    intrinsics: dict[str, Any] | None = Field(
        description="Pinhole camera, px of the upright photo; the centre of the top-left pixel is (0.5, 0.5)."
    )
    depth: dict[str, Any] | None = Field(
        description="Metres: nearest, farthest, percentiles; `scale_interval`: half-width of its 95 % interval, and "
        "`scale` as text."
    )
    known: list[dict[str, Any]] = Field(description="Known measurements that the scene was rescaled to.")
    residuals: list[dict[str, Any]] = Field(
        description="How well the scene meets each known length; `used` is false where the others contradict it.",
        examples=[[_RESIDUAL]],
    )
    version: int = Field(description="Counts the calibrations.")
    warnings: list[str]
    error: ErrorText | None
    files: dict[str, str] = Field(
        description="Paths by name, once it is done; a file is made when it is first asked for.",
        examples=[{"scene.glb": "/scenes/ID/scene.glb"}],
    )
    created: datetime

    @classmethod
    def of(cls, job: Job, ahead: int | None) -> "SceneAnswer":
        """The answer for a job."""
        width, height = job.size_px
        done = job.state == "done"
        return cls(
            id=job.key,
            state=job.state,
            stage=job.stage,
            share=job.share,
            ahead=ahead,
            photo=PhotoAnswer(name=job.photo.name, width_px=width, height_px=height),
            **{name: job.facts.get(name) for name in ("model", "rough", "intrinsics", "depth")},
            known=job.known,
            version=job.version,
            residuals=job.facts.get("residuals", []),
            warnings=[*job.warnings, *job.doubts],
            error=None
            if job.failure is None
            else ErrorText(type=job.failure.type, message=job.failure.message),
            files={name: f"/scenes/{job.key}/{name}" for name in FILES} if done else {},
            created=datetime.fromtimestamp(job.created_s, timezone.utc),
        )


class MeasureRequest(BaseModel):
    """What to measure."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"positions": _ENDS}, {"quantity": "height", "positions": [[640, 300]]}]
        },
    )
    positions: list[tuple[float, float]] = Field(
        max_length=_MOST,
        description="x, y in px of the upright photo; the centre of the top-left pixel is 0.5, 0.5.",
    )
    quantity: Quantity = "distance"
    unit: Unit = "m"


class CalibrateRequest(BaseModel):
    """Known measurements, as in a file of `recon build --constraints`; none: the first scale."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"known": [{"from": _ENDS[0], "to": _ENDS[1], "length": "1.42m"}]}]},
    )
    known: list[dict[str, Any]] = Field(
        max_length=_MOST,
        description="Each `{from, to, length}`, `{at, distance}`, `{rectangle, width, height}` or `{camera_height}`.",
    )


class TokenRequest(BaseModel):
    """The token that the service was started with."""

    model_config = ConfigDict(extra="forbid")
    token: str = Field(max_length=MOST_TOKEN)
