"""An equirectangular panorama of a generated scene with its true range along the rays.

python -m tools.panoramas.render --kind room --seed 3 --width 2048 -o runs/panoramas/room.jpg
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tools.preview.camera import place_camera
from tools.preview.compose import compose, rng_for
from tools.preview.develop import develop
from tools.preview.raycast import Raycaster
from tools.preview.render import render
from tools.preview.scene import Camera

XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:GPano="http://ns.google.com/photos/1.0/panorama/" {}/></rdf:RDF></x:xmpmeta>'
)


@dataclass(frozen=True)
class Panorama:
    """`rgb` (H, 2H, 3) uint8, `range_m` (H, 2H) float32 along the rays with inf in the sky, the camera's height."""

    rgb: NDArray[np.uint8]
    range_m: NDArray[np.float32]
    camera_height_m: float


def panorama(seed: int, kind: str, width: int) -> Panorama:
    """Return the panorama of a scene from a place where a person would take it, level, its middle straight ahead."""
    scene = compose(seed, kind)
    geometry = scene.geometry()
    caster = Raycaster(geometry)
    placed = place_camera(scene, geometry, caster, rng_for(seed, "camera0"), 640, 480)
    forward = placed.world_T_cam[:3, 2] * (1, 0, 1)
    forward /= np.linalg.norm(forward)
    down = np.array([0.0, -1.0, 0.0])
    world_T_cam = np.eye(4)
    world_T_cam[:3, :3] = np.stack([np.cross(down, forward), down, forward], axis=1)
    world_T_cam[:3, 3] = placed.world_T_cam[:3, 3]
    # The focal length only sets the texture's sharpness: px for each radian.
    camera = Camera(world_T_cam, 1 / (2 * np.pi))
    height = width // 2
    shot = render(
        scene, geometry, caster, camera, rng_for(seed, "render0"), width, height, _rays(world_T_cam, width)
    )
    return Panorama(develop(shot, rng_for(seed, "film0")), shot.z_m, float(world_T_cam[1, 3]))


def _rays(world_T_cam: NDArray[np.float64], width: int) -> NDArray[np.float32]:
    height = width // 2
    longitude = ((np.arange(width) + 0.5) / width - 0.5) * 2 * np.pi
    latitude = ((np.arange(height) + 0.5) / height - 0.5) * np.pi
    lon, down = np.meshgrid(longitude, latitude)
    local = np.stack([np.cos(down) * np.sin(lon), np.sin(down), np.cos(down) * np.cos(lon)], axis=-1)
    direction = local.reshape(-1, 3) @ world_T_cam[:3, :3].T
    origin = np.broadcast_to(world_T_cam[:3, 3], direction.shape)
    return np.concatenate([origin, direction], axis=1).astype(np.float32)


def save(made: Panorama, path: Path) -> None:
    """Write the JPEG with its GPano metadata, and the range next to it as .npy (NaN in the sky)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    xmp = XMP.format('GPano:ProjectionType="equirectangular"').encode()
    Image.fromarray(made.rgb).save(path, quality=95, xmp=xmp)
    np.save(path.with_suffix(".npy"), np.where(np.isfinite(made.range_m), made.range_m, np.nan))


def main() -> None:
    """Write one panorama."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--kind", default="room")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--width", type=int, default=2048)
    args = parser.parse_args()
    made = panorama(args.seed, args.kind, args.width)
    save(made, args.output)
    print(f"{args.output}: camera {made.camera_height_m:.2f} m above the ground")


if __name__ == "__main__":
    main()
