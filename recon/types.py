"""The values that flow between the stages: frozen, checked when made, compared by their contents.

Arrays are [row, col]; sizes are passed as ``width=`` and ``height=``. Unit suffixes: ``_m _px _deg _rad``.

In: ``Photo`` (with ``PanoramaFrame``, ``OriginalPicture`` and ``CarriedDepth`` where they apply), ``Intrinsics``.
Depth: ``DepthEstimate`` of a model, which holds ``MetricDepth`` or ``RelativeDepth``.
Geometry: ``Rays`` and ``Connections`` of pixels; out come a ``PointCloud`` or a ``Mesh``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import atan, degrees, isfinite, radians, tan
from pathlib import PurePath
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recon import interop
from recon.frames import Transform, apply, rigid, rotate
from recon.values import Value

DepthKind = Literal["metric", "relative"]
"""Metres, or known only up to scale and shift of inverse depth."""
FocalSource = Literal["user", "file", "exif", "fit", "model", "default"]
FOCAL_SOURCES: Mapping[FocalSource, str] = {
    "user": "as given",
    "file": "from the file",
    "exif": "from EXIF",
    "fit": "fitted",
    "model": "predicted by the model",
    "default": "assumed",
}
"""The sources in words, for reports and pages."""
BoolMap = NDArray[np.bool_]
FloatMap = NDArray[np.float32]
DEFAULT_FOV_DEG = 60.0
"""Field of view along a picture's longer side if nothing else is known: about that of a phone's or a compact's main
lens."""
NEAREST_M = 1e-6
"""No camera sees what is nearer; the inverse of much smaller numbers is infinite in float32."""
LEAST_LOG_SIGMA = 1e-4
"""Standard deviations of log depth are positive, also where predictions agree exactly."""
_UNIT_TOLERANCE = 0.01
"""Of the squared length of a unit vector: files hold normals in half precision."""
FARTHEST_M = 1e5
"""Larger depths are invalid: no sensor measures 100 km, and renderers write 1e10 (or 65504 in half floats) for empty
pixels."""


@dataclass(frozen=True)
class Intrinsics:
    """A pinhole camera without distortion.

    Pixel convention: the centre of the top-left pixel is (0.5, 0.5). A point (x, y, z) of the cam frame
    projects to ``u = fx * x / z + cx``, ``v = fy * y / z + cy``.
    """

    fx: float
    """Focal length along x, px."""
    fy: float
    """Focal length along y, px."""
    cx: float
    """Principal point, px from the picture's left edge."""
    cy: float
    """Principal point, px from the picture's top edge."""
    width: int
    """Width of the picture that the numbers belong to, px."""
    height: int
    """Height of the picture that the numbers belong to, px."""
    source: FocalSource = "user"
    """Where the focal length came from."""
    angular: bool = False
    """Whether x and y are angles around the camera instead of slopes: the chart of a panorama
    (``recon.panorama.sphere``), which is no pinhole camera."""

    def __post_init__(self) -> None:
        if not (isfinite(self.fx) and isfinite(self.fy) and self.fx > 0 and self.fy > 0):
            raise ValueError(f"focal lengths must be positive and finite, got fx={self.fx}, fy={self.fy}")
        if not (isfinite(self.cx) and isfinite(self.cy)):
            raise ValueError(f"the principal point must be finite, got cx={self.cx}, cy={self.cy}")
        if self.width < 1 or self.height < 1:
            raise ValueError(f"the picture must have pixels, got {self.width}x{self.height}")

    @classmethod
    def from_focal(cls, focal_px: float, *, width: int, height: int, source: FocalSource) -> "Intrinsics":
        """Square pixels and the principal point at the picture's centre."""
        return cls(focal_px, focal_px, width / 2, height / 2, width, height, source)

    @classmethod
    def from_fov(cls, fov_x_deg: float, *, width: int, height: int, source: FocalSource) -> "Intrinsics":
        """From the horizontal field of view: ``f = 0.5 W / tan(0.5 fov)``."""
        if not 0 < fov_x_deg < 180:
            raise ValueError(f"the field of view must be between 0 and 180 degrees, got {fov_x_deg}")
        focal_px = 0.5 * width / tan(0.5 * radians(fov_x_deg))
        return cls.from_focal(focal_px, width=width, height=height, source=source)

    @classmethod
    def default(cls, *, width: int, height: int) -> "Intrinsics":
        """The default for an unknown camera: a field of view of 60 degrees along the longer side, so that the focal
        length is the same in portrait and landscape."""
        focal_px = 0.5 * max(width, height) / tan(0.5 * radians(DEFAULT_FOV_DEG))
        return cls.from_focal(focal_px, width=width, height=height, source="default")

    @classmethod
    def best(
        cls, known: "Intrinsics | None", model_focal_px: float | None, *, width: int, height: int
    ) -> "Intrinsics":
        """The known camera, otherwise one with a model's focal length, px, otherwise the default."""
        if known is not None:
            return known
        if model_focal_px is not None:
            return cls.from_focal(model_focal_px, width=width, height=height, source="model")
        return cls.default(width=width, height=height)

    @property
    def fov_x_deg(self) -> float:
        """Horizontal field of view in degrees, also for a principal point off the centre."""
        return degrees(atan(self.cx / self.fx) + atan((self.width - self.cx) / self.fx))

    @property
    def fov_y_deg(self) -> float:
        """Vertical field of view in degrees."""
        return degrees(atan(self.cy / self.fy) + atan((self.height - self.cy) / self.fy))

    @property
    def matrix(self) -> NDArray[np.float64]:
        """K, (3, 3) float64, px."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    def resized(self, *, width: int, height: int) -> "Intrinsics":
        """The camera of the same picture resized: exact in this pixel convention, rays are kept."""
        sx, sy = width / self.width, height / self.height
        return replace(
            self,
            fx=self.fx * sx,
            fy=self.fy * sy,
            cx=self.cx * sx,
            cy=self.cy * sy,
            width=width,
            height=height,
        )

    def cropped(self, *, left: int, top: int, width: int, height: int) -> "Intrinsics":
        """The camera of the picture cut to a window whose top-left corner is (left, top), px."""
        return replace(self, cx=self.cx - left, cy=self.cy - top, width=width, height=height)


@dataclass(frozen=True, eq=False, repr=False)
class Photo(Value):
    """An upright picture in sRGB."""

    rgb: NDArray[np.uint8]
    """(H, W, 3) uint8 sRGB, rows from the top as a person sees them; white where the file is transparent."""
    path: str | None = None
    """The file that it came from."""
    exif_focal_px: float | None = None
    """Focal length from EXIF, px of this upright photo."""
    exif_focal_note: str | None = None
    """How it was derived, or why it could not be, in words for the user."""
    intrinsics: Intrinsics | None = None
    """True intrinsics carried by the file (HEIC depth XMP), of this upright picture."""
    warnings: tuple[str, ...] = ()
    """What was odd about the file yet did not prevent reading it."""
    jpeg_bytes: bytes | None = field(default=None, repr=False)
    """Where the file shows exactly ``rgb`` (upright sRGB JPEG), its picture without metadata and without what follows
    it, so that an exporter can embed the pixels unchanged; else None."""
    jpeg_metadata: bytes = field(default=b"", repr=False)
    """The segments of ``jpeg_bytes`` with EXIF (place, owner, serial number), XMP, IPTC and comments, which scenes
    contain only if the user asks for it."""
    present: BoolMap | None = None
    """(H, W) bool: False where the file is transparent, so that there is no geometry; None: everywhere."""
    carried: "CarriedDepth | None" = None
    """Depth embedded in the file (portrait modes), of the same view; None if there is none in a supported format."""
    original: "OriginalPicture | None" = None
    """The distorted picture that this one was made of; None for a picture as it was read."""
    panorama: "PanoramaFrame | None" = None
    """How its pixels lie around the camera, for a panorama; None for a perspective picture."""

    def __post_init__(self) -> None:
        _expect("rgb", self.rgb, (None, None, 3), np.uint8)
        if self.rgb.size == 0:
            raise ValueError(f"rgb: expected pixels, got shape {self.rgb.shape}")
        if self.present is not None:
            _expect("present", self.present, self.rgb.shape[:2], np.bool_)
        if self.intrinsics is not None and self.intrinsics_size != (self.width, self.height):
            raise ValueError(
                f"intrinsics of {self.intrinsics_size} do not fit a {self.width}x{self.height} photo"
            )

    @property
    def name(self) -> str | None:
        """The file's name without its folder."""
        return None if self.path is None else PurePath(self.path).name

    @property
    def width(self) -> int:
        """Width, px."""
        return int(self.rgb.shape[1])

    @property
    def height(self) -> int:
        """Height, px."""
        return int(self.rgb.shape[0])

    @property
    def intrinsics_size(self) -> tuple[int, int] | None:
        """(width, height) that the carried intrinsics belong to, or None."""
        return None if self.intrinsics is None else (self.intrinsics.width, self.intrinsics.height)


