"""What an ONNX file of recon says about itself: how to prepare the photo, and what the numbers mean.

It is JSON in the metadata of the file (``metadata_props``), and read without loading the network.
"""

import json
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Literal

from recon.errors import ModelUnavailable
from recon.strict_json import as_kind, parse_json

KEY = "recon"
Output = Literal["relative", "metric", "canonical", "preview"]
_PROPERTY = 14
"""Field of a ModelProto (onnx.proto): an entry of the metadata."""
_MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class GraphInfo:
    """The description of a network in a file."""

    model: str
    """Name in the registry, or ``hf:...``, when it was exported."""
    output: Output
    """``relative``: inverse depth up to scale and shift; ``metric``: m; ``canonical``: inverse depth for a focal
    length of the photo's width, and the field of view (Depth Pro); ``preview``: as ``recon.depth.nets.preview``."""
    width: int
    """Of the input, px."""
    height: int
    """Of the input, px."""
    resize: Literal["area", "bicubic", "bilinear"]
    fit: Literal["pad", "stretch"]
    """Whether a photo of another aspect ratio is padded, or stretched."""
    mean: tuple[float, float, float]
    """Subtracted from sRGB values of 0 to 1."""
    deviation: tuple[float, float, float]
    """Divides the difference."""
    precision: Literal["fp32", "fp16", "int8"] = "fp32"
    revision: str | None = None
    licence: str | None = None
    """Of the weights."""
    commercial: bool | None = None
    """Whether the licence allows commercial use."""
    max_depth_m: float | None = None
    """Depth from which on metric output is cut off, m."""
    sigma_factor: float = 1.0
    """Of ``preview``: see ``recon.depth.nets.preview_look.Weights``."""
    sigma_power: float = 1.0
    """Of ``preview``."""
    aspect: float | None = None
    """Width over height to which a photo is padded, and then fitted to the input, whose sides are multiples of 32 px;
    None: that of the input."""
    format: Literal["recon-onnx-1"] = "recon-onnx-1"

    def __post_init__(self) -> None:
        if not (1 <= self.width <= 1 << 14 and 1 <= self.height <= 1 << 14):
            raise ValueError(f"the input of {self.width}x{self.height} px is no picture's")
        if self.aspect is not None and not 0.01 <= self.aspect <= 100:
            raise ValueError(f"the aspect ratio {self.aspect:g} is no picture's")
        if min(self.deviation) <= 0:
            raise ValueError("the deviation must be positive")

    def as_text(self) -> str:
        """JSON."""
        return json.dumps(asdict(self))


def read_info(path: Path) -> GraphInfo:
    """The description in a file; skips the network, so that a file of gigabytes is read in milliseconds.

    Raises:
        ModelUnavailable: The file is missing, no ONNX file, or not written by ``recon models export``.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            text = _property(file, size)
    except OSError as error:
        raise ModelUnavailable(f"{path} cannot be read ({error.strerror or error}).") from error
    except ValueError as error:
        raise ModelUnavailable(f"{path} is not an ONNX file, or damaged: {error}.") from error
    if text is None:
        raise ModelUnavailable(
            f"{path} was not written by `recon models export`: it does not say how to prepare a photo, nor what its "
            "output means."
        )
    try:
        return as_kind(GraphInfo, parse_json(text))
    except ValueError as error:
        raise ModelUnavailable(
            f"{path}: its description cannot be used ({error}). Export it again."
        ) from error


def _property(file: IO[bytes], size: int) -> bytes | None:
    """The value of our entry of the metadata, by protobuf's wire format (protobuf.dev, "Encoding")."""
    value = None
    first = True
    while file.tell() < size:
        field, wire = divmod(_varint(file), 8)
        if first and (field, wire) != (1, 0):
            raise ValueError("it does not begin with a version")
        first = False
        if wire == 0:
            _varint(file)
        elif wire == 2:
            length = _varint(file)
            if length > size - file.tell():
                raise ValueError("it is cut off")
            if field == _PROPERTY and length <= _MOST_BYTES:
                key, text = _entry(file.read(length))
                value = text if key == KEY.encode() else value
            else:
                file.seek(length, 1)
        else:
            raise ValueError(f"field {field} has an unknown type")
    return value


def _entry(data: bytes) -> tuple[bytes, bytes]:
    """Key and value of an entry of the metadata."""
    parts, file = {1: b"", 2: b""}, BytesIO(data)
    while file.tell() < len(data):
        field, wire = divmod(_varint(file), 8)
        if wire != 2 or field not in parts:
            raise ValueError("an entry of its metadata is damaged")
        parts[field] = file.read(_varint(file))
    return parts[1], parts[2]


def _varint(file: IO[bytes]) -> int:
    number = 0
    for shift in range(0, 64, 7):
        byte = file.read(1)
        if not byte:
            raise ValueError("it is cut off")
        number |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return number
    raise ValueError("a number is too long")
