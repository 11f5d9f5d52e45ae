"""Colour that a file states without an ICC profile: PNG chunks, CICP codes of HEIC and AVIF, Adobe RGB in EXIF.

Everything is converted to sRGB. High dynamic range is mapped to it: its reference white (203 cd/m2, ITU-R BT.2408) is
nearly white, and what is brighter is compressed towards white.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ExifTags import IFD, Interop

Primaries = tuple[float, float, float, float, float, float, float, float]
"""Chromaticities x, y of red, green, blue and white."""
_D65 = (0.3127, 0.3290)
SRGB: Primaries = (0.640, 0.330, 0.300, 0.600, 0.150, 0.060, *_D65)
_ADOBE: Primaries = (0.640, 0.330, 0.210, 0.710, 0.150, 0.060, *_D65)
_CICP_PRIMARIES: dict[int, Primaries] = {
    1: SRGB,
    4: (0.670, 0.330, 0.210, 0.710, 0.140, 0.080, 0.310, 0.316),
    5: (0.640, 0.330, 0.290, 0.600, 0.150, 0.060, *_D65),
    6: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    7: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65),
    22: (0.630, 0.340, 0.295, 0.605, 0.155, 0.077, *_D65),
}
"""By code (ITU-T H.273, table 2)."""
_CICP_TRANSFERS: dict[int, "float | str"] = {
    # Video transfers (1, 6, 14, 15) are shown as sRGB, as browsers do: their curve is that of a camera.
    **dict.fromkeys((1, 6, 11, 12, 13, 14, 15), "sRGB"),
    4: 2.2,
    5: 2.8,
    8: 1.0,
    16: "PQ",
    17: 2.6,
    18: "HLG",
}
"""By code (table 3): an exponent or a name."""
_UNSPECIFIED = 2
_SRGB_GAMMA = 1 / 0.45455
_REFERENCE_WHITE = 203.0
"""cd/m2."""
_HLG_PEAK, _HLG_GAMMA = 1000.0, 1.2
_KNEE = 0.8
"""Linear value from which high dynamic range is compressed."""
_ROWS_PIXELS = 1 << 20
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
"""Cone responses for the change of white (ICC.1:2022, annex E)."""


@dataclass(frozen=True)
class StatedColour:
    """How the numbers of a file are to be understood, where that is not sRGB."""

    source: str
    """For messages: where the file says so."""
    primaries: Primaries
    transfer: "float | str"
    """Exponent of a power law, ``sRGB``, ``PQ`` or ``HLG``."""

    @property
    def is_hdr(self) -> bool:
        """Whether values beyond white exist."""
        return self.transfer in ("PQ", "HLG")

    def to_srgb(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """Converts (H, W, 3) uint8 or uint16 to sRGB of 8 bits."""
        decoded = _linear(self.transfer, np.iinfo(values.dtype).max)
        matrix = _matrix(self.primaries).astype(np.float32)
        out = np.empty(values.shape, np.uint8)
        flat, flat_out = values.reshape(-1, 3), out.reshape(-1, 3)
        for start in range(0, len(flat), _ROWS_PIXELS):
            rows = slice(start, start + _ROWS_PIXELS)
            light = decoded[flat[rows]]
            if self.transfer == "HLG":
                luminance = light @ np.array([0.2627, 0.6780, 0.0593], np.float32)
                light *= (luminance ** np.float32(_HLG_GAMMA - 1))[:, None]
                light *= np.float32(_HLG_PEAK / _REFERENCE_WHITE)
            light = light @ matrix.T
            flat_out[rows] = _encoded(_compressed(light) if self.is_hdr else light)
        return out


def convert(picture: Image.Image, stated: StatedColour) -> Image.Image:
    """Converts a loaded image without transparency; 16-bit grey before it is rounded."""
    if picture.mode.startswith("I;16"):
        grey = np.asarray(picture).astype(np.uint16)
        return Image.fromarray(stated.to_srgb(np.repeat(grey[..., None], 3, axis=2)))
    return Image.fromarray(stated.to_srgb(np.asarray(picture.convert("RGB"))))


def of_cicp(primaries: int, transfer: int, source: str, notes: list[str]) -> StatedColour | None:
    """The colour of CICP codes (ITU-T H.273); None for sRGB, and for codes that state nothing."""
    known = _CICP_PRIMARIES.get(primaries, SRGB), _CICP_TRANSFERS.get(transfer, "sRGB")
    if (primaries not in _CICP_PRIMARIES and primaries != _UNSPECIFIED) or (
        transfer not in _CICP_TRANSFERS and transfer != _UNSPECIFIED
    ):
        notes.append(
            f"The {source} states colours of an unknown kind ({primaries}/{transfer}); sRGB was assumed."
        )
    if known[1] in ("PQ", "HLG"):
        notes.append(
            f"The image is HDR ({known[1]}, by its {source}): it was mapped to sRGB, with highlights compressed."
        )
    return None if known == (SRGB, "sRGB") else StatedColour(source, *known)


def of_container(data: bytes, notes: list[str]) -> StatedColour | None:
    """The colour that the first ``nclx`` box of a HEIC or AVIF file states (ISO/IEC 23008-12, 6.5.5)."""
    at = data.find(b"colrnclx")
    if at < 0 or at + 12 > len(data):
        return None
    primaries, transfer = (int.from_bytes(data[at + k : at + k + 2], "big") for k in (8, 10))
    return of_cicp(primaries, transfer, "nclx box", notes)


def of_png(picture: Image.Image, data: bytes, notes: list[str]) -> StatedColour | None:
    """The colour that the chunks of a PNG state: cICP, then a profile (None here), sRGB, gAMA with cHRM."""
    codes = _chunk(data, b"cICP")
    if codes is not None and len(codes) == 4:
        return of_cicp(codes[0], codes[1], "cICP chunk", notes)
    info = picture.info
    if info.get("icc_profile") or "srgb" in info:
        return None
    gamma, chroma = info.get("gamma"), info.get("chromaticity")
    primaries = SRGB
    if isinstance(chroma, tuple) and len(chroma) == 8 and min(chroma[1::2]) > 0:
        primaries = (*chroma[2:], *chroma[:2])  # PNG begins with white
        if np.abs(np.subtract(primaries, SRGB)).max() < 0.002 or not _is_sound(primaries):
            primaries = SRGB
    transfer: float | str = "sRGB"
    # An encoder means sRGB by 1/2.2, unless it names other primaries.
    tolerance = 0.05 if primaries == SRGB else 0.0
    if isinstance(gamma, float) and 0.1 <= gamma <= 10 and abs(gamma * _SRGB_GAMMA - 1) > tolerance:
        transfer = 1 / gamma
    chunks = " and ".join(["gAMA"] * (transfer != "sRGB") + ["cHRM"] * (primaries != SRGB))
    return StatedColour(f"{chunks} chunk", primaries, transfer) if chunks else None


def of_exif(block: Image.Exif, colour_space: object) -> StatedColour | None:
    """Adobe RGB, which cameras state by ColorSpace 2, or by DCF's option file ``R03``, without a profile."""
    try:
        index = block.get_ifd(IFD.Interop).get(Interop.InteropIndex)
    except Exception:  # Pillow raises many types of errors for broken blocks
        index = None
    text = index.decode("latin-1") if isinstance(index, bytes) else str(index)
    if colour_space == 2 or (text.startswith("R03") and colour_space != 1):
        return StatedColour("EXIF", _ADOBE, 563 / 256)
    return None


