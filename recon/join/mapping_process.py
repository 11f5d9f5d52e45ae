"""Finds the poses of pictures by pycolmap; the child process of ``recon.join.find_poses``.

``python -m recon.join.mapping_process MOST_BYTES MOST_SECONDS FOLDER OUTPUT.npz THREADS`` reads
FOLDER/cameras.json, a list of ``{"names": [...], "params": [...], "known": bool}``, and the pictures of
FOLDER/images. It is a separate process, because pycolmap's long calls cannot be interrupted, and a failed check of
COLMAP ends the whole process.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from recon.join.alike_pairs import MOST_EXHAUSTIVE, alike_pairs
from recon.limited_process import fail, limit

_SEED = 0
_MOST_FEATURES = 6000
_MOST_NUMBERS = 16
"""Of a camera model of COLMAP."""
_LEAST_TRIANGULATION_DEG = 1.0
"""Points seen under a smaller angle have too uncertain a depth."""
_FIRST_ANGLES_DEG = (16.0, 3.0)
"""Angle under which the first two pictures must see their points: pycolmap's own, which it quarters, and a small one
for photos taken with short steps."""


def main() -> int:
    """Maps the pictures; returns 1 after an error, with a message on stderr."""
    most_bytes, most_s, folder, output, threads = sys.argv[1:]
    limit(most_bytes, most_s)
    try:
        found = _mapped(Path(folder), int(threads))
    except Exception as error:  # end of the process: the parent raises the error
        return fail((str(error).splitlines() or ["it failed"])[0])
    np.savez(output, **found)
    return 0


def _mapped(folder: Path, threads: int) -> dict[str, Any]:
    """The arrays of ``as_arrays``, of the largest model; none if there is no model."""
    import pycolmap

    pycolmap.set_random_seed(_SEED)
    database, images, models = folder / "database.db", folder / "images", folder / "models"
    cameras = json.loads((folder / "cameras.json").read_text("utf-8"))
    extraction = pycolmap.FeatureExtractionOptions(num_threads=threads, use_gpu=False)
    extraction.sift.max_num_features = _MOST_FEATURES
    for camera in cameras:
        reader = pycolmap.ImageReaderOptions(
            camera_model="PINHOLE" if camera["known"] else "SIMPLE_PINHOLE",
            camera_params=",".join(map(repr, camera["params"])),
        )
        pycolmap.extract_features(
            database,
            images,
            camera["names"],
            pycolmap.CameraMode.SINGLE,
            reader,
            extraction,
            pycolmap.Device.cpu,
        )
    matching = pycolmap.FeatureMatchingOptions(num_threads=threads, use_gpu=False)
    if sum(len(camera["names"]) for camera in cameras) <= MOST_EXHAUSTIVE:
        pycolmap.match_exhaustive(database, matching, device=pycolmap.Device.cpu)
    else:
        pairing = pycolmap.ImportedPairingOptions(
            match_list_path=_listed_pairs(database, folder / "pairs.txt")
        )
        pycolmap.match_image_pairs(database, matching, pairing, device=pycolmap.Device.cpu)
    models.mkdir()
    for angle_deg in _FIRST_ANGLES_DEG:
        options = _options(database, cameras, threads)
        options.mapper.init_min_tri_angle = angle_deg
        found = pycolmap.incremental_mapping(database, images, models, options)
        if found:
            return as_arrays(max(found.values(), key=lambda model: model.num_reg_images()))
    return {}


def _listed_pairs(database: Path, path: Path) -> Path:
    """Writes the names of the pictures to match, a pair in each line."""
    import pycolmap

    with pycolmap.Database.open(database) as opened:
        # The names are numbers in the order of the photos.
        images = sorted(opened.read_all_images(), key=lambda image: image.name)
        descriptors = [np.asarray(opened.read_descriptors(image.image_id).data) for image in images]
    lines = [f"{images[a].name} {images[b].name}\n" for a, b in alike_pairs(descriptors)]
    path.write_text("".join(lines), "utf-8")
    return path


def _options(database: Path, cameras: list[dict[str, Any]], threads: int) -> Any:
    import pycolmap

    with pycolmap.Database.open(database) as opened:
        by_name = {image.name: image.camera_id for image in opened.read_all_images()}
    known = {by_name[name] for camera in cameras if camera["known"] for name in camera["names"]}
    count = len(by_name)
    options = pycolmap.IncrementalPipelineOptions(
        num_threads=threads, random_seed=_SEED, min_model_size=2, extract_colors=False, constant_cameras=known
    )
    # Two views determine no focal length reliably.
    if count == 2 or len(known) == len(set(by_name.values())):
        options.ba_refine_focal_length = False
        options.mapper.abs_pose_refine_focal_length = False
    # Few photos: many points are seen by two of them only.
    options.triangulation.ignore_two_view_tracks = False
    options.triangulation.min_angle = options.mapper.filter_min_tri_angle = _LEAST_TRIANGULATION_DEG
    return options


def as_arrays(model: Any) -> dict[str, Any]:
    """Of the registered pictures: names, world_T_cam (N, 4, 4), params (N, 4) fx fy cx cy px, sizes (N, 2) px, models
    (N,) names of COLMAP's camera models, numbers (N, 16) of these, NaN where there are fewer; of their features:
    image (M,) index of the picture, point (M,) index of the point, px (M, 2), z (M,); points (P, 3); camera (N,) of
    each picture, as numbered by pycolmap."""
    names: list[str] = []
    models: list[str] = []
    poses, params, sizes, numbers, cameras, image_of, point_of, px, z = [], [], [], [], [], [], [], [], []
    for image in sorted(model.images.values(), key=lambda each: each.name):
        if not image.has_pose:
            continue
        camera, cam_T_world = model.cameras[image.camera_id], image.cam_from_world()
        world_T_cam = np.eye(4)
        world_T_cam[:3] = cam_T_world.inverse().matrix()
        params.append(camera.calibration_matrix()[[0, 1, 0, 1], [0, 1, 2, 2]])
        for point in image.points2D:
            if point.has_point3D():
                image_of.append(len(names))
                point_of.append(point.point3D_id)
                px.append(point.xy)
                z.append((cam_T_world * model.points3D[point.point3D_id].xyz)[2])
        names.append(image.name)
        cameras.append(image.camera_id)
        sizes.append((camera.width, camera.height))
        models.append(camera.model.name)
        numbers.append(np.pad(camera.params, (0, _MOST_NUMBERS - len(camera.params)), constant_values=np.nan))
        poses.append(world_T_cam)
    ids, point_of_feature = np.unique(np.array(point_of, np.int64), return_inverse=True)
    return {
        "names": np.array(names),
        "world_T_cam": np.array(poses).reshape(-1, 4, 4),
        "params": np.array(params).reshape(-1, 4),
        "sizes": np.array(sizes, np.int64).reshape(-1, 2),
        "models": np.array(models, np.str_),
        "numbers": np.array(numbers, np.float64).reshape(-1, _MOST_NUMBERS),
        "camera": np.array(cameras, np.int64),
        "points": np.array([model.points3D[each].xyz for each in ids], np.float64).reshape(-1, 3),
        "image": np.array(image_of, np.int64),
        "point": point_of_feature,
        "px": np.array(px, np.float64).reshape(-1, 2),
        "z": np.array(z, np.float64),
    }


if __name__ == "__main__":
    sys.exit(main())
