"""What the photo's camera sees through a mesh of few triangles: as few holes as through the default mesh."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from recon.geometry.mesh.coverage import lost_share
from recon.journal import Journal
from recon.options import Options
from recon.photo.read import read_photo
from recon.render.rasterize import Projected, draw_triangles, empty
from recon.scene import Scene
from recon.stage_reports import report_faces
from recon.types import Intrinsics, Mesh, MetricDepth, Photo

SAMPLES = Path(__file__).parents[3] / "sample_data"
W, H = 432, 576


@pytest.fixture(scope="module")
def kitchen() -> Scene:
    """The sample kitchen, at half of its size."""
    stored = cv2.imread(str(SAMPLES / "kitchen.depth.png"), cv2.IMREAD_UNCHANGED)
    assert stored is not None
    z_mm = cv2.resize(stored, (W, H), interpolation=cv2.INTER_NEAREST)
    return Scene(
        photo=Photo(cv2.resize(read_photo(SAMPLES / "kitchen.jpg").rgb, (W, H))),
        intrinsics=Intrinsics.from_focal(420.0, width=W, height=H, source="user"),
        depth=MetricDepth(np.maximum(z_mm, 1).astype(np.float32) / 1000, z_mm > 0),
        options=Options(stride=1),
    )


def holes(mesh: Mesh) -> int:
    """Number of pixels at whose centres the photo's camera sees no triangle."""
    assert mesh.uv is not None
    x_px, y_px = (mesh.uv * (W, H)).astype(np.float32).T
    drawn = empty(width=W, height=H)
    corners = mesh.faces.T.astype(np.intp)
    draw_triangles(drawn, Projected(x_px, y_px, 1 / mesh.vertices[:, 2], mesh.uv, corners))
    return int((drawn == 0).sum())


@pytest.mark.parametrize(("faces", "share"), [(20_000, 1e-4), (5_000, 6e-3)])
def test_few_triangles_have_hardly_more_holes_than_the_default(
    kitchen: Scene, faces: int, share: float
) -> None:
    few = kitchen.with_options(replace(kitchen.options, faces=faces)).mesh()
    assert 0.9 * faces < len(few.faces) <= faces
    assert holes(kitchen.mesh()) == 0
    assert holes(few) < share * W * H


@pytest.mark.parametrize(("faces", "warned"), [(2_000, False), (200, True)])
def test_too_few_triangles_are_reported_with_a_number_that_suffices(
    kitchen: Scene, faces: int, warned: bool
) -> None:
    scene, journal = kitchen.with_options(replace(kitchen.options, faces=faces)), Journal()
    report_faces(scene, scene.mesh(), journal)
    warnings = [entry.message for entry in journal.entries if entry.kind == "warning"]
    assert len(warnings) == warned
    if warned:
        enough = int(warnings[0].split("use --faces ")[1])
        better = kitchen.with_options(replace(kitchen.options, faces=enough))
        assert lost_share(better.mesh(), better.surface.keep) < 0.01


@pytest.mark.parametrize("size", [(60, 80), (600, 800)])
def test_the_lost_share_is_that_of_the_pixels_without_a_triangle(size: tuple[int, int]) -> None:
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32)
    square = Mesh(
        vertices=np.column_stack([corners, np.ones(4)]).astype(np.float32),
        faces=np.array([(0, 2, 1)], np.int32),
        uv=corners,
    )
    assert lost_share(square, np.ones(size, bool)) == pytest.approx(0.5, abs=0.02)
    whole = replace(square, faces=np.array([(0, 2, 1), (0, 3, 2)], np.int32))
    assert lost_share(whole, np.ones(size, bool)) == 0
    upper = np.zeros(size, bool)
    upper[: size[0] // 2] = True
    assert lost_share(square, upper) == pytest.approx(0.25, abs=0.02)