def _chunk(data: bytes, name: bytes) -> bytes | None:
    """The contents of a PNG's chunk before its pixels."""
    at = 8
    while at + 12 <= len(data) and data[at + 4 : at + 8] != b"IDAT":
        length = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == name:
            return data[at + 8 : at + 8 + length]
        at += 12 + length
    return None


def _is_sound(primaries: Primaries) -> bool:
    try:
        return bool(np.isfinite(_matrix(primaries)).all())
    except np.linalg.LinAlgError:
        return False


def _linear(transfer: "float | str", top: int) -> NDArray[np.float32]:
    """Linear light of each stored value, 1 for white (PQ: for the reference white; HLG: scene light, 0 to 1)."""
    v = np.arange(top + 1) / top
    if transfer == "sRGB":
        light = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)
    elif transfer == "PQ":  # SMPTE ST 2084
        power = v ** (32 / 2523)
        light = (np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (8192 / 1305)
        light *= 10_000 / _REFERENCE_WHITE
    elif transfer == "HLG":  # ARIB STD-B67
        light = np.where(v <= 0.5, v**2 / 3, (np.exp((v - 0.55991073) / 0.17883277) + 0.28466892) / 12)
    else:
        light = v ** float(transfer)
    return light.astype(np.float32)


def _compressed(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scales each colour so that its largest channel stays below 1: unchanged up to the knee, then ever less."""
    peak = light.max(axis=1, keepdims=True)
    over = np.maximum(peak - _KNEE, 0) / (1 - _KNEE)
    wanted = np.where(peak > _KNEE, 1 - (1 - _KNEE) * np.exp(-over), peak)
    return light * np.divide(wanted, peak, out=np.ones_like(peak), where=peak > _KNEE)


def _encoded(light: NDArray[np.float32]) -> NDArray[np.uint8]:
    steps = 1 << 14
    table = np.arange(steps + 1) / steps
    table = np.where(table <= 0.0031308, 12.92 * table, 1.055 * table ** (1 / 2.4) - 0.055)
    return np.rint(255 * table).astype(np.uint8)[np.rint(np.clip(light, 0, 1) * steps).astype(np.intp)]


def _matrix(primaries: Primaries) -> NDArray[np.float64]:
    """Linear RGB of these primaries to linear sRGB, with their white as white."""
    cones = (_BRADFORD @ _xyz(*_D65)) / (_BRADFORD @ _xyz(*primaries[6:]))
    adapted = np.linalg.inv(_BRADFORD) @ np.diag(cones) @ _BRADFORD
    return np.linalg.inv(_to_xyz(SRGB)) @ adapted @ _to_xyz(primaries)


def _to_xyz(primaries: Primaries) -> NDArray[np.float64]:
    columns = np.stack([_xyz(*primaries[k : k + 2]) for k in (0, 2, 4)], axis=1)
    return columns * np.linalg.solve(columns, _xyz(*primaries[6:]))


def _xyz(x: float, y: float) -> NDArray[np.float64]:
    return np.array([x / y, 1, (1 - x - y) / y])
