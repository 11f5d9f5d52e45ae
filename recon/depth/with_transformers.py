"""Any depth network of the transformers library, run by the library's own model class and image processor.

recon has its own, faster networks for Depth Pro and Depth Anything. This module runs all others (ZoeDepth, GLPN,
DPT, Prompt Depth Anything, ...), and also those two with ``--backend transformers``.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import sqrt
from typing import Any

import numpy as np
from PIL import Image

from recon.depth.estimator import RunOptions, check_shape
from recon.depth.hub.checkpoint_cache import Snapshot, Source
from recon.depth.inference import placement
from recon.depth.inference.loaded_model import Network
from recon.depth.inference.placement import Placement
from recon.errors import ModelUnavailable
from recon.journal import Journal
from recon.types import DepthEstimate, DepthKind, FloatMap, MetricDepth, Photo, RelativeDepth

_ALWAYS_METRIC = ("depth_pro", "glpn", "tipsv2_dpt", "zoedepth")
"""Model types whose output is depth in metres: their papers train them on metric depth alone."""
_STATED_IN_CONFIG = ("depth_anything", "prompt_depth_anything")
"""Model types whose config.json holds ``depth_estimation_type``; transformers' default is relative."""
_OTHER_QUANTITIES = {"chmv2": "the height of trees in pictures from above"}
"""Model types that transformers lists under depth estimation, and what they estimate instead of depth."""
_LONGEST_REASON = 200
"""Letters of a message of transformers that are passed on: it may quote the file."""
_PROCESSOR_FILES = ("preprocessor_config.json", "processor_config.json")
"""One of them says how a photo becomes the input."""
_FLOAT32_PARTS = ("head", "relative_head", "metric_head", "fov_model")
"""Submodules that compute in float32 at any precision: half precision quantises depth."""


def supported() -> tuple[str, ...]:
    """The ``model_type`` of every depth network of the installed transformers, sorted; imports transformers."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_DEPTH_ESTIMATION_MAPPING_NAMES

    return tuple(sorted(MODEL_FOR_DEPTH_ESTIMATION_MAPPING_NAMES))


def depth_kind(name: str, config: Mapping[str, Any], stated: DepthKind | None) -> DepthKind:
    """The kind of depth that a checkpoint gives, by its class and config.json, else as the user states it.

    Args:
        name: Name given by the user, for the message.
        config: The checkpoint's config.json.
        stated: Value of ``--depth-kind``.

    Raises:
        ModelUnavailable: It estimates something else than depth, or the kind is neither known nor stated, or both
            are and differ.
    """
    model_type = str(config.get("model_type"))
    if model_type in _OTHER_QUANTITIES:
        raise ModelUnavailable(
            f"{name}: a {model_type} network estimates {_OTHER_QUANTITIES[model_type]}, not depth. Choose another "
            "model."
        )
    known: DepthKind | None = None
    if model_type in _ALWAYS_METRIC:
        known = "metric"
    elif model_type in _STATED_IN_CONFIG:
        known = "metric" if config.get("depth_estimation_type") == "metric" else "relative"
    if known is None and stated is None:
        raise ModelUnavailable(
            f"{name}: {model_type} networks are trained for metres or for inverse depth, and config.json does not "
            "state which. Add --depth-kind metric (metres) or --depth-kind relative (inverse depth, larger is "
            "nearer); the model's web page says which."
        )
    if known is not None and stated not in (None, known):
        raise ModelUnavailable(
            f"{name}: this checkpoint gives {known} depth, by its config.json; omit --depth-kind."
        )
    return known or stated or "relative"


class TransformersDepth:
    """Estimator for a checkpoint that transformers' ``AutoModelForDepthEstimation`` opens."""

    def __init__(self, name: str, source: Source, gives: DepthKind, run: RunOptions) -> None:
        """Takes the name that the user gave, the source of the weights, the kind of depth, and the run options.

        Raises:
            ModelUnavailable: The options ask for what transformers' networks cannot do.
        """
        refuse_int8(name, run)
        self.name = name
        self.gives = gives
        self._size_px = run.processing_size
        self._network = Network(name, source, run, load=_load, keep_fp32=_FLOAT32_PARTS)

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """Estimates depth; ignores the focal length, as these networks do.

        Raises:
            ModelUnavailable: The weights are unavailable or damaged, or do not fit in memory.
            PhotoError: The photo is too narrow.
        """
        check_shape(photo, self.name)
        snapshot = self._network.snapshot(journal)

        def work(model: Any, placement: Placement) -> tuple[FloatMap, tuple[int, int], float | None]:
            with (
                journal.stage(f"Running {self.name} with transformers"),
                _as_one_sentence(snapshot, self._size_px),
            ):
                values, size = _predict(model, photo, placement, self._size_px)
            return values, size, _clamped_at_m(model.config)

        values, (width, height), max_depth_m = self._network.run(work, journal)
        details = {
            **self._network.details(),
            "backend": "transformers",
            "processing_width": width,
            "processing_height": height,
        }
        finite = np.isfinite(values)
        depth: MetricDepth | RelativeDepth
        if self.gives == "metric":
            below = values < max_depth_m if max_depth_m else True
            depth = MetricDepth(values, finite & (values > 0) & below)
            details |= {"max_depth_m": max_depth_m, "uses_focal": False}
        else:
            depth = RelativeDepth(values, finite)
        return DepthEstimate(depth=depth, model=self.name, revision=snapshot.revision, details=details)


