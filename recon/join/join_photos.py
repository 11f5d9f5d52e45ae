"""Joins several photos of one place in five stages: cameras, poses, depth, one scale, scene."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recon.argument_names import OptionError
from recon.batch.own_depth import with_own_depth
from recon.calibration.calibration import Calibration, apply
from recon.calibration.error_models import known_error_model
from recon.calibration.to_metric import Metric
from recon.constraints import Constraint
from recon.depth.estimator import Estimator
from recon.depth.sparse_points import on_grid
from recon.errors import CalibrationError
from recon.join.check_request import check_request
from recon.join.find_poses import find_poses
from recon.join.join_report import (
    JournalOfPhoto,
    report_fit,
    report_guessed_focal,
    report_left_out,
    report_poses,
)
from recon.join.joined_scene import JoinedScene, LeftOut
from recon.join.joint_errors import in_frame
from recon.join.joint_fit import JointFit, joint_fit
from recon.join.photo_set import NamedPhoto
from recon.join.posed_view import PosedView
from recon.join.poses import CameraPose, Poses
from recon.join.tie_points import with_tie_points
from recon.join.view_problem import ViewData, ViewProblem, view_problem
from recon.journal import Journal
from recon.options import Options
from recon.pipeline import Prepared, choose_estimator, prepare, provenance_of
from recon.types import DepthEstimate, Intrinsics, MetricDepth


def join_photos(
    photos: Sequence[NamedPhoto],
    options: Options,
    journal: Journal,
    *,
    constraints: Mapping[int, Sequence[Constraint]] | None = None,
    poses: Poses | None = None,
    estimator: Estimator | None = None,
) -> JoinedScene:
    """Joins photos to one metric scene.

    Args:
        photos: Two or more.
        options: Camera, model or measured depth (a folder), and geometry, as for one photo.
        journal: Receives every decision and the progress.
        constraints: Known measurements by the index of their photo.
        poses: Known poses; None: found by pycolmap.
        estimator: Replaces ``options.model``.

    Raises:
        ReconError: Fewer than two photos can be placed or agree, nothing determines the scale, or a photo's depth
            cannot be estimated.
    """
    check_request(photos, options)
    # 1. Photos without lens distortion, and cameras that are known before
    prepared = [
        prepare(
            each.photo,
            options,
            JournalOfPhoto(journal, each.name, first=index == 0, count=len(photos)),
            tuple((constraints or {}).get(index, ())),
            lens=None if poses is None or index not in poses.by_photo else poses.by_photo[index].lens,
        )
        for index, each in enumerate(photos)
    ]
    photos = [replace(each, photo=its.photo) for each, its in zip(photos, prepared, strict=True)]
    cameras = [its.known_camera for its in prepared]
    # 2. Poses, up to scale, and the points that several photos show
    if poses is None:
        poses = find_poses([each.photo for each in photos], cameras, journal, undistorted=options.has_lens)
    else:
        poses = _of_undistorted(poses, photos, None if not options.has_lens else cameras)
    report_poses(poses, photos, journal)
    poses = _with_points(poses, photos, cameras, journal)
    report_guessed_focal(poses, journal)
    # 3. Depth of each photo
    estimator = estimator or _estimator(options, journal)
    datas = _estimated(photos, poses, cameras, options, estimator, prepared, journal)
    # 4. One scale for all
    problems, left_out = _problems(datas, journal)
    with journal.stage(f"Fitting one scale to {len(problems)} photos"):
        used = [index for index, _ in problems]
        fitted = joint_fit(
            [each for _, each in problems],
            unit_sigma=poses.unit_sigma,
            places=np.array([poses.by_photo[index].world_T_cam[:3, 3] for index in used]),
            pose_covariance=poses.covariance_of(used),
        )
    report_fit(fitted, problems, poses, journal)
    # 5. Scene
    return _scene(photos, poses, problems, fitted, (*poses.left_out, *left_out), options)


def _of_undistorted(
    poses: Poses, photos: Sequence[NamedPhoto], cameras: Sequence[Intrinsics | None] | None
) -> Poses:
    """Given poses of photos as they are after undistortion, which gives them another camera.

    Args:
        poses: Of the file.
        photos: Undistorted.
        cameras: Of the lens that the user states, which replaces that of the file with its points; None: there is
            none.
    """
    by_photo = dict(poses.by_photo)
    for index, pose in poses.by_photo.items():
        old, new = pose.intrinsics, photos[index].photo.intrinsics
        if cameras is not None:
            by_photo[index] = CameraPose(pose.world_T_cam, cameras[index])
        elif pose.lens is not None and old is not None and new is not None:
            by_photo[index] = replace(
                pose, intrinsics=new, points_px=_seen_by(new, old, pose.points_px), lens=None
            )
    return replace(poses, by_photo=by_photo)


def _seen_by(new: Intrinsics, old: Intrinsics, px: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    """Positions in the picture of one pinhole camera, (N, 2) px, as those in that of another at the same place."""
    if px is None:
        return None
    return (px - (old.cx, old.cy)) / (old.fx, old.fy) * (new.fx, new.fy) + (new.cx, new.cy)


def _with_points(
    poses: Poses, photos: Sequence[NamedPhoto], cameras: Sequence[Intrinsics | None], journal: Journal
) -> Poses:
    """Poses from a file that knows no points, with points matched in the photos."""
    if all(pose.points_px is not None for pose in poses.by_photo.values()):
        return poses
    used = {}
    for index, pose in poses.by_photo.items():
        size = {"width": photos[index].photo.width, "height": photos[index].photo.height}
        used[index] = pose.intrinsics or cameras[index] or Intrinsics.default(**size)
    by_photo = {index: replace(pose, intrinsics=used[index]) for index, pose in poses.by_photo.items()}
    return replace(poses, by_photo=with_tie_points(by_photo, [each.photo for each in photos], used, journal))


def _estimator(options: Options, journal: Journal) -> Estimator | None:
    """The model for all photos; None if each has its measured depth."""
    if options.depth is None:
        return choose_estimator(options, journal)
    if options.model != "auto":
        raise OptionError("use only one of --model and --depth: each is the depth of the photos")
    return None


def _estimated(
    photos: Sequence[NamedPhoto],
    poses: Poses,
    cameras: Sequence[Intrinsics | None],
    options: Options,
    estimator: Estimator | None,
    prepared: Sequence[Prepared],
    journal: Journal,
) -> dict[int, ViewData]:
    found: dict[int, ViewData] = {}
    with journal.stage("Estimating depth", len(poses.by_photo)) as progress:
        for index, pose in sorted(poses.by_photo.items()):
            named = photos[index]
            photo = named.photo
            quiet = JournalOfPhoto(journal, named.name, first=not found, count=len(poses.by_photo))
            used = estimator or choose_estimator(
                with_own_depth(options, named.stem, Path(photo.path or named.name)), quiet, photo
            )
            camera = pose.intrinsics or cameras[index]
            estimate = used.estimate(photo, focal_px=None if camera is None else camera.fx, journal=quiet)
            estimate = estimate.within(photo.present)
            size = {"width": photo.width, "height": photo.height}
            camera = Intrinsics.best(camera, estimate.focal_px, **size)
            found[index] = ViewData(
                named.name, estimate, camera, _points(pose, **size), prepared[index].constraints
            )
            progress(len(found))
    return found


def _points(pose: CameraPose, *, width: int, height: int) -> MetricDepth:
    px = np.zeros((0, 2)) if pose.points_px is None else pose.points_px
    z = np.zeros(0) if pose.points_z is None else pose.points_z
    return on_grid(px, z, width=width, height=height).depth


def _problems(
    datas: Mapping[int, ViewData], journal: Journal
) -> tuple[list[tuple[int, ViewProblem]], list[LeftOut]]:
    """The photos whose depth agrees with the poses, and the others."""
    problems, left_out = [], []
    for index, data in datas.items():
        try:
            problems.append((index, view_problem(data)))
        except CalibrationError as error:
            left_out.append(LeftOut(data.name, str(error)))
            report_left_out(left_out[-1], journal)
    if len(problems) < 2:
        raise CalibrationError(
            f"fewer than two photos can be joined; {left_out[0].photo}: {left_out[0].reason}"
            if left_out
            else "fewer than two photos can be joined"
        )
    return problems, left_out


def _scene(
    photos: Sequence[NamedPhoto],
    poses: Poses,
    problems: Sequence[tuple[int, ViewProblem]],
    fitted: JointFit,
    left_out: Sequence[LeftOut],
    options: Options,
) -> JoinedScene:
    world_T_first = poses.by_photo[problems[0][0]].world_T_cam
    first_T_world, first_R_world = np.linalg.inv(world_T_first), world_T_first[:3, :3].T
    views, provenance = [], []
    for (index, view), calibration in zip(problems, fitted.calibrations, strict=True):
        metric = _metric(view.data.estimate, calibration)
        first_T_cam = first_T_world @ poses.by_photo[index].world_T_cam
        first_T_cam[:3, 3] *= fitted.metres_per_unit
        photo, camera = photos[index].photo, view.data.camera
        views.append(PosedView(photo, camera, first_T_cam, metric.depth, metric.sky))
        provenance.append(provenance_of(photo, camera, view.data.estimate, metric))
    return JoinedScene(
        views=tuple(views),
        provenance=tuple(provenance),
        left_out=tuple(left_out),
        scale_interval=fitted.scale_interval,
        errors=None if fitted.errors is None else in_frame(fitted.errors, first_R_world),
        poses_counted=poses.covariance is not None,
        options=options,
    )


def _metric(estimate: DepthEstimate, calibration: Calibration) -> Metric:
    depth = apply(calibration, estimate.depth)
    return Metric(
        depth=depth,
        sky=estimate.sky,
        calibration=calibration,
        focal_px=None,
        focal_model=estimate.model,
        focal_fitted=False,
        error_model=known_error_model(estimate.model),
    )