@dataclass(frozen=True, eq=False, repr=False)
class MetricDepth(Value):
    """Depth along the optical axis, in metres."""

    z_m: FloatMap
    """(H, W) float32 z-depth, m (not the ray's length). Meaningless where ``valid`` is False."""
    valid: BoolMap
    """(H, W) bool: False where depth is unknown."""
    scale_interval: float | None = None
    """Relative half-width of the 95 % interval of the scale (0.1: metres may be 10 % off); None: unknown."""
    log_sigma: FloatMap | None = None
    """(H, W) float32: the estimator's own standard deviation of log depth at each pixel, without the error of the
    scale (0.05: 5 % of the distance); None: the estimator predicts none. Meaningless where ``valid`` is False."""

    normals: NDArray[np.float32] | None = None
    """(H, W, 3) float32 unit vectors, cam frame, towards the camera: the surface's normals as the estimator predicts
    them, independently of ``z_m``; None: it predicts none. Meaningless where ``valid`` is False."""

    @property
    def sigma_m(self) -> FloatMap | None:
        """(H, W) float32 standard deviation of z-depth, m, from ``log_sigma`` to first order; None: unknown."""
        return None if self.log_sigma is None else self.z_m * self.log_sigma

    def __post_init__(self) -> None:
        _expect("z_m", self.z_m, (None, None), np.float32)
        _expect("valid", self.valid, self.z_m.shape, np.bool_)
        self._check("z_m", self.z_m)
        if self.log_sigma is not None:
            _expect("log_sigma", self.log_sigma, self.z_m.shape, np.float32)
            self._check("log_sigma", self.log_sigma)
        if self.normals is not None:
            _expect("normals", self.normals, (*self.z_m.shape, 3), np.float32)
            squares = np.einsum("...i,...i", self.normals, self.normals)[self.valid]
            if not (np.abs(squares - 1) < _UNIT_TOLERANCE).all():
                raise ValueError("normals: those of valid pixels must be unit vectors")

    def _check(self, name: str, values: FloatMap) -> None:
        known = values[self.valid]
        if known.size and not (np.isfinite(known).all() and known.min() > 0):
            raise ValueError(f"{name}: values of valid pixels must be finite and positive")