def refuse_int8(name: str, run: RunOptions) -> None:
    """Stops where int8 is asked of a network that is not recon's own.

    Raises:
        ModelUnavailable: The options ask for int8.
    """
    if run.precision == "int8":
        raise ModelUnavailable(
            f"{name}: --precision int8 exists in recon's own networks only (--backend fast); omit one of the two."
        )


def load_model(snapshot: Snapshot, **overrides: Any) -> Any:
    """Loads a checkpoint with ``AutoModelForDepthEstimation``, from this machine, without running its code.

    Args:
        snapshot: The checkpoint.
        overrides: Values that replace those of config.json.

    Raises:
        ModelUnavailable: The checkpoint is damaged or not supported, or its weights do not match the network.
    """
    from transformers import AutoModelForDepthEstimation

    with _as_one_sentence(snapshot):
        model, report = AutoModelForDepthEstimation.from_pretrained(
            snapshot.folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype="float32",
            output_loading_info=True,
            **overrides,
        )
    # transformers fills missing weights with random numbers and continues.
    for problem in ("missing_keys", "mismatched_keys"):
        if names := sorted(str(name) for name in report[problem]):
            raise ModelUnavailable(
                f"{snapshot.folder}: {len(names)} {problem.split('_')[0]} weights ({names[0]}, ...); they do not "
                "match its config.json. Download the checkpoint again, or choose another one."
            )
    return model.eval().requires_grad_(False)


def _load(snapshot: Snapshot) -> Any:
    """The network, with its image processor as an attribute."""
    from transformers import AutoImageProcessor

    if not any((snapshot.folder / name).is_file() for name in _PROCESSOR_FILES):
        raise ModelUnavailable(
            f"{snapshot.folder} has no {_PROCESSOR_FILES[0]}, which transformers needs. Copy it from the "
            "checkpoint's repository, or use --backend fast, which Depth Pro and Depth Anything V2 have."
        )
    model = load_model(snapshot)
    with _as_one_sentence(snapshot):
        model.image_processor = AutoImageProcessor.from_pretrained(
            snapshot.folder, local_files_only=True, trust_remote_code=False, backend="pil"
        )
    return model


