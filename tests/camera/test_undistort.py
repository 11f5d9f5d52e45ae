"""A distorted picture of a known plane becomes a pinhole picture of it: pixels, depth, positions, messages."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import recon
from recon.camera.lens import Array, Lens
from recon.camera.undistort import MOST_STRETCH, choose_pinhole, undistort
from recon.constraints import DistanceAt, LengthBetween, Rectangle
from recon.errors import CalibrationError, LensError
from recon.journal import Journal
from recon.options import Options
from recon.types import Intrinsics, Photo
from recon_cli.group import recon as command

W, H = 320, 240
CAMERA = Intrinsics(200.0, 205.0, 165.0, 118.0, W, H, "user")
BARREL = (-0.25, 0.06, 0.002, -0.001)
FISHEYE = (0.02, -0.003, 0.001, 0.0)
LENSES = [Lens(CAMERA, "opencv", BARREL), Lens(CAMERA, "fisheye", FISHEYE)]
NORMAL, OFFSET_M = np.array([0.1, -0.2, 1.0]), 2.5
"""The plane n . p = d: tilted, in front of the camera."""


def depth_of(x: Array, y: Array) -> Array:
    """z of the plane along rays at z = 1, m."""
    return OFFSET_M / (NORMAL[0] * x + NORMAL[1] * y + NORMAL[2])


def colour_of(x: Array, y: Array) -> Array:
    """A smooth pattern on the plane."""
    z = depth_of(x, y)
    waves = [np.sin(3 * x * z), np.cos(2 * y * z), np.sin(2 * (x + y) * z)]
    return 127.5 + 100 * np.stack(waves, axis=-1)


def pixel_rays(camera: Intrinsics) -> tuple[Array, Array]:
    u, v = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
    return (u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy


@dataclass(frozen=True)
class Taken:
    """The plane seen through a lens."""

    lens: Lens

    @cached_property
    def rays(self) -> tuple[Array, Array]:
        u, v = np.meshgrid(np.arange(W) + 0.5, np.arange(H) + 0.5)
        return self.lens.rays(u, v)

    @property
    def photo(self) -> Photo:
        return Photo(rgb=np.rint(colour_of(*self.rays)).astype(np.uint8), path="plane.png")

    @property
    def z_m(self) -> np.ndarray:
        return depth_of(*self.rays).astype(np.float32)

    @property
    def options(self) -> Options:
        k = self.lens.camera
        name = "distortion" if self.lens.kind == "opencv" else "fisheye"
        return Options(intrinsics=(k.fx, k.fy, k.cx, k.cy), **{name: self.lens.coefficients})

    @property
    def words(self) -> list[str]:
        k = self.lens.camera
        flag = "--distortion" if self.lens.kind == "opencv" else "--fisheye"
        return [
            "--intrinsics",
            f"{k.fx},{k.fy},{k.cx},{k.cy}",
            flag,
            ",".join(map(str, self.lens.coefficients)),
        ]

    def saved(self, folder: Path, name: str = "plane") -> Path:
        Image.fromarray(self.photo.rgb).save(folder / f"{name}.png")
        return folder / f"{name}.png"


@pytest.fixture(params=LENSES, ids=["opencv", "fisheye"])
def taken(request: pytest.FixtureRequest) -> Taken:
    return Taken(request.param)


def test_the_picture_is_the_pinhole_cameras(taken: Taken) -> None:
    journal = Journal()
    photo = undistort(taken.photo, taken.options, journal)
    camera = photo.intrinsics
    assert camera is not None and photo.present is not None and camera.source == "user"
    expected = colour_of(*pixel_rays(camera))
    error = np.abs(photo.rgb.astype(float) - expected)[photo.present]
    assert error.mean() < 1 and np.percentile(error, 99) < 3
    assert (photo.rgb[~photo.present] == 255).all() and 0 < (~photo.present).mean() < 0.5
    (entry,) = [entry for entry in journal.entries if entry.topic == "lens"]
    assert entry.values["kept_fraction"] > 0.99 and entry.values["width"] == camera.width


def test_the_centre_keeps_its_resolution_and_everything_is_in_it(taken: Taken) -> None:
    camera, kept = choose_pinhole(taken.lens)
    assert camera.fx / CAMERA.fx == pytest.approx(camera.fy / CAMERA.fy) and kept > 0.99
    assert camera.fx == CAMERA.fx or camera.width * camera.height == pytest.approx(2 * W * H, rel=0.01)
    assert camera.width > W and camera.height > H


def test_a_very_wide_fisheye_is_cut_where_it_would_be_stretched_too_much() -> None:
    wide = Lens(Intrinsics(100.0, 100.0, 160.0, 160.0, 320, 320, "user"), "fisheye", (0.0,))  # 92 degrees
    camera, kept = choose_pinhole(wide)
    edge = 1 / np.cos(np.arctan(-(camera.cx - 0) / camera.fx)) ** 2
    assert edge == pytest.approx(MOST_STRETCH, rel=0.05) and 0.3 < kept < 0.5
    assert camera.fov_x_deg == pytest.approx(120, abs=2)


def test_a_large_pinhole_picture_is_reduced() -> None:
    strong = Lens(Intrinsics(150.0, 150.0, 160.0, 120.0, W, H, "user"), "opencv", (-0.2, 0.02))
    camera, _ = choose_pinhole(strong)
    assert camera.width * camera.height <= 2.02 * W * H and camera.fx < 150


def test_measured_depth_follows_and_lies_on_the_plane(taken: Taken, tmp_path: Path) -> None:
    np.save(tmp_path / "depth.npy", taken.z_m)
    scene = recon.reconstruct(taken.photo, taken.options, depth=tmp_path / "depth.npy")
    valid = scene.depth.valid
    expected = depth_of(*pixel_rays(scene.intrinsics))
    assert np.abs(scene.depth.z_m / expected - 1)[valid].max() < 0.005  # half a pixel of a tilted plane
    assert np.array_equal(valid, scene.photo.present)
    points = scene.cloud().points.astype(float)
    assert np.abs(points @ NORMAL - OFFSET_M).max() < 0.01
    lens = scene.provenance.as_dict()["lens"]
    assert (lens["kind"], tuple(lens["coefficients"])) == (taken.lens.kind, taken.lens.coefficients)


def test_positions_are_those_of_the_photo_as_it_was_taken(taken: Taken, tmp_path: Path) -> None:
    np.save(tmp_path / "inverse.npy", 3 * (1 / taken.z_m) - 0.2)
    places = [(20, 30), (300, 220), (30, 210), (290, 25), (160, 20), (160, 220), (20, 120), (300, 120)]
    x, y = (each[[r for _, r in places], [c for c, _ in places]] for each in taken.rays)
    away = depth_of(x, y) * np.sqrt(x * x + y * y + 1)
    at = [DistanceAt((c + 0.5, r + 0.5), d, 0.01) for (c, r), d in zip(places, away.tolist(), strict=True)]
    scene = recon.reconstruct(
        taken.photo, taken.options, relative_depth=tmp_path / "inverse.npy", at=tuple(at), fit="scale+shift"
    )
    expected = depth_of(*pixel_rays(scene.intrinsics))
    assert np.median(np.abs(scene.depth.z_m / expected - 1)[scene.depth.valid]) < 0.003


def test_all_kinds_of_positions_move_and_those_left_out_are_refused() -> None:
    wide = Lens(Intrinsics(100.0, 100.0, 160.0, 160.0, 320, 320, "user"), "fisheye", (0.0,))
    from recon.camera.undistort import moved_constraints

    photo = undistort(
        Photo(rgb=np.zeros((320, 320, 3), np.uint8)),
        Options(intrinsics=(100, 100, 160, 160), fisheye=(0, 0, 0, 0)),
        Journal(),
    )
    length = LengthBetween((160, 160), (160 + 100 * np.pi / 4, 160), 1, 0.01)
    rectangle = Rectangle(((100, 100), (220, 100), (220, 220), (100, 220)), 1, 1)
    moved, turned = moved_constraints((length, rectangle), photo)
    assert isinstance(moved, LengthBetween) and isinstance(turned, Rectangle)
    camera, _ = choose_pinhole(wide)
    assert moved.a_px == pytest.approx((camera.cx, camera.cy))
    assert moved.b_px == pytest.approx((camera.cx + camera.fx, camera.cy))
    with pytest.raises(CalibrationError, match="outer part"):
        moved_constraints((DistanceAt((1, 160), 1, 0.01),), photo)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"distortion": BARREL}, "add --intrinsics"),
        ({"distortion": (-5.0, 0, 0, 0), "focal_px": 200}, "seen along no ray"),
        ({"distortion": (0, 0, 0.8, 0.8), "focal_px": 200}, "seen along no ray"),
        ({"fisheye": (-3.0, 0, 0, 0), "focal_px": 200}, "stops growing"),
        ({"fisheye": (0, 0, 0, 0), "focal_px": 1}, "check that the focal length of 1 x 1 px belongs"),
    ],
)
def test_nonsense_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(LensError, match=message):
        undistort(Photo(rgb=np.zeros((H, W, 3), np.uint8)), Options(**options), Journal())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"distortion": (1, 2, 3)}, "distortion takes 4, 5 or 8 numbers"),
        ({"distortion": (1, 2, 3, float("nan"))}, r"distortion takes .* of at most 1e\+07, got \(1"),
        ({"fisheye": (0.1,)}, "fisheye takes 4 numbers"),
        ({"fisheye": 0.1}, "fisheye must be numbers K1"),
        ({"fisheye": (0, 0, 0, 0), "distortion": (0, 0, 0, 0)}, "only one of distortion, fisheye"),
        ({"camera_file": "a.yml", "focal_px": 500}, "only one of intrinsics.* camera_file"),
        ({"distortion": BARREL, "fov": 60}, "fov is that of a picture without"),
    ],
)
def test_options_that_do_not_go_together(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Options(**options)  # type: ignore[arg-type]


def test_arrays_of_opencv_are_taken() -> None:
    assert Options(distortion=np.array([[0.1, 0, 0, 0, 0]]), focal_px=1).distortion == (0.1, 0, 0, 0, 0)  # type: ignore[arg-type]


def test_no_lens_no_change() -> None:
    photo = Photo(rgb=np.zeros((H, W, 3), np.uint8))
    assert undistort(photo, Options(focal_px=200), Journal()) is photo
    assert undistort(photo, Options(focal_px=200, distortion=(0, 0, 0, 0)), Journal()) is photo


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(command, [str(word) for word in words])
    return result.exit_code, result.output


def test_the_command_line_builds_and_says_what_it_chose(taken: Taken, tmp_path: Path) -> None:
    photo = taken.saved(tmp_path)
    np.save(tmp_path / "depth.npy", taken.z_m)
    words = ["build", photo, "--depth", tmp_path / "depth.npy", *taken.words]
    code, output = run(*words, "-o", tmp_path / "scene.npz", "-o", tmp_path / "scene.glb")
    assert code == 0, output
    assert "undistorted" in output and "the photo is in it" in output
    scene = recon.load_scene(tmp_path / "scene.npz")
    expected = depth_of(*pixel_rays(scene.intrinsics))
    assert np.abs(scene.depth.z_m / expected - 1)[scene.depth.valid].max() < 0.005
    assert scene.provenance.lens is not None
    code, output = run("info", tmp_path / "scene.glb", "--json")
    assert code == 0, output
    code, output = run(*words, "-o", tmp_path / "more.ply", "--dry-run")
    assert code == 0 and "undistorted" in output and not (tmp_path / "more.ply").exists()


def test_a_camera_file_for_a_folder_of_photos(tmp_path: Path) -> None:
    taken = Taken(LENSES[0])
    photos, depths, out = tmp_path / "photos", tmp_path / "depths", tmp_path / "out"
    photos.mkdir()
    depths.mkdir()
    for name in ("a", "b"):
        taken.saved(photos, name)
        np.save(depths / f"{name}.npy", taken.z_m)
    k = CAMERA
    numbers = " ".join(map(str, (k.fx, k.fy, k.cx, k.cy, *BARREL)))
    (tmp_path / "cameras.txt").write_text(f"1 OPENCV {W} {H} {numbers}\n")
    words = ["build", photos, "-o", out, "--format", "npz", "--depth", depths]
    code, output = run(*words, "--camera", tmp_path / "cameras.txt", "--json")
    assert code == 0, output
    for name in ("a", "b"):
        scene = recon.load_scene(out / f"{name}.npz")
        assert scene.intrinsics.width > W and scene.provenance.lens is not None
    code, output = run(
        "depth", photos / "a.png", "--depth", depths / "a.npy", *taken.words, "-o", tmp_path / "z.npy"
    )
    assert code == 0, output
    assert np.load(tmp_path / "z.npy").shape == scene.depth.z_m.shape


def test_a_camera_file_without_distortion_is_as_intrinsics(tmp_path: Path) -> None:
    (tmp_path / "cameras.txt").write_text(f"1 PINHOLE {W} {H} 200 205 165 118\n")
    taken = Taken(LENSES[0])
    np.save(tmp_path / "depth.npy", taken.z_m)
    scene = recon.reconstruct(taken.photo, depth=tmp_path / "depth.npy", camera_file=tmp_path / "cameras.txt")
    assert scene.intrinsics == CAMERA and scene.photo.original is None and scene.provenance.lens is None


def test_wrong_words_end_with_one_sentence(tmp_path: Path) -> None:
    photo = Taken(LENSES[0]).saved(tmp_path)
    for words, code, message in (
        (["--distortion", "a,b"], 2, "expected numbers K1,K2,P1,P2"),
        (["--distortion", "1,2"], 2, "takes 4, 5 or 8 numbers"),
        (["--camera", tmp_path / "none.yml"], 1, "cannot be read"),
    ):
        got, output = run("build", photo, "-o", tmp_path / "a.ply", *words)
        assert got == code and message in " ".join(output.split()), output
        assert "Traceback" not in output


def test_sparse_points_are_positions_of_the_photo_as_it_was_taken(tmp_path: Path) -> None:
    taken = Taken(LENSES[0])
    np.save(tmp_path / "inverse.npy", 1 / taken.z_m)
    rows, columns = np.mgrid[5:H:20, 5:W:20].reshape(2, -1)
    lines = [f"{c + 0.5},{r + 0.5},{taken.z_m[r, c]}" for r, c in zip(rows, columns, strict=True)]
    (tmp_path / "points.csv").write_text("\n".join(lines))
    scene = recon.reconstruct(
        taken.photo,
        taken.options,
        relative_depth=tmp_path / "inverse.npy",
        reference=str(tmp_path / "points.csv"),
    )
    expected = depth_of(*pixel_rays(scene.intrinsics))
    assert np.abs(scene.depth.z_m / expected - 1)[scene.depth.valid].max() < 0.02
    json.dumps(scene.provenance.as_dict())