@dataclass(frozen=True, eq=False, repr=False)
class RelativeDepth(Value):
    """Inverse depth up to an unknown scale and shift: ``1 / z = s * inverse + t``. Never metric."""

    inverse: FloatMap
    """(H, W) float32, larger is nearer, no unit."""
    valid: BoolMap
    """(H, W) bool: False where unknown."""
    sigma: FloatMap | None = None
    """(H, W) float32: standard deviation of ``inverse`` at each pixel, where predictions were compared; else None."""

    def __post_init__(self) -> None:
        _expect("inverse", self.inverse, (None, None), np.float32)
        _expect("valid", self.valid, self.inverse.shape, np.bool_)
        if not np.isfinite(self.inverse[self.valid]).all():
            raise ValueError("inverse: valid values must be finite")
        if self.sigma is not None:
            _expect("sigma", self.sigma, self.inverse.shape, np.float32)
            known = self.sigma[self.valid]
            if not (np.isfinite(known) & (known >= 0)).all():
                raise ValueError("sigma: valid values must be finite, and 0 or more")


@dataclass(frozen=True)
class PanoramaFrame:
    """Which part of all directions a panorama shows; px of the picture itself."""

    projection: Literal["equirectangular", "cylindrical"]
    full_width: float
    """Width of all 360 degrees."""
    full_height: float
    """Height of all 180 degrees, equirectangular; in a cylindrical one, its middle is the horizon."""
    left: float = 0.0
    """Where the picture begins in the full panorama."""
    top: float = 0.0


