import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.frames import FILE_AXES, apply, file_T_cam, gl_T_cam
from recon.types import Intrinsics, Mesh, MetricDepth, Photo, PointCloud

focal = st.floats(50, 5000)
size = st.integers(2, 5000)


@given(focal, size, size, size, size)
def test_resizing_intrinsics_keeps_the_rays(f: float, w: int, h: int, w2: int, h2: int) -> None:
    camera = Intrinsics(f, 1.1 * f, 0.4 * w, 0.6 * h, w, h)
    resized = camera.resized(width=w2, height=h2)
    u, v = 0.3 * w, 0.9 * h
    assert (u * w2 / w - resized.cx) / resized.fx == pytest.approx((u - camera.cx) / camera.fx)
    assert (v * h2 / h - resized.cy) / resized.fy == pytest.approx((v - camera.cy) / camera.fy)
    assert resized.fov_x_deg == pytest.approx(camera.fov_x_deg)


@given(st.floats(5, 170), size, size)
def test_field_of_view_survives_the_focal_length(fov: float, w: int, h: int) -> None:
    camera = Intrinsics.from_fov(fov, width=w, height=h, source="user")
    assert camera.fov_x_deg == pytest.approx(fov)
    assert (camera.cx, camera.cy) == (w / 2, h / 2)


def test_without_a_known_camera_the_longer_side_has_60_degrees() -> None:
    lying = Intrinsics.default(width=4000, height=3000)
    upright = Intrinsics.default(width=3000, height=4000)
    assert lying.fx == upright.fx == pytest.approx(2000 / np.tan(np.pi / 6))
    assert lying.fov_x_deg == upright.fov_y_deg == pytest.approx(60.0)


def test_the_best_camera_is_the_known_one_then_the_model_s_then_the_default() -> None:
    size = {"width": 640, "height": 480}
    known = Intrinsics(500, 510, 300, 250, **size)
    assert Intrinsics.best(known, 700.0, **size) is known
    assert Intrinsics.best(None, 700.0, **size) == Intrinsics.from_focal(700.0, **size, source="model")
    assert Intrinsics.best(None, None, **size) == Intrinsics.default(**size)


def test_cropping_moves_the_principal_point_only() -> None:
    camera = Intrinsics.from_focal(500, width=640, height=480, source="exif").cropped(
        left=100, top=50, width=300, height=200
    )
    assert (camera.fx, camera.cx, camera.cy, camera.width, camera.height) == (500, 220, 190, 300, 200)


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_a_focal_length_must_be_positive_and_finite(bad: float) -> None:
    with pytest.raises(ValueError, match="focal"):
        Intrinsics.from_focal(bad, width=10, height=10, source="user")


@pytest.mark.parametrize("fov", [0, -3, 180, 400])
def test_a_field_of_view_must_lie_between_0_and_180_degrees(fov: float) -> None:
    with pytest.raises(ValueError, match="field of view"):
        Intrinsics.from_fov(fov, width=10, height=10, source="user")


@pytest.mark.parametrize("axes", list(FILE_AXES))
def test_file_axes_are_rotations(axes: str) -> None:
    file_T_cam_ = file_T_cam(axes)  # type: ignore[arg-type]
    assert np.allclose(file_T_cam_ @ file_T_cam_.T, np.eye(4))
    assert np.linalg.det(file_T_cam_) == pytest.approx(1.0)


def test_where_up_and_forward_go() -> None:
    up_cam, forward_cam = np.array([[0, -1, 0]], np.float32), np.array([[0, 0, 1]], np.float32)
    assert apply(gl_T_cam, up_cam).tolist() == [[0, 1, 0]]
    assert apply(gl_T_cam, forward_cam).tolist() == [[0, 0, -1]]
    assert apply(file_T_cam("z-up"), up_cam).tolist() == [[0, 0, 1]]
    assert apply(file_T_cam("z-up"), forward_cam).tolist() == [[0, 1, 0]]
    assert apply(file_T_cam("opencv"), up_cam).tolist() == up_cam.tolist()


def test_unknown_axes_are_refused() -> None:
    with pytest.raises(ValueError, match="y-up, z-up, opencv"):
        file_T_cam("x-up")  # type: ignore[arg-type]


def test_constructors_say_what_they_got() -> None:
    with pytest.raises(ValueError, match=r"rgb: expected shape \(any, any, 3\), got \(4, 5\)"):
        Photo(rgb=np.zeros((4, 5), np.uint8))
    with pytest.raises(ValueError, match="expected dtype float32, got float64"):
        MetricDepth(z_m=np.ones((2, 2)), valid=np.ones((2, 2), bool))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="finite and positive"):
        MetricDepth(z_m=np.zeros((2, 2), np.float32), valid=np.ones((2, 2), bool))
    one = np.ones((2, 2), np.float32)
    with pytest.raises(ValueError, match=r"log_sigma: expected shape \(2, 2\)"):
        MetricDepth(one, one > 0, log_sigma=np.ones((2, 3), np.float32))
    with pytest.raises(ValueError, match="log_sigma: values of valid pixels must be finite and positive"):
        MetricDepth(one, one > 0, log_sigma=np.zeros((2, 2), np.float32))
    with pytest.raises(ValueError, match="rgb: expected shape"):
        PointCloud(points=np.zeros((3, 3), np.float32), rgb=np.zeros((2, 3), np.uint8))
    with pytest.raises(ValueError, match="outside 0 to 2"):
        Mesh(vertices=np.zeros((3, 3), np.float32), faces=np.array([[0, 1, 3]], np.int32))


def test_a_depth_that_is_not_valid_may_be_anything() -> None:
    depth = MetricDepth(z_m=np.array([[0.0, 2.0]], np.float32), valid=np.array([[False, True]]))
    assert depth.z_m[depth.valid].tolist() == [2.0]


def test_normals_are_unit_vectors_where_there_is_depth() -> None:
    z, valid = np.ones((2, 3), np.float32), np.ones((2, 3), bool)
    normals = np.zeros((2, 3, 3), np.float32)
    normals[..., 2] = -1
    assert MetricDepth(z, valid, normals=normals).normals is normals
    normals[1, 2] = 0
    valid[1, 2] = False
    MetricDepth(z, valid, normals=normals)
    for bad in (0.9, np.nan):
        normals[0, 0, 2] = bad
        with pytest.raises(ValueError, match="normals: those of valid pixels must be unit vectors"):
            MetricDepth(z, valid, normals=normals)
    with pytest.raises(ValueError, match="normals: expected shape"):
        MetricDepth(z, valid, normals=normals[..., :2])


def test_a_photo_refuses_the_intrinsics_of_another_size() -> None:
    camera = Intrinsics.from_focal(10, width=8, height=8, source="file")
    with pytest.raises(ValueError, match="do not fit a 4x4 photo"):
        Photo(rgb=np.zeros((4, 4, 3), np.uint8), intrinsics=camera)
