"""Scenes of several photos, as the viewer shows them: one cloud, upright, with all cameras."""

from pathlib import Path

from recon.frames import gl_T_cam
from recon.join import joined_file
from recon.join.fusion.fuse import fuse
from recon.join.fusion.levelling import joint_levelling
from recon.types import PointCloud
from recon_viewer.model.state import JoinedCamera


def opened_joined(path: Path) -> tuple[PointCloud, tuple[JoinedCamera, ...]]:
    """The fused cloud and the cameras, in a frame that the viewer shows upright if gravity is sure.

    Raises:
        SceneFileError: The file is damaged.
    """
    scene = joined_file.load(path)
    cloud = fuse(scene.views, scene.options).cloud
    levelling = None if scene.options.level is False else joint_levelling(scene.views)
    shown_T_world = scene.views[0].cam_T_world
    if levelling is not None:
        shown_T_world = gl_T_cam.T @ levelling.level_T_gl @ gl_T_cam @ shown_T_world
    cameras = tuple(JoinedCamera(view.intrinsics, shown_T_world @ view.world_T_cam) for view in scene.views)
    return cloud.transform(shown_T_world), cameras