@dataclass(frozen=True)
class OriginalPicture:
    """The distorted picture that a photo was undistorted from: depth files and known positions belong to it."""

    width: int
    """Its width, px."""
    height: int
    """Its height, px."""
    positions: "Callable[[int, int], tuple[NDArray[np.float64], NDArray[np.float64]]]" = field(
        repr=False, compare=False
    )
    """Rows START to STOP of the photo: x and y in the original of each pixel centre, px; NaN where there is none."""
    moved: Callable[[NDArray[np.float64]], NDArray[np.float64]] = field(repr=False, compare=False)
    """(N, 2) positions in the original to positions in the photo, px; NaN where there is none."""
    record: Mapping[str, Any] = field(default_factory=dict)
    """The lens, as plain values for the provenance."""


@dataclass(frozen=True)
class CarriedDepth:
    """Depth inside a photo's file: what the file says about it, and how to decode it."""

    gives: DepthKind
    """Which of the two kinds of depth it is, as the file says."""
    standard: str
    """Which convention it follows, for a person: ``Apple disparity``, ``Google depth map``, ..."""
    width: int
    """Width of the depth map when it stands upright, px."""
    height: int
    """Height of the upright depth map, px."""
    read: Callable[[], MetricDepth | RelativeDepth] = field(repr=False, compare=False)
    """Decodes it: upright, on its own grid. Raises PhotoError where it is damaged."""
    along_ray: bool = False
    """Whether the numbers are distances from the camera's centre, and not along the optical axis."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What else the file says: units, accuracy, quality, range, as plain values."""

    @property
    def summary(self) -> str:
        """For a person: ``Apple disparity, 768x576, relative (accuracy relative, quality high)``."""
        details = ", ".join(
            f"{key} {value:g}" if isinstance(value, float) else f"{key} {value}"
            for key, value in self.details.items()
        )
        return f"{self.standard}, {self.width}x{self.height}, {self.gives}" + (
            f" ({details})" if details else ""
        )


@dataclass(frozen=True, eq=False, repr=False)
class Rays(Value):
    """The viewing rays of a regular grid of picture positions, scaled to z = 1.

    Since the camera is a pinhole without distortion, x depends on the column alone and y on the row alone.
    """

    x: NDArray[np.float32]
    """(W,) ``(u - cx) / fx`` of each column."""
    y: NDArray[np.float32]
    """(H,) ``(v - cy) / fy`` of each row."""
    angular: bool = False
    """As of the intrinsics."""


@dataclass(frozen=True, eq=False, repr=False)
class Connections(Value):
    """Which neighbouring pixels belong to one surface."""

    right: BoolMap
    """(H, W - 1) bool: pixel [r, c] is connected to [r, c + 1]."""
    down: BoolMap
    """(H - 1, W) bool: pixel [r, c] is connected to [r + 1, c]."""


