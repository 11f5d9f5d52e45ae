"""The list of what is measured: photos with their true depth, in a ``pairs.json`` (docs/evaluation.md)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any

from recon.depth.measured import check_aspect
from recon.depth_map.read import DepthFile, read_depth
from recon.errors import ReconError
from recon.evaluate.error_model.fit import scene_of
from recon.types import Intrinsics, Photo

MANIFEST = "pairs.json"


class EvaluationError(ReconError):
    """The list of pairs, or the folder of a report, cannot be used."""


@dataclass(frozen=True)
class Pair:
    """A photo and its true depth; nothing is read yet."""

    name: str
    photo: Path
    depth: Path
    unit_m: float | None = None
    """Metres per stored unit; None: 0.001 for integers, 1 for floats."""
    camera_px: tuple[float, float, float, float] | None = None
    """fx, fy, cx, cy of the upright photo, px; the top-left pixel's centre is (0.5, 0.5). None: not known."""
    size_px: tuple[int, int] | None = None
    """Width and height of the upright photo that the manifest tells."""
    kind: str = ""
    """The sensor, in a word."""
    scene: str = ""
    """``indoor``, ``outdoor``, or whatever the report is to be divided by."""
    place: str = ""
    """Pairs of one place are no independent samples: an error model counts them as one."""

    def camera(self, photo: Photo) -> Intrinsics | None:
        """The true camera of the upright photo, or None where it is not known."""
        if self.camera_px is None:
            return None
        return Intrinsics(*self.camera_px, width=photo.width, height=photo.height, source="user")

    def read_truth(self, photo: Photo) -> DepthFile:
        """True depth on the grid of its own file.

        Raises:
            ReconError: The file cannot be read, has no valid pixel, or shows another view than the photo.
        """
        if self.size_px is not None and self.size_px != (photo.width, photo.height):
            wanted = "x".join(map(str, self.size_px))
            raise EvaluationError(
                f"{self.photo}: the manifest says {wanted} px, the upright photo has {photo.width}x{photo.height}."
            )
        truth = read_depth(self.depth, self.unit_m)
        check_aspect(self.depth, truth.z_m, photo)
        return truth


def read_manifest(path: Path) -> list[Pair]:
    """Reads ``pairs.json``, or that of a folder; whether the files are there is seen when each is read.

    Raises:
        EvaluationError: It is missing, is no such list, is empty, or an entry lacks what it needs.
    """
    file = path / MANIFEST if path.is_dir() else path
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        told = f"{path} has no {MANIFEST}" if path.is_dir() else f"{file} cannot be read ({error.strerror})"
        raise EvaluationError(
            f'{told}: it lists the photos with their true depth, as {{"name": {{"rgb": "a.jpg", "depth": "a.png", '
            '"depth_units_per_metre": 1000, "K_fx_fy_cx_cy": [900, 900, 640, 480]}}.'
        ) from error
    except ValueError as error:
        raise EvaluationError(f"{file} is not JSON: {error}.") from error
    if not isinstance(content, dict) or not content:
        raise EvaluationError(f"{file}: expected an object with an entry for each pair, by its name.")
    pairs = [_pair(name, entry, file) for name, entry in content.items()]
    return _with_places(pairs, content)


def _pair(name: str, entry: Any, file: Path) -> Pair:
    def wrong(told: str) -> EvaluationError:
        return EvaluationError(f"{file}: {name}: {told}.")

    if not isinstance(entry, Mapping):
        raise wrong('expected an object with "rgb" and "depth"')
    if not name or set(name) & set('/\\<>:"|?*') or name in (".", ".."):
        raise wrong("a pair's name becomes a file's name, and cannot have such characters")
    for key in ("rgb", "depth"):
        if not isinstance(entry.get(key), str) or not entry[key]:
            raise wrong(f'"{key}" must be the name of a file, got {entry.get(key)!r}')
    units = entry.get("depth_units_per_metre")
    if units is not None and not (_is_number(units) and units > 0):
        raise wrong(f'"depth_units_per_metre" must be a positive number, got {units!r}')
    camera = entry.get("K_fx_fy_cx_cy")
    if camera is not None:
        good = isinstance(camera, list) and len(camera) == 4 and all(_is_number(x) for x in camera)
        if not good or min(camera[:2]) <= 0:
            raise wrong(f'"K_fx_fy_cx_cy" must be four numbers in px, fx and fy positive, got {camera!r}')
        first = entry.get("first_pixel_centre", 0.5)
        if first not in (0, 0.5):
            raise wrong(f'"first_pixel_centre" must be 0.5, or 0 as OpenCV counts, got {first!r}')
        moved = 0.5 - first
        camera = (float(camera[0]), float(camera[1]), camera[2] + moved, camera[3] + moved)
    size = entry.get("width_height")
    if size is not None and not (isinstance(size, list) and len(size) == 2 and all(map(_is_number, size))):
        raise wrong(f'"width_height" must be two numbers, got {size!r}')
    return Pair(
        name=name,
        photo=file.parent / entry["rgb"],
        depth=file.parent / entry["depth"],
        unit_m=None if units is None else 1 / units,
        camera_px=camera,
        size_px=None if size is None else (int(size[0]), int(size[1])),
        kind=str(entry.get("kind") or ""),
        scene=str(entry.get("scene") or ""),
    )


def _with_places(pairs: list[Pair], content: Mapping[str, Any]) -> list[Pair]:
    """``place`` as the entry says it; else frames of a sequence, which have poses and numbered names, share one."""
    placed = []
    for pair in pairs:
        entry = content[pair.name]
        sequence = scene_of(pair.name, posed=entry.get("world_T_cam") is not None)
        placed.append(replace(pair, place=str(entry.get("place") or sequence or pair.name)))
    return placed


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
