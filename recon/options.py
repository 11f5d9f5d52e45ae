"""Every option of a reconstruction, with its default and its help text, written once.

The command line is made from these fields, so its ``--help`` cannot tell another default than the code.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any, Literal

from recon.constraints import CameraHeight, DistanceAt, LengthBetween, Rectangle
from recon.frames import FILE_AXES, Axes

Sky = Literal["keep", "drop"]
Shape = Literal["cloud", "mesh"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16", "fp16", "int8"]
Fit = Literal["auto", "scale", "scale+shift", "scale+focal", "scale+shift+focal"]
FITS: tuple[Fit, ...] = ("auto", "scale", "scale+shift", "scale+focal", "scale+shift+focal")


def _option(
    default: Any, help_text: str, *, flag: str, metavar: str | None = None, choices: Sequence[str] = ()
) -> Any:
    return field(
        default=default,
        metadata={"help": help_text, "flag": flag, "metavar": metavar, "choices": tuple(choices)},
    )


@dataclass(frozen=True)
class Options:
    """How a photo becomes a scene. Lengths in metres, focal lengths in px of the upright photo."""

    model: str = _option(
        "auto",
        "Depth estimator, by the names of `recon models`, or hf:REPO-OR-FOLDER[@REVISION]. "
        "auto: metric depth inside the photo's own file, else Depth Pro where its weights can be had, else the rough "
        "embedded preview.",
        flag="--model",
        metavar="NAME",
    )
    reference: str | None = _option(
        None,
        "What brings a relative model to metres: a metric model's name, a measured depth file, points as lines of "
        "x,y,depth in a .csv, or a folder with a COLMAP model.",
        flag="--reference",
        metavar="NAME|FILE|DIR",
    )
    reference_sigma: float | None = _option(
        None,
        "How far the reference's own scale may be off, as a share (0.03: 3 %). Default: what is known of that "
        "model; beside --length and --at, which then decide, 0.1 for a model that nobody has measured.",
        flag="--reference-sigma",
        metavar="SHARE",
    )
    at: tuple[DistanceAt, ...] = _option(
        (),
        "What is known: the distance of a pixel from the camera, such as 812,440=2.4m or 812,440=2.4m+-3cm; m, cm, "
        "mm, ft, in. May be given several times.",
        flag="--at",
        metavar="X,Y=LENGTH",
    )
    length: tuple[LengthBetween, ...] = _option(
        (),
        "What is known: the length between two pixels, such as 100,200:100,900=2.03m. May be given several times.",
        flag="--length",
        metavar="X,Y:X,Y=LENGTH",
    )
    rectangle: tuple[Rectangle, ...] = _option(
        (),
        "What is known: a flat rectangle by its corners in order and its two sides, such as "
        "10,10:90,20:90,80:10,90=0.9mx2.03m; it tells the focal length, too.",
        flag="--rectangle",
        metavar="X,Y:X,Y:X,Y:X,Y=LENGTHxLENGTH",
    )
    camera_height: CameraHeight | None = _option(
        None,
        "What is known: the height of the camera above the floor that the photo shows, such as 1.6m.",
        flag="--camera-height",
        metavar="LENGTH",
    )
    constraint_file: Path | None = _option(
        None, "What is known, as a JSON file with a list of the above.", flag="--constraints", metavar="FILE"
    )
    calibration: Path | None = _option(
        None, "A calibration saved by `recon calibrate`.", flag="--calibration", metavar="FILE"
    )
    fit: Fit = _option(
        "auto",
        "What is fitted to what is known. auto: scale and shift of a relative model, the scale of a metric one, and "
        "the focal length where nothing else tells it and the lengths do.",
        flag="--fit",
        choices=FITS,
    )
    depth: Path | None = _option(
        None,
        "Measured depth (16-bit PNG, EXR, TIFF, npy, npz) in place of a model; with --model, calibrates "
        "it instead. May be smaller than the photo. Of several photos: a folder with a file of the same name for "
        "each.",
        flag="--depth",
        metavar="FILE",
    )
    relative_depth: Path | None = _option(
        None,
        "Relative inverse depth (larger is nearer) that Depth Anything, MiDaS or the like wrote, in place of a "
        "model; what is known (--length, --at, --reference, ...) brings it to metres.",
        flag="--relative-depth",
        metavar="FILE",
    )
    depth_unit: float | None = _option(
        None,
        "Metres per stored unit of a depth file. Default: 0.001 for integers, 1 for floats.",
        flag="--depth-unit",
        metavar="M",
    )
    intrinsics: tuple[float, float, float, float] | None = _option(
        None,
        "The camera in px of the upright photo; the top-left pixel's centre is (0.5, 0.5).",
        flag="--intrinsics",
        metavar="FX,FY,CX,CY",
    )
    focal_px: float | None = _option(
        None, "Focal length in px of the upright photo.", flag="--focal-px", metavar="PX"
    )
    focal_35mm: float | None = _option(
        None, "Focal length as its 35 mm equivalent, by the diagonal.", flag="--focal-35mm", metavar="MM"
    )
    fov: float | None = _option(None, "Horizontal field of view in degrees.", flag="--fov", metavar="DEG")
    edge: float = _option(
        0.04,
        "Depth edges are cut where the relative depth step from pixel to pixel is larger than this (less "
        "where the depth is smooth) and the surface's slope does not explain it. 0 cuts nothing.",
        flag="--edge",
        metavar="T",
    )
    max_depth: float | None = _option(
        None, "Drop what is farther than this, in metres.", flag="--max-depth", metavar="M"
    )
    sky: Sky = _option(
        "drop",
        "Drop the sky, or keep it as a backdrop behind the farthest point.",
        flag="--sky",
        choices=("keep", "drop"),
    )
    stride: int = _option(1, "Keep every Nth pixel in each direction.", flag="--stride", metavar="N")
    voxel: float | None = _option(
        None, "Thin a cloud to one point per cube of this size, in metres.", flag="--voxel", metavar="M"
    )
    faces: int | None = _option(
        None,
        "Simplify a mesh to at most this many triangles; what the photo's camera sees stays.",
        flag="--faces",
        metavar="N",
    )
    error: float | None = _option(
        None,
        "Simplify a mesh as far as its surface moves by no more than this, in metres.",
        flag="--error",
        metavar="M",
    )
    fill: bool = _option(
        False,
        "Close the cuts of a mesh from behind, for small moves of the camera: the background goes on under the "
        "foreground's outline, in the colours of its own border. Invented, not measured.",
        flag="--fill/--no-fill",
    )
    axes: Axes = _option(
        "y-up",
        "Axes of the file: y-up (MeshLab and CloudCompare open on the photo's view), z-up (a PLY or STL "
        "stands upright in Blender), opencv (x right, y down, z forward). GLB is y-up always.",
        flag="--axes",
        choices=tuple(FILE_AXES),
    )
    level: bool = _option(
        False,
        "Stand the scene upright: find gravity from its floor and walls, put the floor at height zero and "
        "the camera above it. A scene that does not tell is left alone.",
        flag="--level/--no-level",
    )
    device: Device = _option(
        "auto", "Where the model runs.", flag="--device", choices=("auto", "cpu", "cuda", "mps")
    )
    precision: Precision = _option(
        "auto",
        "Number format of the model. auto: what is fast and safe on the device. int8: faster on a CPU, at the cost "
        "of an error of some percent in the depth.",
        flag="--precision",
        choices=("auto", "fp32", "bf16", "fp16", "int8"),
    )
    processing_size: int | None = _option(
        None,
        "Depth Anything: length of the picture's shorter side inside the model, px (default 518).",
        flag="--processing-size",
        metavar="PX",
    )
    offline: bool = _option(
        False, "Never touch the network (HF_HUB_OFFLINE=1 does the same).", flag="--offline"
    )

    def __post_init__(self) -> None:
        for name, value in (
            ("--depth-unit", self.depth_unit),
            ("--focal-px", self.focal_px),
            ("--focal-35mm", self.focal_35mm),
            ("--max-depth", self.max_depth),
            ("--voxel", self.voxel),
            ("--error", self.error),
        ):
            if value is not None and not (_is_number(value) and value > 0):
                raise ValueError(f"{name} must be a positive number, got {value!r}")
        if self.focal_px is not None and self.focal_px < 1:
            raise ValueError(f"--focal-px must be 1 px or more, got {self.focal_px}")
        if self.fov is not None and not (_is_number(self.fov) and 0.1 <= self.fov <= 179):
            raise ValueError(f"--fov must lie between 0.1 and 179 degrees, got {self.fov!r}")
        if not (_is_number(self.edge) and 0 <= self.edge <= 1):
            raise ValueError(
                f"--edge is a share of the distance and must lie between 0 and 1, got {self.edge!r}"
            )
        if not isinstance(self.stride, int) or self.stride < 1:
            raise ValueError(f"--stride must be a whole number of 1 or more, got {self.stride!r}")
        if self.faces is not None and self.faces < 4:
            raise ValueError(f"--faces must be 4 or more, got {self.faces}")
        if self.faces is not None and self.error is not None:
            raise ValueError("give only one of --faces and --error: either says how far a mesh is simplified")
        if self.processing_size is not None and self.processing_size < 14:
            raise ValueError(f"--processing-size must be 14 px or more, got {self.processing_size}")
        if self.intrinsics is not None:
            numbers = [x for x in self.intrinsics if _is_number(x)]
            if len(numbers) != 4 or len(self.intrinsics) != 4 or min(numbers[:2]) < 1:
                raise ValueError(
                    f"--intrinsics takes FX,FY,CX,CY in px, FX and FY of 1 or more, got {self.intrinsics}"
                )
        cameras = [self.intrinsics, self.focal_px, self.focal_35mm, self.fov]
        if sum(given is not None for given in cameras) > 1:
            raise ValueError("give only one of --intrinsics, --focal-px, --focal-35mm and --fov")
        if self.relative_depth is not None and self.model != "auto":
            raise ValueError("give only one of --model and --relative-depth: either is what becomes metric")
        if self.depth is not None and self.reference is not None:
            raise ValueError("give only one of --depth and --reference: either calibrates the --model")
        _one_of("--sky", self.sky, ("keep", "drop"))
        _one_of("--axes", self.axes, tuple(FILE_AXES))
        if self.level and self.axes == "opencv":
            raise ValueError(
                "--level needs an up axis: give --axes y-up or z-up instead of opencv, or --no-level"
            )
        if self.reference_sigma is not None and not (
            _is_number(self.reference_sigma) and 0 < self.reference_sigma < 1
        ):
            raise ValueError(f"--reference-sigma is a share between 0 and 1, got {self.reference_sigma!r}")
        self._check_knowledge()
        _one_of("--fit", self.fit, FITS)
        _one_of("--device", self.device, ("auto", "cpu", "cuda", "mps"))
        _one_of("--precision", self.precision, ("auto", "fp32", "bf16", "fp16", "int8"))

    def _check_knowledge(self) -> None:
        height = () if self.camera_height is None else (self.camera_height,)
        for flag, given, kind in (
            ("--at", self.at, DistanceAt),
            ("--length", self.length, LengthBetween),
            ("--rectangle", self.rectangle, Rectangle),
            ("--camera-height", height, CameraHeight),
        ):
            if not (isinstance(given, tuple) and all(isinstance(one, kind) for one in given)):
                raise ValueError(
                    f"{flag} takes {kind.__name__} of recon.constraints, which recon.constraint_text makes of text, "
                    f"got {given!r}"
                )
        fits = self.at or self.length or self.rectangle or self.camera_height or self.constraint_file
        if self.calibration is not None and (fits or self.reference):
            raise ValueError(
                "give either a --calibration, which is used as it is, or what to make one from (--reference, --at, "
                "--length, --rectangle, --camera-height, --constraints)"
            )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and isfinite(value)


def _one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}")
