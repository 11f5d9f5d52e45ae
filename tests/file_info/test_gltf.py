"""glTF of other programs: every way to place, store and compress geometry is read right, or refused in a sentence."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from both_readers import agreeing, normal_in_file, points_of
from gltf_files import TRIANGLE, Gltf
from PIL import Image

from recon.errors import SceneFileError
from recon.file_info import describe, read_geometry
from recon.types import Mesh, PointCloud

HALF = 0.5**0.5


def triangle(**node: Any) -> Gltf:
    """One triangle of 100 x 50, at a node."""
    made = Gltf()
    made.show(made.node(mesh=made.mesh(), **node))
    return made


@pytest.mark.parametrize(
    ("node", "size"),
    [
        ({}, (100, 50, 0)),
        ({"scale": [0.01, 0.01, 0.01]}, (1, 0.5, 0)),
        ({"matrix": [0, 2, 0, 0, -2, 0, 0, 0, 0, 0, 2, 0, 5, 6, 7, 1]}, (100, 200, 0)),
        # By 45 degrees about z: the box around the turned box would be 106 x 106.
        ({"rotation": [0, 0, np.sin(np.pi / 8), np.cos(np.pi / 8)]}, (150 * HALF, 100 * HALF, 0)),
        ({"scale": [0.02, 0.01, 1], "rotation": [0, HALF, 0, HALF], "translation": [1, 2, 3]}, (0, 0.5, 2)),
    ],
)
@pytest.mark.parametrize("suffix", [".glb", ".gltf"])
def test_nodes_place_and_scale(node: dict[str, Any], size: Any, suffix: str, tmp_path: Path) -> None:
    info, shape, notes = agreeing(triangle(**node).save(tmp_path / f"a{suffix}"), atol=1e-4)
    assert np.allclose(info.size, size, atol=1e-4) and info.unit == "m" and not notes
    assert (info.points, info.faces) == (3, 1) and isinstance(shape, Mesh)


def test_places_of_parents_add_up_and_cameras_hide_nothing(tmp_path: Path) -> None:
    made = Gltf()
    inner = made.node(mesh=made.mesh(), translation=[1, 0, 0])
    made.tree["cameras"] = [{"type": "perspective", "perspective": {"yfov": 0.7, "znear": 0.1}}]
    outer = made.node(camera=0, children=[inner], scale=[0.1, 0.1, 0.1], translation=[0, 0, -3])
    info, _, _ = agreeing(made.show(outer).save(tmp_path / "a.glb"))
    assert np.allclose(info.low, (0.1, 0, -3)) and np.allclose(info.size, (10, 5, 0))
    assert info.camera is not None and info.camera.fov_y_deg == pytest.approx(np.degrees(0.7))


@pytest.mark.parametrize("below", [False, True])
def test_the_camera_of_a_file_is_its_first(below: bool, tmp_path: Path) -> None:
    made = triangle()
    made.tree["cameras"] = [
        {"type": "perspective", "perspective": {"yfov": yfov, "znear": 0.1}} for yfov in (0.7, 0.9)
    ]
    cameras = [made.node(camera=index) for index in range(2)]
    made.show(*([made.node(children=cameras)] if below else cameras))
    info, _, _ = agreeing(made.save(tmp_path / "a.glb"))
    assert info.camera is not None and info.camera.fov_y_deg == pytest.approx(np.degrees(0.7))


def test_one_mesh_at_several_places(tmp_path: Path) -> None:
    made = Gltf()
    mesh = made.mesh()
    made.show(*(made.node(mesh=mesh, translation=[x, 0, 0]) for x in (0, 200, 400)))
    info, shape, _ = agreeing(made.save(tmp_path / "a.glb"))
    assert (info.points, info.faces, info.size) == (9, 3, (500, 50, 0))
    assert isinstance(shape, Mesh) and len(shape.faces) == 3


def test_a_mirrored_node_still_faces_outwards(tmp_path: Path) -> None:
    for scale, facing in (([1, 1, 1], 1), ([-1, 1, 1], 1)):
        _, shape, _ = agreeing(triangle(scale=scale).save(tmp_path / "a.glb"))
        assert normal_in_file(shape)[2] == pytest.approx(facing)


@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2"])
@pytest.mark.parametrize("normalized", [True, False])
def test_quantised_positions(dtype: str, normalized: bool, tmp_path: Path) -> None:
    """KHR_mesh_quantization: small integers, as gltfpack writes them; the node scales them back."""
    most = np.iinfo(dtype).max
    made = Gltf()
    at = made.accessor((np.sign(TRIANGLE) * most).astype(f"<{dtype}"), bounds=True, normalized=normalized)
    made.tree |= {
        "extensionsUsed": ["KHR_mesh_quantization"],
        "extensionsRequired": ["KHR_mesh_quantization"],
    }
    scale = 1.0 if normalized else 1 / most
    node = made.node(mesh=made.mesh(at), scale=[2 * scale, scale, scale], rotation=[0, 0, HALF, HALF])
    info, _, _ = agreeing(made.show(node).save(tmp_path / "a.glb"))
    assert np.allclose(info.size, (1, 2, 0))
    # Where a box must be measured, too.
    made.tree["nodes"][node]["rotation"] = [0, 0, np.sin(np.pi / 8), np.cos(np.pi / 8)]
    info, _, _ = agreeing(made.save(tmp_path / "a.glb"))
    assert np.allclose(info.size, (3 * HALF, 2 * HALF, 0))


def test_interleaved_vertices(tmp_path: Path) -> None:
    made = Gltf()
    both = np.hstack([TRIANGLE, np.tile(np.float32([0, 0, 1]), (3, 1))]).astype("<f4")
    view = made.view(both.tobytes(), byteStride=24)
    common = {"bufferView": view, "componentType": 5126, "count": 3, "type": "VEC3"}
    low, high = TRIANGLE.min(axis=0).tolist(), TRIANGLE.max(axis=0).tolist()
    made.tree["accessors"] += [{**common, "min": low, "max": high}, {**common, "byteOffset": 12}]
    made.show(made.node(mesh=made.mesh(0, attributes={"NORMAL": 1})))
    info, _, _ = agreeing(made.save(tmp_path / "a.glb"))
    assert info.size == (100, 50, 0) and info.normals


SQUARES = np.float32([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 2, 0]])


@pytest.mark.parametrize(
    ("mode", "order", "faces"),
    [(4, [0, 1, 2, 1, 3, 2, 2, 3, 4], 3), (5, None, 3), (5, [0, 1, 2, 3, 4], 3), (6, [0, 1, 3, 2], 2)],
)
def test_strips_and_fans_face_one_way(mode: int, order: list[int] | None, faces: int, tmp_path: Path) -> None:
    made = Gltf()
    indices = {} if order is None else {"indices": made.accessor(np.array(order, "<u2"))}
    made.show(made.node(mesh=made.mesh(SQUARES, mode=mode, **indices)))
    info, shape, _ = agreeing(made.save(tmp_path / "a.glb"))
    assert info.faces == faces and isinstance(shape, Mesh) and len(shape.faces) == faces
    a, b, c = (SQUARES[shape.faces[:, k]] for k in range(3))
    assert (np.cross(b - a, c - a)[:, 2] > 0).all()


def test_points_have_colours_and_ignored_lines_are_reported(tmp_path: Path) -> None:
    made = Gltf()
    linear = np.float32([[1, 0, 0], [0, 0.2158605, 0], [0, 0, 0]])  # half of sRGB's range
    colours = made.accessor(linear)
    points = made.node(mesh=made.mesh(mode=0, attributes={"COLOR_0": colours}))
    lines = made.node(mesh=made.mesh(TRIANGLE / 2, mode=1))
    info, shape, notes = agreeing(made.show(points, lines).save(tmp_path / "a.glb"))
    assert isinstance(shape, PointCloud) and info.colours == "vertex"
    assert np.abs(shape.rgb.astype(int) - [[255, 0, 0], [0, 128, 0], [0, 0, 0]]).max() <= 2
    assert notes == ("1 sets of lines are not shown",)


def test_points_without_triangles_next_to_a_mesh_are_reported(tmp_path: Path) -> None:
    made = Gltf()
    made.show(made.node(mesh=made.mesh()), made.node(mesh=made.mesh(TRIANGLE / 2, mode=0)))
    _, shape, notes = agreeing(made.save(tmp_path / "a.glb"))
    assert isinstance(shape, Mesh) and notes == ("3 points without triangles are not shown",)


def test_sparse_positions(tmp_path: Path) -> None:
    made = Gltf()
    at = made.accessor(np.zeros_like(TRIANGLE), bounds=False, min=[0, 0, 0], max=[100, 50, 0])
    del made.tree["accessors"][at]["bufferView"]  # all zero, but for two
    made.tree["accessors"][at]["sparse"] = {
        "count": 2,
        "indices": {"bufferView": made.view(np.array([1, 2], "<u2").tobytes()), "componentType": 5123},
        "values": {"bufferView": made.view(TRIANGLE[1:].tobytes())},
    }
    node = made.node(mesh=made.mesh(at), rotation=[0, 0, np.sin(np.pi / 8), np.cos(np.pi / 8)])
    info, _, _ = agreeing(made.show(node).save(tmp_path / "a.glb"), atol=1e-4)
    assert np.allclose(info.size, (150 * HALF, 100 * HALF, 0), atol=1e-4)


def test_bounds_that_are_missing_are_measured(tmp_path: Path) -> None:
    made = Gltf()
    made.show(made.node(mesh=made.mesh(made.accessor(TRIANGLE))))
    assert agreeing(made.save(tmp_path / "a.glb"))[0].size == (100, 50, 0)


@pytest.mark.parametrize("scene", [None, {"nodes": []}, {"nodes": [1]}])
@pytest.mark.parametrize("with_nodes", [True, False])
def test_meshes_that_no_scene_shows_are_shown(scene: Any, with_nodes: bool, tmp_path: Path) -> None:
    made = Gltf()
    mesh = made.mesh()
    if with_nodes:
        made.node(mesh=mesh, scale=[2, 2, 2])
    while len(made.tree["nodes"]) < 2:
        made.node()
    made.tree |= {} if scene is None else {"scenes": [scene]}
    info, _, notes = agreeing(made.save(tmp_path / "a.glb"))
    assert info.size == ((200, 100, 0) if with_nodes else (100, 50, 0))
    assert info.notes == notes == ("no scene of the file contains its meshes: all are shown",)


def textured(uri: str) -> Gltf:
    made = Gltf()
    uv = made.accessor(np.float32([[0, 0], [1, 0], [0, 1]]))
    made.tree |= {
        "images": [{"uri": uri}],
        "textures": [{"source": 0}],
        "materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
    }
    return made.show(made.node(mesh=made.mesh(attributes={"TEXCOORD_0": uv}, material=0)))


@pytest.mark.parametrize("suffix", [".glb", ".gltf"])
@pytest.mark.parametrize("uri", ["textures/my%20wood.png", "textures\\my wood.png", "textures/My Wood.PNG"])
def test_textures_in_folders_give_the_colours(uri: str, suffix: str, tmp_path: Path) -> None:
    (tmp_path / "textures").mkdir()
    pixels = np.uint8([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [9, 9, 9]]])
    Image.fromarray(pixels).save(tmp_path / "textures" / "my wood.png")
    info, shape, notes = agreeing(textured(uri).save(tmp_path / f"a{suffix}"))
    assert info.colours == "texture" and not notes and not info.notes
    # glTF's v goes down from the picture's upper edge.
    assert shape.rgb is not None and shape.rgb.tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]


def test_missing_images_are_reported(tmp_path: Path) -> None:
    for uri, note in (
        ("gone.png", "the file gone.png is missing"),
        ("https://example.org/a.png", "the file https://example.org/a.png is a URL, which is not downloaded"),
    ):
        info, _, notes = agreeing(textured(uri).save(tmp_path / "a.glb"))
        assert info.notes == notes == (note,)


def test_a_material_without_a_texture_gives_its_colour(tmp_path: Path) -> None:
    made = triangle()
    made.tree["materials"] = [{"pbrMetallicRoughness": {"baseColorFactor": [0.2158605, 0, 1, 1]}}]
    made.tree["meshes"][0]["primitives"][0]["material"] = 0
    _, shape, _ = agreeing(made.save(tmp_path / "a.glb"))
    assert shape.rgb is not None and np.abs(shape.rgb.astype(int) - [128, 0, 255]).max() <= 2


def test_missing_buffers_are_refused_by_name(tmp_path: Path) -> None:
    path = triangle().save(tmp_path / "a.gltf")
    (tmp_path / "buffers" / "my data.bin").unlink()
    assert "the file buffers/my%20data.bin is missing" in describe(path).notes
    with pytest.raises(SceneFileError, match=r"buffers/my%20data\.bin is missing"):
        read_geometry(path)


@pytest.mark.parametrize(
    ("extension", "where", "words"),
    [
        ("KHR_draco_mesh_compression", "primitive", "Draco"),
        ("EXT_meshopt_compression", "view", "EXT_meshopt"),
    ],
)
def test_compressed_meshes_are_described_and_not_misread(
    extension: str, where: str, words: str, tmp_path: Path
) -> None:
    made = triangle(rotation=[0, 0, np.sin(np.pi / 8), np.cos(np.pi / 8)])
    content = {extension: {"bufferView": 0, "attributes": {"POSITION": 0}, "buffer": 0, "count": 3}}
    if where == "primitive":
        made.tree["meshes"][0]["primitives"][0]["extensions"] = content
        del made.tree["accessors"][0]["bufferView"]
    else:
        made.tree["bufferViews"][0]["extensions"] = content
    path = made.save(tmp_path / "a.glb")
    info = describe(path)
    assert (info.points, info.faces) == (3, 1) and any(
        "boxes" in note and words in note for note in info.notes
    )
    with pytest.raises(SceneFileError, match=words):
        read_geometry(path)


def bomb_of_nodes(tree: dict[str, Any]) -> None:
    tree["nodes"] = [{"children": [k + 1, k + 1]} for k in range(40)] + [{"mesh": 0}]


def bomb_of_values(tree: dict[str, Any]) -> None:
    tree["accessors"][0] |= {"count": 10**12}
    del tree["accessors"][0]["bufferView"]


def bomb_of_corners(tree: dict[str, Any]) -> None:
    tree["accessors"][0] |= {"min": [0.0] * 28, "max": [1.0] * 28}


def circle(tree: dict[str, Any]) -> None:
    tree["nodes"][0]["children"] = [0]


def no_such_point(tree: dict[str, Any]) -> None:
    tree["accessors"].append({**tree["accessors"][0], "componentType": 5125, "type": "SCALAR", "count": 9})
    tree["meshes"][0]["primitives"][0]["indices"] = 1


def huge_angle(tree: dict[str, Any]) -> None:
    tree["cameras"] = [{"perspective": {"yfov": 10**400}}]
    tree["nodes"][0]["camera"] = 0


def deep(tree: dict[str, Any]) -> None:
    tree["extras"] = "DEEP"


@pytest.mark.parametrize(
    "damage",
    [bomb_of_nodes, bomb_of_values, bomb_of_corners, circle, no_such_point, huge_angle, deep],
)
def test_hostile_documents_are_a_sentence_at_once(damage: Any, tmp_path: Path) -> None:
    made = triangle()
    damage(made.tree)
    path = made.save(tmp_path / "a.gltf")
    if damage is deep:
        path.write_text(json.dumps(made.tree | {"buffers": []}).replace('"DEEP"', "[" * 10**5 + "]" * 10**5))
    start = time.thread_time()
    with pytest.raises(SceneFileError, match="damaged, or not a glTF file"):
        read_geometry(path)
        describe(path)
    assert time.thread_time() - start < 5


def test_a_glb_whose_points_are_turned_is_measured_exactly(trimesh: Any, tmp_path: Path) -> None:
    """By what another library says of the same file."""
    scene = trimesh.Scene()
    turn = trimesh.transformations.rotation_matrix(0.7, [1, 2, 3])
    for place in ((0, 0, 0), (3, 1, 2)):
        turn[:3, 3] = place
        scene.add_geometry(trimesh.creation.icosphere(1), transform=turn)
    scene.export(tmp_path / "a.glb")
    info, shape, _ = agreeing(tmp_path / "a.glb", atol=1e-4)
    assert np.allclose(scene.bounds, [info.low, info.high], atol=1e-4)
    assert len(points_of(shape)) == info.points == 2 * 42
