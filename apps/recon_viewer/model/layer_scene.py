"""A layer's scene as the user has changed it: focal length, known lengths, options, crop box. No network runs."""

from collections.abc import Callable
from dataclasses import replace
from math import isclose
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.calibration.rescale import rescaled
from recon.frames import Transform, gl_T_cam
from recon.geometry.gravity import Levelling, estimate_levelling
from recon.geometry.unproject import rays_of, unproject
from recon.measure.picked_point import usable
from recon.options import Options
from recon.provenance import CropRecord, FocalRecord, KeptRecord
from recon.scene import Scene
from recon.types import Intrinsics, MetricDepth, Photo
from recon_viewer.model.state import Box, Layer

_PREVIEW_PIXELS = 160_000


class Adjuster:
    """Makes scenes from layers, and keeps each step's last result, so that moving one slider redoes one step."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, str], tuple[tuple[Any, ...], Any]] = {}

    def scene_of(self, layer: Layer, *, preview: bool = False) -> Scene:
        """The layer's scene as it is now.

        Args:
            layer: With a scene.
            preview: With every few pixels only, for as long as a slider moves.

        Raises:
            CalibrationError: The known sizes do not fit.
            ValueError: The layer holds no scene.
        """
        if layer.base is None:
            raise ValueError(f"{layer.name} holds no scene")
        metric = self._metric(layer)
        left = self._step(layer, "kept", (metric, layer.kept), lambda: masked(metric, layer.kept))
        kept = self._step(layer, "crop", (left, layer.crop), lambda: cropped(left, self._box(layer)))
        if not preview:
            shown = self._step(
                layer, "options", (kept, layer.options), lambda: self._optioned(layer, kept, "options")
            )
            return _scene(shown)
        small = self._step(layer, "small", (kept,), lambda: coarse(kept))
        options = replace(layer.options, stride=1, faces=None, error=None, fill=False)
        return _scene(
            self._step(
                layer, "preview", (small, options), lambda: self._optioned(layer, small, "preview", options)
            )
        )

    def levelling_of(self, layer: Layer) -> Levelling | None:
        """Where up is in the layer's scene; None of a file without one."""
        if layer.base is None:
            return None
        metric = self._metric(layer)

        def estimate() -> Levelling:
            return estimate_levelling(metric.depth, usable(metric), metric.intrinsics, metric.photo.rgb)

        levelling = self._step(layer, "level", (metric,), estimate)
        assert isinstance(levelling, Levelling)
        return levelling

    def upright_T_cam(self, layer: Layer) -> Transform:
        """(4, 4) to the frame of the floor grid and of the crop box: y up, and the floor at 0 where one is seen."""
        levelling = self.levelling_of(layer)
        return gl_T_cam if levelling is None else levelling.level_T_gl @ gl_T_cam

    def world_T_cam(self, layer: Layer) -> Transform:
        """(4, 4) to the frame that is shown: upright where the option asks for it, else as the camera saw it."""
        return self.upright_T_cam(layer) if self.is_level(layer) else gl_T_cam

    def is_level(self, layer: Layer) -> bool:
        """Whether the layer is shown upright: as the option says, by default if gravity is sure."""
        if layer.options.level is not None or layer.options.axes == "opencv":
            return bool(layer.options.level)
        levelling = self.levelling_of(layer)
        return levelling is not None and levelling.sure

    def once(self, layer: Layer, name: str, make: Callable[[Scene], Any]) -> Any:
        """Something computed from the layer's scene before it is cropped; kept until that changes."""
        metric = self._metric(layer)
        return self._step(layer, name, (metric,), lambda: make(metric))

    def forget(self, keys: set[int]) -> None:
        """Drops what was kept of other layers than these."""
        self._made = {at: made for at, made in self._made.items() if at[0] in keys}

    def _metric(self, layer: Layer) -> Scene:
        base = layer.base
        assert base is not None
        focused = self._step(layer, "focal", (base, layer.focal_px), lambda: refocused(base, layer.focal_px))
        return _scene(
            self._step(layer, "known", (focused, layer.used), lambda: rescaled(focused, layer.used))
        )

    def _box(self, layer: Layer) -> tuple[Box, Transform] | None:
        return None if layer.crop is None else (layer.crop, self.upright_T_cam(layer))

    def _optioned(self, layer: Layer, scene: Scene, name: str, options: Options | None = None) -> Scene:
        options = options or layer.options
        # From the one before, whose depth edges hold as long as nothing moves them.
        _, before = self._made.get((layer.key, name), ((), None))
        if isinstance(before, Scene) and before.depth is scene.depth:
            return before.with_options(options)
        return scene.with_options(options)

    def _step(self, layer: Layer, name: str, inputs: tuple[Any, ...], make: Any) -> Any:
        at = (layer.key, name)
        kept = self._made.get(at)
        # Scenes are compared by identity: comparing their arrays would cost more than making them.
        if kept is not None and len(kept[0]) == len(inputs) and all(map(_same, kept[0], inputs)):
            return kept[1]
        made = make()
        self._made[at] = (inputs, made)
        return made