@contextmanager
def _as_one_sentence(snapshot: Snapshot, size_px: int | None = None) -> Iterator[None]:
    """Turns what transformers raises about a checkpoint into ModelUnavailable; silences its progress and warnings.

    Args:
        snapshot: The checkpoint.
        size_px: The size that the user asked for, which may be what it cannot do.
    """
    from transformers.utils import logging

    before, shows_progress = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    logging.set_verbosity(logging.CRITICAL)
    try:
        yield
    except Exception as error:  # foreign data: the kind of error depends on the class
        if placement.is_out_of_memory(error):
            raise
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:_LONGEST_REASON]
        at, remedy = "", "Download it again"
        if size_px is not None:
            at, remedy = f" with --processing-size {size_px}", "Omit --processing-size, download it again"
        raise ModelUnavailable(
            f"{snapshot.folder}: transformers cannot use this checkpoint{at} ({reason}). {remedy}, or choose another "
            "one."
        ) from error
    finally:
        logging.set_verbosity(before)
        if shows_progress:
            logging.enable_progress_bar()


def _predict(
    model: Any, photo: Photo, placement: Placement, size_px: int | None
) -> tuple[FloatMap, tuple[int, int]]:
    """Depth or inverse depth (H, W) float32 on the photo's grid, and (width, height) of the network's input."""
    import torch

    picture, how = _at_size(model, Image.fromarray(photo.rgb), size_px)
    prepared = model.image_processor(picture, return_tensors="pt", **how)
    pixels = prepared["pixel_values"].to(placement.device, placement.dtype)
    values = model(pixel_values=pixels).predicted_depth[:, None].to(torch.float32)
    down, across = _padding(model, photo)
    size = (photo.height + 2 * down, photo.width + 2 * across)
    resized = torch.nn.functional.interpolate(values, size, mode="bilinear", align_corners=False)
    inside = resized[0, 0, down : down + photo.height, across : across + photo.width]
    return inside.cpu().numpy(), (int(pixels.shape[3]), int(pixels.shape[2]))


def _at_size(model: Any, picture: Image.Image, size_px: int | None) -> tuple[Image.Image, dict[str, Any]]:
    """The picture, and the keywords of the image processor, for which the input's shorter side is about ``size_px``.

    Most processors resize to the ``size`` that they are given, with the proportions of their own one. GLPN's resizes
    nothing but to whole patches, so that the picture is resized before.
    """
    if size_px is None:
        return picture, {}
    own = getattr(model.image_processor, "size", None)
    height, width = (getattr(own, side, None) for side in ("height", "width"))
    if not height or not width:
        divisor = int(getattr(model.image_processor, "size_divisor", None) or 1)
        scale = size_px / min(picture.size) / divisor
        whole = tuple(max(1, round(side * scale)) * divisor for side in picture.size)
        return picture.resize((whole[0], whole[1]), Image.Resampling.BICUBIC), {}
    patch = _patch_px(model.config)
    high, wide = (
        max(1, round(size_px * side / min(height, width) / patch)) * patch for side in (height, width)
    )
    return picture, {"size": {"height": high, "width": wide}}


def _patch_px(config: Any) -> int:
    """Side of a patch of the encoder, px; 1 if it has none."""
    for part in (config, getattr(config, "backbone_config", None)):
        side = getattr(part, "patch_size", None)
        if isinstance(side, int):
            return side
    return 1


def _padding(model: Any, photo: Photo) -> tuple[int, int]:
    """Rows and columns that the image processor adds on each side of the photo, px of the photo.

    Only ZoeDepth's does, by ``3 sqrt(side / 2)`` (``depth_model.py`` of its authors). The processor's own function to
    remove them needs torchvision.
    """
    if model.config.model_type != "zoedepth" or not model.image_processor.do_pad:
        return 0, 0
    return int(3 * sqrt(photo.height / 2)), int(3 * sqrt(photo.width / 2))


def _clamped_at_m(config: Any) -> float | None:
    """The distance to which the network clamps its output, m: a pixel there has no known depth."""
    if config.model_type not in _STATED_IN_CONFIG or config.depth_estimation_type != "metric":
        return None
    return float(config.max_depth)
