"""A simple window that shows a scene from the photo's own camera; the mouse orbits."""

import ctypes
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recon.errors import SceneFileError, ViewerError
from recon.fileinfo import describe
from recon.frames import apply, gl_T_cam
from recon.options import Shape
from recon.types import Intrinsics, Mesh, PointCloud

if TYPE_CHECKING:
    from recon.scene import Scene

FILE_SUFFIXES = (".ply", ".glb", ".obj", ".stl", ".pcd", ".xyz")
"""Exported files that Open3D reads."""
_WIDTH, _HEIGHT = 1280, 960
_NO_WINDOW = (
    "no window can be opened: this session has no display (or no OpenGL driver). Write a file instead, "
    "`recon build PHOTO -o scene.glb`, and open it where there is a display"
)


def check_window() -> None:
    """Refuses before the long work where no window can be opened after it.

    Raises:
        ViewerError: Open3D is not installed, or there is no display.
    """
    _open3d()
    if not _has_display():
        raise ViewerError(_NO_WINDOW)


def show_scene(scene: "Scene", shape: Shape) -> None:
    """Opens a window on the scene's cloud or mesh, and returns when it is closed.

    Raises:
        ViewerError: Open3D is not installed, or there is no display.
    """
    o3d = _open3d()
    geometry = scene.cloud() if shape == "cloud" else scene.mesh()
    _run(o3d, to_open3d(o3d, geometry), scene.intrinsics, f"recon: {scene.photo.path or 'photo'}")


def show_file(path: Path) -> None:
    """Opens a window on an exported file, and returns when it is closed.

    Raises:
        SceneFileError: The file is missing or holds neither points nor triangles.
        ViewerError: Open3D is not installed, or there is no display.
    """
    if not path.is_file():
        raise SceneFileError(f"{path} does not exist")
    o3d = _open3d()
    geometry: Any = None
    # Not asked of Open3D, which warns of a cloud.
    if path.suffix.lower() not in (".pcd", ".xyz") and describe(path).faces:
        geometry = o3d.io.read_triangle_mesh(str(path), enable_post_processing=True)
    if geometry is None or not len(geometry.triangles):
        # Open3D knows .xyz with colours as "xyzrgb", with colours from 0 to 1; ours are 0 to 255.
        is_text = path.suffix.lower() == ".xyz"
        geometry = _read_xyz(o3d, path) if is_text else o3d.io.read_point_cloud(str(path))
        if not len(geometry.points):
            raise SceneFileError(f"{path} holds neither points nor triangles that Open3D can read")
    elif not geometry.has_vertex_normals():
        geometry.compute_vertex_normals()
    _run(o3d, geometry, None, f"recon: {path.name}")


def to_open3d(o3d: Any, geometry: PointCloud | Mesh) -> Any:
    """Open3D's legacy cloud or mesh, in the gl frame."""
    colours = None if geometry.rgb is None else o3d.utility.Vector3dVector(geometry.rgb / 255.0)
    if isinstance(geometry, PointCloud):
        made = o3d.geometry.PointCloud(
            o3d.utility.Vector3dVector(apply(gl_T_cam, geometry.points).astype(float))
        )
        if colours is not None:
            made.colors = colours
    else:
        made = o3d.geometry.TriangleMesh(
            o3d.utility.Vector3dVector(apply(gl_T_cam, geometry.vertices).astype(float)),
            o3d.utility.Vector3iVector(geometry.faces),
        )
        if colours is not None:
            made.vertex_colors = colours
    return made


def _read_xyz(o3d: Any, path: Path) -> Any:
    try:
        table = np.loadtxt(path, ndmin=2)
    except (OSError, ValueError) as error:
        raise SceneFileError(f"{path} is not a table of x y z r g b: {error}") from error
    made = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(table[:, :3]))
    if table.shape[1] >= 6:
        made.colors = o3d.utility.Vector3dVector(table[:, 3:6] / 255.0)
    return made


def _open3d() -> Any:
    try:
        import open3d
    except ImportError as error:
        raise ViewerError(
            'the viewer needs Open3D: `pip install "recon[viewer]"`, and on Debian `apt-get install libgl1 libegl1 '
            f"libx11-6 libusb-1.0-0 libudev1` ({error})"
        ) from error
    # What is wrong with a file is told by us, in a sentence.
    open3d.utility.set_verbosity_level(open3d.utility.VerbosityLevel.Error)
    return open3d


def _run(o3d: Any, geometry: Any, camera: Intrinsics | None, title: str) -> None:
    """Shows the geometry in a window of Open3D's legacy visualizer (OpenGL) and waits until it is closed."""
    window = o3d.visualization.Visualizer()
    # Asked first: without a display Open3D renders off the screen, and waits for ever for its window to be closed.
    if not _has_display() or not window.create_window(title, _WIDTH, _HEIGHT):
        raise ViewerError(_NO_WINDOW)
    window.add_geometry(geometry)
    window.get_render_option().point_size = 2.0
    # Vertex colours are the photo's: light would darken them.
    window.get_render_option().light_on = False
    if camera is not None:
        _look_through(o3d, window.get_view_control(), camera)
    window.run()
    window.destroy_window()


def _has_display() -> bool:
    """Whether this session can open a window. Elsewhere than on Linux there is a desktop, or Open3D says so."""
    if sys.platform != "linux" or os.environ.get("WAYLAND_DISPLAY"):
        return True
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError:
        return False
    x11.XOpenDisplay.restype = ctypes.c_void_p
    display = x11.XOpenDisplay(None)
    if display:
        x11.XCloseDisplay(ctypes.c_void_p(display))
    return bool(display)


def _look_through(o3d: Any, control: Any, camera: Intrinsics) -> None:
    """Puts the window's camera where the photo was taken, with the whole photo in view."""
    zoom = min(_WIDTH / camera.width, _HEIGHT / camera.height)
    parameters = o3d.camera.PinholeCameraParameters()
    parameters.intrinsic = o3d.camera.PinholeCameraIntrinsic(
        # The visualizer takes the principal point at the middle of pixels counted from 0.
        _WIDTH, _HEIGHT, camera.fx * zoom, camera.fy * zoom, _WIDTH / 2 - 0.5, _HEIGHT / 2 - 0.5
    )  # fmt: skip
    # Open3D wants cam_T_world, and our world is the gl frame.
    parameters.extrinsic = np.linalg.inv(gl_T_cam)
    control.convert_from_pinhole_camera_parameters(parameters, allow_arbitrary=True)
    control.set_constant_z_near(0.01)