def refocused(scene: Scene, focal_px: float | None) -> Scene:
    """With another focal length; metres that were computed from it follow (design: Depth Pro's do, linearly)."""
    camera = scene.intrinsics
    if focal_px is None or isclose(focal_px, camera.fx, rel_tol=1e-9):
        return scene
    factor = focal_px / camera.fx
    focal, depth = scene.provenance.focal, scene.depth
    sets_depth = None if focal is None else focal.sets_depth
    if sets_depth:
        depth = replace(depth, z_m=depth.z_m * np.float32(factor))
    moved = replace(camera, fx=focal_px, fy=camera.fy * factor, source="user")
    provenance = replace(scene.provenance, focal=FocalRecord.of(moved, sets_depth=sets_depth))
    return replace(scene, intrinsics=moved, depth=depth, provenance=provenance)


def masked(scene: Scene, kept: NDArray[np.bool_] | None) -> Scene:
    """Without the depth of other pixels than ``kept``, (H, W)."""
    if kept is None:
        return scene
    left = KeptRecord(int((scene.depth.valid & kept).sum()))
    return replace(
        scene,
        depth=replace(scene.depth, valid=scene.depth.valid & kept),
        sky=None if scene.sky is None else scene.sky & kept,
        provenance=replace(scene.provenance, kept=left),
    )


def cropped(scene: Scene, box: tuple[Box, Transform] | None) -> Scene:
    """Without the depth of what lies outside of the box."""
    if box is None:
        return scene
    kept, upright_T_cam = box
    # One axis at a time: three arrays of the photo's size would be held else.
    points = unproject(scene.depth.z_m, rays_of(scene.intrinsics))
    inside: NDArray[np.bool_] = scene.depth.valid.copy()
    for axis in range(3):
        along = points @ upright_T_cam[axis, :3].astype(np.float32) + np.float32(upright_T_cam[axis, 3])
        inside &= (along >= kept.low[axis]) & (along <= kept.high[axis])
    return replace(
        scene,
        depth=replace(scene.depth, valid=inside),
        sky=None,
        provenance=replace(scene.provenance, crop=CropRecord(kept.low, kept.high)),
    )


def coarse(scene: Scene, most_pixels: int = _PREVIEW_PIXELS) -> Scene:
    """Every few pixels of a scene, exactly where they are: for a preview."""
    height, width = scene.depth.z_m.shape
    n = max(1, round((height * width / most_pixels) ** 0.5))
    if n == 1:
        return scene
    camera, log_sigma, normals = scene.intrinsics, scene.depth.log_sigma, scene.depth.normals
    z_m = np.ascontiguousarray(scene.depth.z_m[::n, ::n])
    return replace(
        scene,
        photo=Photo(np.ascontiguousarray(scene.photo.rgb[::n, ::n]), path=scene.photo.path),
        # Pixel k of the coarse picture is pixel n k of the fine one: their centres, at 0.5, coincide.
        intrinsics=Intrinsics(
            camera.fx / n,
            camera.fy / n,
            (camera.cx - 0.5) / n + 0.5,
            (camera.cy - 0.5) / n + 0.5,
            z_m.shape[1],
            z_m.shape[0],
            camera.source,
        ),
        depth=MetricDepth(
            z_m,
            np.ascontiguousarray(scene.depth.valid[::n, ::n]),
            scene.depth.scale_interval,
            None if log_sigma is None else np.ascontiguousarray(log_sigma[::n, ::n]),
            None if normals is None else np.ascontiguousarray(normals[::n, ::n]),
        ),
        sky=None if scene.sky is None else np.ascontiguousarray(scene.sky[::n, ::n]),
    )


def _same(a: Any, b: Any) -> bool:
    big = (Scene, np.ndarray)
    return a is b or (not isinstance(a, big) and not isinstance(b, big) and bool(a == b))


def _scene(made: Any) -> Scene:
    assert isinstance(made, Scene)
    return made
