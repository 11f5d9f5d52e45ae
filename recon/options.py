"""All options of a reconstruction, each with its default, help text and group.

The command line is generated from these fields, so ``--help`` and the code have the same defaults.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from recon.argument_names import OptionError, check_names
from recon.constraints import CameraHeight, DistanceAt, LengthBetween, Rectangle
from recon.frames import Axes
from recon.option_checks import check, plain
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
        "Treat the picture as an equirectangular 2:1 panorama, even if its metadata does not say so.",
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
        "Output of an hf: checkpoint that does not state it: metres, or inverse depth (larger is nearer).",
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
        "Average the predictions of the mirrored photo (flip) and of its parts (scales); shows where they disagree.",
        flag="--augment",
        metavar="flip,scales",
        choices=get_args(Augmentation),
    )
    refine: Refinement | None = _option(
        "Depth model",
        None,
        "Move outlines to the photo's edges if the model's map is smaller: guided by contours, or bilateral means.",
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
        "35 mm equivalent focal length, by the diagonal.",
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
        "Align the scene with gravity, estimated from floor, walls and lines, or keep the camera frame. Default: "
        "meshes and web pages, if gravity is certain.",
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
        "Relative depth step between pixels above which a depth edge is cut (lower on smooth depth). 0: no cuts.",
        flag="--edge",
        metavar="T",
    )
    fill: bool = _option(
        "Geometry",
        True,
        "Meshes: extend the background behind foreground objects (synthetic), enough for a camera that moves "
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
        "Also write the standard deviation of each point's depth, m, to .ply clouds, if the model predicts it. "
        "CloudCompare shows it.",
        flag="--uncertainty",
    )
    keep_metadata: bool = _option(
        "Output",
        False,
        "Keep the metadata of a JPEG (EXIF with GPS position and owner, XMP, comments) in embedded pictures.",
        flag="--keep-metadata",
    )

    def __new__(cls, *values: Any, **given: Any) -> "Options":
        """Suggests the name of a misspelt option."""
        if given.keys() - cls.__dataclass_fields__.keys():
            check_names(given, cls.__dataclass_fields__, cls.__name__)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        for each in fields(self):
            object.__setattr__(self, each.name, plain(each.name, getattr(self, each.name)))
        try:
            check(self)
        except ValueError as error:
            raise OptionError(str(error)) from None

    @property
    def has_lens(self) -> bool:
        """Whether the options may state a lens with distortion."""
        return not (self.distortion is None and self.fisheye is None and self.camera_file is None)