@dataclass(frozen=True, eq=False, repr=False)
class DepthEstimate(Value):
    """What an estimator returns for one photo, on the photo's own grid."""

    depth: MetricDepth | RelativeDepth
    """Depth on the photo's grid."""
    model: str
    """The estimator's name: ``depthpro``, ``dav2-small``, ``measured``, ..."""
    revision: str | None = None
    """The revision of the weights that were used, where one is known; never invented."""
    focal_px: float | None = None
    """Focal length that the model itself predicts, px of the photo; None where it predicts none."""
    focal_used_px: float | None = None
    """Focal length that the metres were computed with, where they depend on one; None else."""
    sky: BoolMap | None = None
    """(H, W) bool: sky, or too far to say; those pixels are not valid either."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What else belongs into the provenance: repository, device, precision, processing size, ..."""

    def __post_init__(self) -> None:
        if self.sky is not None:
            _expect("sky", self.sky, self.depth.valid.shape, np.bool_)
            if (self.sky & self.depth.valid).any():
                raise ValueError("sky: a sky pixel cannot have a valid depth")

    def within(self, present: BoolMap | None) -> "DepthEstimate":
        """The same without the pixels where the photo is transparent, (H, W) bool; None: all of it."""
        if present is None:
            return self
        return replace(
            self,
            depth=replace(self.depth, valid=self.depth.valid & present),
            sky=None if self.sky is None else self.sky & present,
        )


@dataclass(frozen=True, eq=False, repr=False)
class PointCloud(Value):
    """Coloured points in the cam frame."""

    points: NDArray[np.float32]
    """(N, 3) float32, m, cam frame."""
    rgb: NDArray[np.uint8]
    """(N, 3) uint8 sRGB."""
    normals: NDArray[np.float32] | None = None
    """(N, 3) float32 unit vectors that face the camera, cam frame."""
    sigma_m: NDArray[np.float32] | None = None
    """(N,) float32 standard deviation of z-depth, m, without the error of the scale; None: unknown."""

    def __post_init__(self) -> None:
        _expect("points", self.points, (None, 3), np.float32)
        _expect("rgb", self.rgb, (len(self.points), 3), np.uint8)
        if self.normals is not None:
            _expect("normals", self.normals, (len(self.points), 3), np.float32)
        if self.sigma_m is not None:
            _expect("sigma_m", self.sigma_m, (len(self.points),), np.float32)

    def __len__(self) -> int:
        return len(self.points)

    def __repr__(self) -> str:
        return f"PointCloud({len(self.points):,} points, {_size(self.points)})"

    def transform(self, dst_T_cam: Transform) -> "PointCloud":
        """The cloud in another frame, such as ``world_T_cam`` of a robot; files are written from the cam frame.

        Args:
            dst_T_cam: (4, 4) rigid transform, column vectors, translation in metres.

        Raises:
            ValueError: It is not rigid.
        """
        points, normals = _moved(dst_T_cam, self.points, self.normals)
        return replace(self, points=points, normals=normals)

    def to_open3d(self) -> Any:
        """An ``open3d.geometry.PointCloud`` with the colours and normals.

        Raises:
            ImportError: Open3D is not installed.
        """
        return interop.open3d_cloud(self.points, self.rgb, self.normals)

    def to_trimesh(self) -> Any:
        """A ``trimesh.PointCloud`` with the colours."""
        return interop.trimesh_cloud(self.points, self.rgb)


