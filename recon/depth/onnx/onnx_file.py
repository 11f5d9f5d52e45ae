"""Runs a network from an ONNX file of ``recon models export``, with onnxruntime and without torch."""

import os
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.depth import depth_pro, preview
from recon.depth.estimator import RunOptions, check_shape
from recon.depth.nets.preview_look import Look, Maps, calibrated_sigma, combined, size_of_closer
from recon.depth.onnx.graph_info import GraphInfo, read_info
from recon.depth.onnx.interruptible_run import interruptible_run
from recon.errors import ModelUnavailable, to_add
from recon.journal import Journal
from recon.threads import cores
from recon.types import DepthEstimate, DepthKind, FloatMap, MetricDepth, Photo, RelativeDepth

_PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "mps": "CoreMLExecutionProvider",
}
_INSTALL = f"onnx: models need onnxruntime: {to_add('onnx')}"


class OnnxFile:
    """Estimator for one file; the description in it says how to prepare the photo and what the output means."""

    def __init__(self, name: str, path: Path, run: RunOptions) -> None:
        """Reads the description of the file, but loads no network.

        Args:
            name: Name given by the user.
            path: The file.
            run: Run options; precision and size are those of the file.

        Raises:
            ModelUnavailable: The file is missing, damaged, or not written by recon.
        """
        self.name = name
        self.info = read_info(path)
        self._path, self._run = path, run

    @property
    def gives(self) -> DepthKind:
        """Relative depth, or metres."""
        return "relative" if self.info.output == "relative" else "metric"

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """Estimates depth on the photo's grid.

        Raises:
            ModelUnavailable: onnxruntime is not installed, or cannot run the file.
            PhotoError: The photo is too narrow.
        """
        check_shape(photo, self.name)
        if "_session" not in self.__dict__:
            with journal.stage(f"Loading {self.name}"):
                session = self._session
            journal.decide("model", f"{self.name} on {self._device}, {self.info.precision}.", model=self.name)
            self._warn_of_idle_options(journal)
            del session
        with journal.stage(f"Running {self.name}"):
            if self.info.output == "preview":
                return self._preview(photo, focal_px, journal)
            return self._depth(photo, focal_px, journal)

    def _preview(self, photo: Photo, focal_px: float | None, journal: Journal) -> DepthEstimate:
        def look(rgb: NDArray[np.uint8], focal_over_width: float, known: bool) -> Look:
            aspect = self.info.aspect or self.info.width / self.info.height
            padded, left, top = padded_to(rgb, aspect)
            share = rgb.shape[1] / padded.shape[1]
            size = (self.info.width, self.info.height)
            feeds = {
                "pixels": prepared(padded, self.info, size),
                "close": prepared(padded, self.info, size_of_closer(aspect, size[0] * size[1])),
                "focal": np.array([focal_over_width * share], np.float32),
                "known": np.array([known], np.float32),
            }
            maps = self._outputs(feeds, journal)
            seen = combined(Maps(*maps[:3]), Maps(*maps[3:]))
            sigma = calibrated_sigma(seen.log_sigma, self.info.sigma_factor, self.info.sigma_power)
            # C = f / (W z) is of the padded picture's width.
            log_inverse = seen.log_inverse - np.float32(np.log(share))
            height, width = padded.shape[:2]
            box = (left, top, rgb.shape[1], rgb.shape[0])
            return Look(*(_cut(each, box, width, height) for each in (log_inverse, seen.sky, sigma)))

        return preview.estimate_by(
            look,
            photo,
            focal_px=focal_px,
            model=self.name,
            revision=self.info.revision,
            details=self._details(),
        )

    def _depth(self, photo: Photo, focal_px: float | None, journal: Journal) -> DepthEstimate:
        info = self.info
        padded, left, top = photo.rgb, 0, 0
        if info.fit == "pad":
            padded, left, top = padded_to(photo.rgb, info.width / info.height)
        feeds = {"pixels": prepared(padded, info, (info.width, info.height))}
        values, *rest = self._outputs(feeds, journal)
        inside = (slice(top, top + photo.height), slice(left, left + photo.width))
        map_ = _resized(values[0], padded.shape[1], padded.shape[0])[inside]
        common: dict[str, Any] = {"model": self.name, "revision": info.revision}
        finite = np.isfinite(map_)
        if info.output == "relative":
            return DepthEstimate(depth=RelativeDepth(map_, finite), details=self._details(), **common)
        if info.output == "metric":
            valid = finite & (map_ > 0) & (map_ < (info.max_depth_m or np.inf))
            return DepthEstimate(depth=MetricDepth(map_, valid), details=self._details(), **common)
        fov_deg = float(rest[0][0]) if rest else None
        predicted_px, used_px = depth_pro.focal_lengths(self.name, photo, focal_px, fov_deg, journal)
        depth, sky = depth_pro.metric_depth(map_, focal_px=used_px)
        return DepthEstimate(
            depth=depth,
            focal_px=predicted_px,
            focal_used_px=used_px,
            sky=sky,
            details=self._details(),
            **common,
        )

    def _outputs(self, feeds: dict[str, NDArray[np.float32]], journal: Journal) -> list[NDArray[np.float32]]:
        """Runs the network."""
        session = self._session
        try:
            with interruptible_run(journal) as options:
                return [np.asarray(each, np.float32) for each in session.run(None, feeds, options)]
        except Exception as error:  # onnxruntime has its own errors for foreign data
            raise self._problem(error) from error

    @property
    def _device(self) -> str:
        import onnxruntime

        available = onnxruntime.get_available_providers()
        if self._run.device == "auto":
            return "cuda" if _PROVIDERS["cuda"] in available else "cpu"
        if _PROVIDERS[self._run.device] not in available:
            raise ModelUnavailable(
                f"--device {self._run.device}: the installed onnxruntime cannot use it (it has "
                f"{', '.join(available)}). Omit --device, or install another build of onnxruntime."
            )
        return self._run.device

    @cached_property
    def _session(self) -> Any:
        try:
            import onnxruntime
        except ImportError as error:
            raise ModelUnavailable(_INSTALL) from error
        options = onnxruntime.SessionOptions()
        # As torch does: OMP_NUM_THREADS, else all cores.
        given = os.environ.get("OMP_NUM_THREADS", "")
        options.intra_op_num_threads = int(given) if given.isdigit() and int(given) else cores()
        options.log_severity_level = 3
        device = self._device
        providers = list(dict.fromkeys([_PROVIDERS[device], _PROVIDERS["cpu"]]))
        try:
            return onnxruntime.InferenceSession(str(self._path), options, providers=providers)
        except Exception as error:  # onnxruntime has its own errors for foreign data
            raise self._problem(error) from error

    def _problem(self, error: Exception) -> ModelUnavailable:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        return ModelUnavailable(
            f"{self._path}: onnxruntime cannot use this file ({reason}). Export it again."
        )

    def _warn_of_idle_options(self, journal: Journal) -> None:
        for flag, given in (
            ("--precision", self._run.precision != "auto"),
            ("--processing-size", self._run.processing_size is not None),
            ("--backend", self._run.backend != "auto"),
            ("--depth-kind", self._run.depth_kind is not None),
        ):
            if given:
                journal.warn(
                    "options", f"{flag} has no effect: it is fixed in {self._path.name}", option=flag
                )

    def _details(self) -> dict[str, Any]:
        info = self.info
        return {
            "weights": self._path.name,
            "exported_from": info.model,
            "device": self._device,
            "precision": info.precision,
            "backend": "onnxruntime",
            "processing_width": info.width,
            "processing_height": info.height,
        }


