"""All options of a reconstruction, each with its default, help text and group.

The command line is generated from these fields, so ``--help`` and the code have the same defaults.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from sys import float_info
from typing import Any, Literal, get_args, get_type_hints

from recon.argument_names import OptionError
from recon.constraints import CameraHeight, DistanceAt, LengthBetween, Rectangle
from recon.frames import Axes
from recon.option_values import plain
from recon.types import DepthKind

Sky = Literal["keep", "drop"]
Shape = Literal["cloud", "mesh"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Backend = Literal["auto", "fast", "transformers"]
Precision = Literal["auto", "fp32", "bf16", "fp16", "int8"]
Augmentation = Literal["flip", "scales"]
Refinement = Literal["guided", "bilateral"]
Fit = Literal["auto", "scale", "scale+shift", "scale+focal", "scale+shift+focal"]
Group = Literal["Input", "Depth model", "Metric scale", "Camera", "Geometry", "Output", "Run"]
GROUPS: tuple[Group, ...] = get_args(Group)
"""Sections of ``--help``, in order."""

_LONGEST = 1e7
"""Focal length (px, mm) beyond any telescope's: all points would stand on one line."""


def _option(
    group: Group,
    default: Any,
    help_text: str,
    *,
    flag: str,
    metavar: str | None = None,
    choices: Sequence[str] = (),
) -> Any:
    info = {"group": group, "help": help_text, "flag": flag, "metavar": metavar, "choices": tuple(choices)}
    return field(default=default, metadata=info)