@dataclass(frozen=True, eq=False, repr=False)
class Mesh(Value):
    """A triangle mesh in the cam frame, with the photo as texture, or colours per vertex, or both."""

    vertices: NDArray[np.float32]
    """(V, 3) float32, m, cam frame."""
    faces: NDArray[np.int32]
    """(F, 3) int32 indices, counter-clockwise as the camera sees them."""
    uv: NDArray[np.float32] | None = None
    """(V, 2) float32 texture coordinates: u right, v DOWN from the photo's top edge (glTF's), 0 to 1."""
    rgb: NDArray[np.uint8] | None = None
    """(V, 3) uint8 sRGB."""
    normals: NDArray[np.float32] | None = None
    """(V, 3) float32 unit vectors that face the camera, cam frame."""

    def __post_init__(self) -> None:
        _expect("vertices", self.vertices, (None, 3), np.float32)
        _expect("faces", self.faces, (None, 3), np.int32)
        count = len(self.vertices)
        if self.faces.size and (self.faces.min() < 0 or self.faces.max() >= count):
            raise ValueError(f"faces: an index lies outside 0 to {count - 1}")
        if self.uv is not None:
            _expect("uv", self.uv, (count, 2), np.float32)
        if self.rgb is not None:
            _expect("rgb", self.rgb, (count, 3), np.uint8)
        if self.normals is not None:
            _expect("normals", self.normals, (count, 3), np.float32)

    def __repr__(self) -> str:
        counts = f"{len(self.vertices):,} vertices, {len(self.faces):,} faces"
        return f"Mesh({counts}, {_size(self.vertices)})"

    def transform(self, dst_T_cam: Transform) -> "Mesh":
        """The mesh in another frame: as ``PointCloud.transform``."""
        vertices, normals = _moved(dst_T_cam, self.vertices, self.normals)
        return replace(self, vertices=vertices, normals=normals)

    def to_open3d(self) -> Any:
        """An ``open3d.geometry.TriangleMesh`` with colours of vertices, without the texture.

        Raises:
            ImportError: Open3D is not installed.
        """
        return interop.open3d_mesh(self.vertices, self.faces, self.rgb, self.normals)

    def to_trimesh(self) -> Any:
        """A ``trimesh.Trimesh`` with colours of vertices, without the texture."""
        return interop.trimesh_mesh(self.vertices, self.faces, self.rgb, self.normals)


def check_sizes(photo: Photo, intrinsics: Intrinsics, depth: MetricDepth, sky: BoolMap | None) -> None:
    """Raises ValueError unless intrinsics, depth and sky are of the photo's size."""
    size = (photo.height, photo.width)
    if depth.z_m.shape != size:
        raise ValueError(f"depth of shape {depth.z_m.shape} does not fit a photo of {size}")
    if (intrinsics.height, intrinsics.width) != size:
        raise ValueError(f"intrinsics of {intrinsics} do not fit a photo of {size}")
    if sky is not None and sky.shape != size:
        raise ValueError(f"sky of shape {sky.shape} does not fit a photo of {size}")


def _expect(name: str, array: object, shape: tuple[int | None, ...], dtype: type) -> None:
    """Raises ValueError unless the array has the shape (None: any size) and the dtype."""
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{name}: expected a numpy array, got {type(array).__name__}")
    fits = len(array.shape) == len(shape) and all(
        want is None or have == want for have, want in zip(array.shape, shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if want is None else str(want) for want in shape)
        raise ValueError(f"{name}: expected shape ({wanted}), got {array.shape}")
    if array.dtype != dtype:
        raise ValueError(f"{name}: expected dtype {np.dtype(dtype)}, got {array.dtype}")


def _moved(
    dst_T_cam: Transform, points: NDArray[np.float32], normals: NDArray[np.float32] | None
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    dst_T_cam = rigid(dst_T_cam)
    return apply(dst_T_cam, points), None if normals is None else rotate(dst_T_cam, normals)


def _size(points: NDArray[np.float32]) -> str:
    """``5.31 x 2.90 x 4.02 m``."""
    if not len(points):
        return "empty"
    return " x ".join(f"{length:.2f}" for length in np.ptp(points, axis=0)) + " m"