def padded_to(rgb: NDArray[np.uint8], aspect: float) -> tuple[NDArray[np.uint8], int, int]:
    """The picture with its border repeated to an aspect ratio (width by height); pixels added at the left and top."""
    import cv2

    height, width = rgb.shape[:2]
    across = max(0, ceil(height * aspect) - width) if width < height * aspect else 0
    down = max(0, ceil(width / aspect) - height) if width > height * aspect else 0
    if not across and not down:
        return rgb, 0, 0
    left, top = across // 2, down // 2
    padded = cv2.copyMakeBorder(rgb, top, down - top, left, across - left, cv2.BORDER_REPLICATE)
    return np.asarray(padded, np.uint8), left, top


def prepared(rgb: NDArray[np.uint8], info: GraphInfo, size: tuple[int, int]) -> NDArray[np.float32]:
    """The network's input, (1, 3, h, w) float32, normalised.

    Args:
        rgb: (H, W, 3) uint8 sRGB.
        info: Filter and normalisation.
        size: (width, height) of the input, px.
    """
    import cv2
    from PIL import Image

    if info.resize == "bicubic":
        small = np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BICUBIC))
    elif info.resize == "area":
        smaller = size[0] < rgb.shape[1]
        small = np.asarray(
            cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
        )
    else:
        # In floating point: OpenCV rounds the weights of integers to 11 bits.
        small = np.asarray(cv2.resize(rgb.astype(np.float32), size, interpolation=cv2.INTER_LINEAR))
    mean, deviation = np.array(info.mean, np.float32), np.array(info.deviation, np.float32)
    scaled = (small.astype(np.float32) / 255 - mean) / deviation
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None])


def _resized(values: FloatMap, width: int, height: int) -> FloatMap:
    import cv2

    if values.shape == (height, width):
        return values
    return np.asarray(cv2.resize(values, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _cut(values: FloatMap, box: tuple[int, int, int, int], width: int, height: int) -> FloatMap:
    """The part (left, top, width, height) of a map of a picture of width x height px, at the map's resolution."""
    import cv2

    left, top, across, down = box
    if (across, down) == (width, height):
        return values
    rows, columns = values.shape
    high, wide = max(1, round(rows * down / height)), max(1, round(columns * across / width))
    x = (left + (np.arange(wide) + 0.5) * across / wide) / width * columns - 0.5
    y = (top + (np.arange(high) + 0.5) * down / high) / height * rows - 0.5
    across_map, down_map = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
    border = cv2.BORDER_REPLICATE
    return np.asarray(
        cv2.remap(values, across_map, down_map, cv2.INTER_LINEAR, borderMode=border), np.float32
    )
