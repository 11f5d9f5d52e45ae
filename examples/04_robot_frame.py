"""Points in a robot's frame: x forward, y left, z up, the camera 1.2 m above the floor, looking ahead."""

from pathlib import Path

import numpy as np

import recon

SAMPLES = Path(__file__).resolve().parents[1] / "sample_data"

# Camera: x right, y down, z forward. The columns are the camera's axes in the robot's frame.
robot_T_cam = np.eye(4)
robot_T_cam[:3, :3] = [[0, 0, 1], [-1, 0, 0], [0, -1, 0]]
robot_T_cam[:3, 3] = [0.0, 0.0, 1.2]

scene = recon.reconstruct(SAMPLES / "living_room.jpg", model="preview", max_depth=6.0)
cloud = scene.cloud().transform(robot_T_cam)
ahead = np.abs(cloud.points[:, 1]) < 0.3
above = cloud.points[:, 2] > 0.2
obstacle = cloud.points[ahead & above]
print(f"{len(cloud.points):,} points; the nearest obstacle ahead is {obstacle[:, 0].min():.2f} m away")