@dataclass(frozen=True)
class Options:
    """How to turn a photo into a scene. Lengths in metres, focal lengths in px of the upright photo.

    Within a group, ``--help`` lists the options in the order of the fields.
    """

    depth: Path | None = _option(
        "Input",
        None,
        "Measured depth (16-bit PNG, EXR, TIFF, npy, npz, PFM) instead of a model, or to calibrate --model. "
        "Several photos: a folder.",
        flag="--depth",
        metavar="FILE",
    )
    relative_depth: Path | None = _option(
        "Input",
        None,
        "Inverse depth from another program instead of a model. Needs a known length or a reference.",
        flag="--relative-depth",
        metavar="FILE",
    )
    depth_unit: float | None = _option(
        "Input",
        None,
        "Metres per stored unit of a depth file. Default: 0.001 for integers, 1 for floats.",
        flag="--depth-unit",
        metavar="M",
    )
    panorama: bool = _option(
        "Input",
        False,
        "The picture is an equirectangular panorama of 2:1, also where its metadata does not say so.",
        flag="--panorama",
    )
    model: str = _option(
        "Depth model",
        "auto",
        "Name (see `recon models`), hf:REPO-OR-FOLDER or onnx:FILE. auto: depth in the photo, depthpro, or preview.",
        flag="--model",
        metavar="NAME",
    )
    backend: Backend = _option(
        "Depth model",
        "auto",
        "Code that runs the network. fast: recon's own. transformers: the library's. auto: fast where it exists.",
        flag="--backend",
        choices=get_args(Backend),
    )
    depth_kind: DepthKind | None = _option(
        "Depth model",
        None,
        "Of an hf: checkpoint that does not state it: metric (metres) or relative (inverse depth, larger is nearer).",
        flag="--depth-kind",
        choices=get_args(DepthKind),
    )
    commercial_only: bool = _option(
        "Depth model",
        False,
        "Refuse models whose licence forbids commercial use or is not known to recon.",
        flag="--commercial-only",
    )
    offline: bool = _option(
        "Depth model", False, "Never access the network (same as HF_HUB_OFFLINE=1).", flag="--offline"
    )
    device: Device = _option(
        "Depth model",
        "auto",
        "Device to run the model on.",
        flag="--device",
        choices=get_args(Device),
    )
    precision: Precision = _option(
        "Depth model",
        "auto",
        "Number format of the model. auto: fast and safe on the device. int8: fast on a CPU, some percent of error.",
        flag="--precision",
        choices=get_args(Precision),
    )
    processing_size: int | None = _option(
        "Depth model",
        None,
        "Side of the input image, px: the longer side for Depth Anything 3 (504) and MoGe-2, else the shorter (518).",
        flag="--processing-size",
        metavar="PX",
    )
    augment: tuple[Augmentation, ...] = _option(
        "Depth model",
        (),
        "Average predictions of changed photos, mirrored (flip) and in parts (scales); shows where they disagree.",
        flag="--augment",
        metavar="flip,scales",
        choices=get_args(Augmentation),
    )
    refine: Refinement | None = _option(
        "Depth model",
        None,
        "Move outlines to the photo's edges if the model's map is smaller. guided: contours. bilateral: means.",
        flag="--refine",
        choices=get_args(Refinement),
    )
    length: tuple[LengthBetween, ...] = _option(
        "Metric scale",
        (),
        "Known length between two pixels, e.g. 100,200:100,900=2.03m. Repeatable.",
        flag="--length",
        metavar="X,Y:X,Y=LENGTH",
    )
    at: tuple[DistanceAt, ...] = _option(
        "Metric scale",
        (),
        "Known distance from the camera to a pixel, e.g. 812,440=2.4m or 812,440=2.4m+-3cm; m, cm, mm, ft, in. "
        "Repeatable.",
        flag="--at",
        metavar="X,Y=LENGTH",
    )
    rectangle: tuple[Rectangle, ...] = _option(
        "Metric scale",
        (),
        "Known rectangle: corners in order, and sides. At an angle, it also determines the focal length. Repeatable.",
        flag="--rectangle",
        metavar="X,Y:X,Y:X,Y:X,Y=LENGTHxLENGTH",
    )
    camera_height: CameraHeight | None = _option(
        "Metric scale",
        None,
        "Known height of the camera above the visible floor, e.g. 1.6m.",
        flag="--camera-height",
        metavar="LENGTH",
    )
    constraint_file: Path | None = _option(
        "Metric scale",
        None,
        "JSON file with a list of known measurements (the four options above).",
        flag="--constraints",
        metavar="FILE",
    )
    reference: str | None = _option(
        "Metric scale",
        None,
        "Metric reference for a relative model: a metric model, a depth file, x,y,depth points (.csv), or a COLMAP "
        "folder.",
        flag="--reference",
        metavar="NAME|FILE|DIR",
    )
    reference_sigma: float | None = _option(
        "Metric scale",
        None,
        "Relative error of the reference (0.03: 3 %). Default: as measured, or 0.1 if unknown (then --length and "
        "--at dominate).",
        flag="--reference-sigma",
        metavar="SHARE",
    )
    calibration: Path | None = _option(
        "Metric scale",
        None,
        "Calibration file written by `recon calibrate`.",
        flag="--calibration",
        metavar="FILE",
    )
    fit: Fit = _option(
        "Metric scale",
        "auto",
        "Parameters to fit. auto: scale (relative models: and shift), and the focal length if only the lengths "
        "give it.",
        flag="--fit",
        choices=get_args(Fit),
    )
    focal_35mm: float | None = _option(
        "Camera",
        None,
        "Focal length as 35 mm equivalent, by the diagonal.",
        flag="--focal-35mm",
        metavar="MM",
    )
    focal_px: float | None = _option(
        "Camera", None, "Focal length in px of the upright photo.", flag="--focal-px", metavar="PX"
    )
    fov: float | None = _option(
        "Camera", None, "Horizontal field of view in degrees.", flag="--fov", metavar="DEG"
    )
    intrinsics: tuple[float, float, float, float] | None = _option(
        "Camera",
        None,
        "Pinhole camera in px of the upright photo; the centre of the top-left pixel is (0.5, 0.5).",
        flag="--intrinsics",
        metavar="FX,FY,CX,CY",
    )
    distortion: tuple[float, ...] | None = _option(
        "Camera",
        None,
        "Distortion of the lens in OpenCV's order, 4, 5 or 8 numbers; the photo is undistorted. With --intrinsics or "
        "--focal-px.",
        flag="--distortion",
        metavar="K1,K2,P1,P2[,K3]",
    )
    fisheye: tuple[float, ...] | None = _option(
        "Camera",
        None,
        "The same for a fisheye lens (cv2.fisheye).",
        flag="--fisheye",
        metavar="K1,K2,K3,K4",
    )
    camera_file: Path | None = _option(
        "Camera",
        None,
        "Calibrated camera with its lens: OpenCV's YAML, XML or JSON, or COLMAP's cameras.txt or cameras.bin.",
        flag="--camera",
        metavar="FILE",
    )
    level: bool | None = _option(
        "Geometry",
        None,
        "Align the scene with gravity, estimated from floor, walls and lines, or keep the camera's frame. Default: "
        "align meshes and web pages if gravity is sure.",
        flag="--level/--no-level",
    )
    max_depth: float | None = _option(
        "Geometry", None, "Drop everything beyond this depth, in metres.", flag="--max-depth", metavar="M"
    )
    sky: Sky = _option(
        "Geometry",
        "drop",
        "Drop the sky, or keep it as a backdrop behind the farthest point.",
        flag="--sky",
        choices=get_args(Sky),
    )
    edge: float = _option(
        "Geometry",
        0.04,
        "Relative depth step between pixels above which a depth edge is cut (less on smooth depth). 0: no cuts.",
        flag="--edge",
        metavar="T",
    )
    fill: bool = _option(
        "Geometry",
        True,
        "Meshes: extend the background behind foreground objects (synthetic), as far as a camera sees that moves "
        "sideways by 5 % of the object's distance.",
        flag="--fill/--no-fill",
    )
    stride: int | None = _option(
        "Geometry",
        None,
        "Keep every Nth pixel in each direction. Default: 1 in clouds; in meshes, as many as make about 1 million "
        "triangles.",
        flag="--stride",
        metavar="N",
    )
    full: bool = _option(
        "Geometry",
        False,
        "Keep every pixel in meshes (24 million triangles at 12 megapixels). With --faces: slower, hardly better.",
        flag="--full",
    )
    voxel: float | None = _option(
        "Geometry",
        None,
        "Downsample a point cloud to one point per cube of this size, in metres.",
        flag="--voxel",
        metavar="M",
    )
    faces: int | None = _option(
        "Geometry",
        None,
        "Simplify a mesh to at most N triangles, keeping what the photo's camera sees.",
        flag="--faces",
        metavar="N",
    )
    error: float | None = _option(
        "Geometry",
        None,
        "Simplify a mesh while its surface moves by no more than this, in metres.",
        flag="--error",
        metavar="M",
    )
    axes: Axes = _option(
        "Output",
        "y-up",
        "y-up: photo's view in MeshLab, CloudCompare. z-up: PLY, STL upright in Blender. opencv: y down. GLB: always "
        "y-up.",
        flag="--axes",
        choices=get_args(Axes),
    )
    uncertainty: bool = _option(
        "Output",
        False,
        "Clouds in .ply: also each point's standard deviation of depth, m, if the model predicts it. CloudCompare "
        "shows it.",
        flag="--uncertainty",
    )
    keep_metadata: bool = _option(
        "Output",
        False,
        "Keep the metadata of a JPEG (EXIF with GPS position and owner, XMP, comments) in embedded pictures.",
        flag="--keep-metadata",
    )

    def __post_init__(self) -> None:
        for each in fields(self):
            object.__setattr__(self, each.name, plain(each.name, getattr(self, each.name)))
        try:
            self._check_types()
            self._check_values()
        except ValueError as error:
            raise OptionError(str(error)) from None

    @property
    def has_lens(self) -> bool:
        """Whether the options may state a lens with distortion."""
        return not (self.distortion is None and self.fisheye is None and self.camera_file is None)

    def _check_types(self) -> None:
        for each in fields(self):
            value, types = getattr(self, each.name), _plain_types().get(each.name)
            # To Python, True is an int.
            if types and (not isinstance(value, types) or (isinstance(value, bool) and types[0] is int)):
                flag = each.metadata["flag"].partition("/")[0]
                kind = _PLAIN[types[0]] + (f" {each.metadata['metavar']}" if types[0] is tuple else "")
                raise ValueError(f"{flag} must be {kind}, got {value!r}")

    def _check_values(self) -> None:
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
        for name, value in (("--focal-px", self.focal_px), ("--focal-35mm", self.focal_35mm)):
            if value is not None and value > _LONGEST:
                raise ValueError(f"{name} must be {_LONGEST:g} or less, got {value:g}")
        if self.fov is not None and not (_is_number(self.fov) and 0.1 <= self.fov <= 179):
            raise ValueError(f"--fov must be between 0.1 and 179 degrees, got {self.fov!r}")
        if not (_is_number(self.edge) and 0 <= self.edge <= 1):
            raise ValueError(
                f"--edge is a fraction of the depth and must be between 0 and 1, got {self.edge!r}"
            )
        if self.stride is not None and self.stride < 1:
            raise ValueError(f"--stride must be a whole number of 1 or more, got {self.stride!r}")
        if self.full and self.stride is not None:
            raise ValueError("give only one of --stride and --full, which is --stride 1")
        if self.faces is not None and self.faces < 4:
            raise ValueError(f"--faces must be 4 or more, got {self.faces}")
        if self.faces is not None and self.error is not None:
            raise ValueError("use only one of --faces and --error: each sets how far a mesh is simplified")
        if self.processing_size is not None and self.processing_size < 14:
            raise ValueError(f"--processing-size must be 14 px or more, got {self.processing_size}")
        if self.intrinsics is not None:
            numbers = [x for x in self.intrinsics if _is_number(x)]
            large = max((abs(x) for x in numbers), default=0) > _LONGEST
            if len(numbers) != 4 or len(self.intrinsics) != 4 or min(numbers[:2]) < 1 or large:
                raise ValueError(
                    f"--intrinsics takes FX,FY,CX,CY in px, FX and FY of 1 or more, none over {_LONGEST:g}, "
                    f"got {self.intrinsics}"
                )
        cameras = [self.intrinsics, self.focal_px, self.focal_35mm, self.fov, self.camera_file]
        if sum(given is not None for given in cameras) > 1:
            raise ValueError("use only one of --intrinsics, --focal-px, --focal-35mm, --fov and --camera")
        self._check_lens()
        if self.relative_depth is not None and self.model != "auto":
            raise ValueError("use only one of --model and --relative-depth: each is the depth to make metric")
        if self.depth is not None and self.reference is not None:
            raise ValueError(
                "use only one of --depth and --reference: each is the metric reference for --model"
            )
        self._check_choices()
        if self.level and self.axes == "opencv":
            raise ValueError(
                "--level needs an up axis: use --axes y-up or z-up instead of opencv, or --no-level"
            )
        if self.reference_sigma is not None and not (
            _is_number(self.reference_sigma) and 0 < self.reference_sigma < 1
        ):
            raise ValueError(
                f"--reference-sigma must be a fraction between 0 and 1, got {self.reference_sigma!r}"
            )
        self._check_constraints()

    def _check_lens(self) -> None:
        lenses = [self.distortion, self.fisheye, self.camera_file]
        if sum(given is not None for given in lenses) > 1:
            raise ValueError("use only one of --distortion, --fisheye and --camera")
        for name, numbers, counts in (
            ("--distortion", self.distortion, (4, 5, 8)),
            ("--fisheye", self.fisheye, (4,)),
        ):
            if numbers is None:
                continue
            if len(numbers) not in counts or not all(_is_number(x) and abs(x) <= _LONGEST for x in numbers):
                wanted = ", ".join(map(str, counts[:-1])) + (" or " if counts[:-1] else "") + str(counts[-1])
                raise ValueError(
                    f"{name} takes {wanted} numbers in OpenCV's order, of at most {_LONGEST:g}, got {numbers}"
                )
            if self.fov is not None:
                raise ValueError(
                    f"{name} needs --intrinsics or --focal-px: --fov is that of a picture without distortion"
                )

    def _check_choices(self) -> None:
        for each in fields(self):
            flag, choices = each.metadata["flag"], each.metadata["choices"]
            value = getattr(self, each.name)
            several = isinstance(each.default, tuple) and isinstance(value, tuple)
            known = set(value) <= set(choices) if several else value in choices
            if choices and not known and not (value is None is each.default):
                wanted = "some of" if isinstance(each.default, tuple) else "one of"
                raise ValueError(f"{flag} must be {wanted} {', '.join(choices)}, got {value!r}")

    def _check_constraints(self) -> None:
        height = () if self.camera_height is None else (self.camera_height,)
        for flag, given, kind in (
            ("--at", self.at, DistanceAt),
            ("--length", self.length, LengthBetween),
            ("--rectangle", self.rectangle, Rectangle),
            ("--camera-height", height, CameraHeight),
        ):
            if not (isinstance(given, tuple) and all(isinstance(one, kind) for one in given)):
                raise ValueError(
                    f"{flag} takes recon.constraints.{kind.__name__} (recon.constraint_text parses text), got "
                    f"{given!r}"
                )
        fits = self.at or self.length or self.rectangle or self.camera_height or self.constraint_file
        if self.calibration is not None and (fits or self.reference):
            raise ValueError(
                "--calibration is applied unchanged and cannot be combined with --reference, --at, --length, "
                "--rectangle, --camera-height or --constraints"
            )


_PLAIN: dict[type, str] = {
    bool: "True or False",
    int: "a whole number",
    str: "text",
    Path: "a path",
    tuple: "numbers",
}
"""Types of options whose values are checked by their type, and what a message calls them."""


@cache
def _plain_types() -> dict[str, tuple[type, ...]]:
    """Types of each option that has one of ``_PLAIN``, the type itself first, then that of None if it may be None."""
    types = {name: get_args(hint) or (hint,) for name, hint in get_type_hints(Options).items()}
    types |= dict.fromkeys(("intrinsics", "distortion", "fisheye"), (tuple, type(None)))
    return {name: each for name, each in types.items() if each[0] in _PLAIN}


def _is_number(value: object) -> bool:
    # A whole number may be one that no float holds.
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= float_info.max
