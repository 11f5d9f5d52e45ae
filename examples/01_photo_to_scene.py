"""One photo becomes three files: a mesh for Blender, a point cloud, and a scene to measure in."""

from pathlib import Path

import recon

SAMPLES = Path(__file__).resolve().parents[1] / "sample_data"

scene = recon.reconstruct(SAMPLES / "living_room.jpg", model="preview", stride=2)
print(scene)
for name in ("room.glb", "room.ply", "room.npz"):
    print("written", scene.save(name, overwrite=True))
