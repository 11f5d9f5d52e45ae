"""Runs inside Blender (4.2 or newer): opens a scene file of recon with the photo's camera and colours.

    blender --python open_scene.py -- scene.glb
    blender --background --python open_scene.py -- scene.glb --render view.png --save scene.blend
    python open_scene.py scene.glb --render view.png            (with the bpy module)

Makes the photo's camera active (with size and principal point), shows colours unmodified (view transform Standard),
and gives points, which Blender shows without colours, a size and a material. Uses only bpy and the standard library,
so this file can be copied anywhere.
"""

import argparse
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

import bpy
from mathutils import Matrix

OLDEST = (4, 2, 0)
CAMERA_NAME = "photo camera"

# Blender's world is z-up; a comment in the file gives its axes.
WORLD_T_FILE = {
    "y-up": Matrix(((1, 0, 0, 0), (0, 0, -1, 0), (0, 1, 0, 0), (0, 0, 0, 1))),
    "z-up": Matrix.Identity(4),
    "opencv": Matrix(((1, 0, 0, 0), (0, 0, 1, 0), (0, -1, 0, 0), (0, 0, 0, 1))),
}
# Blender's camera looks along -z with y up; the photo's frame has y down and z forward.
CAM_T_LENS = Matrix.Diagonal((1, -1, -1, 1))


class Refused(Exception):
    """An error that the user can fix, in one sentence."""


@dataclass
class Camera:
    """The photo's camera, px, and its pose in the file."""

    fx: float
    fy: float
    cx: float
    cy: float
    width: int
    height: int
    axes: str = "y-up"
    cam_T_file: Matrix | None = None
    """None: the camera is at the origin of the file, oriented according to its axes."""

    @property
    def world_T_lens(self) -> Matrix:
        """The pose of Blender's camera."""
        world_T_file = WORLD_T_FILE[self.axes]
        if self.cam_T_file is not None:
            return world_T_file @ self.cam_T_file.inverted() @ CAM_T_LENS
        file_T_cam = {"y-up": CAM_T_LENS, "opencv": Matrix.Identity(4)}.get(
            self.axes, WORLD_T_FILE["y-up"] @ CAM_T_LENS
        )
        return world_T_file @ file_T_cam @ CAM_T_LENS


def main(arguments: list[str]) -> None:
    """Opens the scene, and optionally renders or saves it."""
    options = _parse(arguments)
    if bpy.app.version < OLDEST:
        raise Refused(f"Blender {bpy.app.version_string} is too old; use 4.2 or newer")
    path = Path(options.file).resolve()
    if not path.is_file():
        raise Refused(f"{path} does not exist")
    scene = _empty_scene()
    readers = {".glb": open_gltf, ".gltf": open_gltf, ".ply": _open_ply, ".obj": _open_obj}
    readers |= dict.fromkeys((".usda", ".usdc", ".usdz"), _open_usd)
    if path.suffix.lower() not in readers:
        raise Refused(f"{path.name}: unsupported format; use one of {', '.join(sorted(readers))}")
    camera = readers[path.suffix.lower()](path, scene)
    show_colours_as_they_are(scene)
    if camera is None:
        print(f"recon: {path.name} contains no camera; Blender's default view is used", file=sys.stderr)
    else:
        scene.camera = camera
    look_through_camera()
    if options.save:
        bpy.ops.file.pack_all()
        bpy.ops.wm.save_as_mainfile(filepath=str(Path(options.save).resolve()), copy=True)
    if options.render:
        _render(scene, Path(options.render).resolve(), options.engine)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="open_scene.py", description="Opens a scene of recon in Blender.")
    parser.add_argument("file")
    parser.add_argument("--render", metavar="PNG", help="render from the photo's camera")
    parser.add_argument("--save", metavar="BLEND", help="save as a Blender file with packed images")
    parser.add_argument("--engine", choices=("cycles", "eevee"), default="cycles")
    return parser.parse_args(arguments)


def _empty_scene() -> "bpy.types.Scene":
    """The open scene without Blender's default objects; keeps the user's settings."""
    for item in list(bpy.data.objects):
        bpy.data.objects.remove(item, do_unlink=True)
    scene = bpy.context.scene
    scene.unit_settings.system, scene.unit_settings.scale_length = "METRIC", 1.0
    return scene


def _new_objects(operator: Callable[..., object], path: Path, **options: object) -> list["bpy.types.Object"]:
    before = set(bpy.data.objects)
    operator(filepath=str(path), **options)
    return [item for item in bpy.data.objects if item not in before]


# Formats


def open_gltf(path: Path, scene: "bpy.types.Scene") -> "bpy.types.Object | None":
    """The importer positions the camera and keeps its extras as properties."""
    objects = _new_objects(bpy.ops.import_scene.gltf, path)
    return _imported_camera(objects, scene)


def _open_usd(path: Path, scene: "bpy.types.Scene") -> "bpy.types.Object | None":
    """The importer positions the camera and keeps its user properties."""
    objects = _new_objects(bpy.ops.wm.usd_import, path)
    return _imported_camera(objects, scene)


def _imported_camera(
    objects: list["bpy.types.Object"], scene: "bpy.types.Scene"
) -> "bpy.types.Object | None":
    """The first imported camera by name, for the view and the image size; all get their principal point and lens from
    their custom properties."""
    cameras = sorted((item for item in objects if item.type == "CAMERA"), key=lambda item: item.name)
    for item in reversed(cameras):
        properties = next((holder for holder in (item.data, item) if "fx" in holder), None)
        if properties is not None:
            fx, fy, cx, cy = (float(properties[name]) for name in ("fx", "fy", "cx", "cy"))
            _apply(item, Camera(fx, fy, cx, cy, int(properties["width"]), int(properties["height"])), scene)
    return cameras[0] if cameras else None


def _open_ply(path: Path, scene: "bpy.types.Scene") -> "bpy.types.Object | None":
    comments = _comments(path, b"comment ", b"end_header")
    (item,) = _new_objects(bpy.ops.wm.ply_import, path)
    camera = _camera(comments)
    item.matrix_world = WORLD_T_FILE[camera.axes if camera else "y-up"] @ item.matrix_world
    texture = next((line.split(maxsplit=1)[1] for line in comments if line.startswith("TextureFile ")), None)
    if not item.data.polygons:
        _show_points(item, camera)
    elif texture and path.with_name(texture).is_file():
        item.data.materials.append(_glowing(_picture(path.with_name(texture))))
    else:
        item.data.materials.append(_glowing())
    return _add_camera(camera, scene)


def _open_obj(path: Path, scene: "bpy.types.Scene") -> "bpy.types.Object | None":
    camera = _camera(_comments(path, b"# ", b"mtllib"))
    axes = camera.axes if camera else "y-up"
    forward, up = {"y-up": ("NEGATIVE_Z", "Y"), "z-up": ("Y", "Z"), "opencv": ("Z", "NEGATIVE_Y")}[axes]
    objects = _new_objects(bpy.ops.wm.obj_import, path, forward_axis=forward, up_axis=up)
    for item in objects:
        for slot in item.material_slots:
            nodes = slot.material.node_tree.nodes if slot.material.use_nodes else ()
            picture = next((node.image for node in nodes if node.type == "TEX_IMAGE"), None)
            if picture is not None:
                slot.material = _glowing(picture)
    return _add_camera(camera, scene)


def _comments(path: Path, mark: bytes, end: bytes) -> list[str]:
    """The comments of a header: lines that start with the mark, up to the end line."""
    comments = []
    with path.open("rb") as file:
        for _, line in zip(range(2000), file, strict=False):
            if line.startswith(end):
                break
            if line.startswith(mark):
                comments.append(line[len(mark) :].decode("utf-8", "replace").strip())
    return comments


def _camera(comments: list[str]) -> Camera | None:
    """The camera described in recon's comments, or None."""
    entries = dict(line.partition(" ")[::2] for line in comments)
    words = entries.get("camera", "").split()
    numbers = dict(zip(words[::2], words[1::2], strict=False))
    if not {"fx", "fy", "cx", "cy", "width", "height"} <= numbers.keys():
        return None
    fx, fy, cx, cy = (float(numbers[name]) for name in ("fx", "fy", "cx", "cy"))
    axes = re.match(r"[\w-]*", entries.get("axes", "y-up"))
    rows = [float(word) for word in entries.get("cam_T_file", "").split()]
    cam_T_file = Matrix((rows[0:4], rows[4:8], rows[8:12], (0, 0, 0, 1))) if len(rows) == 12 else None
    name = axes.group() if axes and axes.group() in WORLD_T_FILE else "y-up"
    return Camera(fx, fy, cx, cy, int(numbers["width"]), int(numbers["height"]), name, cam_T_file)


# Camera


def _add_camera(camera: Camera | None, scene: "bpy.types.Scene") -> "bpy.types.Object | None":
    if camera is None:
        return None
    item = bpy.data.objects.new(CAMERA_NAME, bpy.data.cameras.new(CAMERA_NAME))
    scene.collection.objects.link(item)
    item.matrix_world = camera.world_T_lens
    item.data.clip_start, item.data.clip_end = 0.01, 10_000
    _apply(item, camera, scene)
    return item


def _apply(item: "bpy.types.Object", camera: Camera, scene: "bpy.types.Scene") -> None:
    """Sets focal length, principal point, image size and pixel aspect.

    With vertical sensor fit, Blender measures the shift in image heights. Non-square pixels are a render setting,
    which widens the image by the pixel aspect.
    """
    lens = item.data
    lens.sensor_fit = "VERTICAL"
    lens.lens = lens.sensor_height * camera.fy / camera.height
    aspect = camera.fy / camera.fx
    lens.shift_x = (camera.width / 2 - camera.cx) * aspect / camera.height
    lens.shift_y = (camera.cy - camera.height / 2) / camera.height
    render = scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = camera.width, camera.height, 100
    render.pixel_aspect_x, render.pixel_aspect_y = max(aspect, 1.0), max(1 / aspect, 1.0)


# Materials


def _picture(path: Path) -> "bpy.types.Image":
    return bpy.data.images.load(str(path))


def _glowing(picture: "bpy.types.Image | None" = None, attribute: str = "Col") -> "bpy.types.Material":
    """An emissive material that shows a texture, or the colours of points or vertices, independent of lighting."""
    material = bpy.data.materials.new("photo")
    material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    glow = tree.nodes.new("ShaderNodeEmission")
    if picture is None:
        colours = tree.nodes.new("ShaderNodeAttribute")
        colours.attribute_name = attribute
    else:
        colours = tree.nodes.new("ShaderNodeTexImage")
        colours.image, colours.extension = picture, "EXTEND"
    tree.links.new(colours.outputs["Color"], glow.inputs["Color"])
    tree.links.new(glow.outputs["Emission"], output.inputs["Surface"])
    return material


def _show_points(item: "bpy.types.Object", camera: Camera | None) -> None:
    """Adds geometry nodes that give each point a sphere with the size of its pixel, and the material."""
    material = _glowing()
    item.data.materials.append(material)
    tree = bpy.data.node_groups.new("coloured points", "GeometryNodeTree")
    tree.interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
    tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    given, made = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
    to_points, colour = tree.nodes.new("GeometryNodeMeshToPoints"), tree.nodes.new("GeometryNodeSetMaterial")
    colour.inputs["Material"].default_value = material
    tree.links.new(given.outputs["Geometry"], to_points.inputs["Mesh"])
    tree.links.new(to_points.outputs["Points"], colour.inputs["Geometry"])
    tree.links.new(colour.outputs["Geometry"], made.inputs["Geometry"])
    if camera is None:
        to_points.inputs["Radius"].default_value = 0.003
    else:
        _radius_by_distance(tree, to_points, camera, item)
    item.modifiers.new("coloured points", "NODES").node_group = tree


def _radius_by_distance(
    tree: "bpy.types.NodeTree", to_points: "bpy.types.Node", camera: Camera, item: "bpy.types.Object"
) -> None:
    """Sets the radius of points proportional to their distance: a pixel is as wide as distance / focal length.

    A radius of 0.71 pixel widths would close the gaps at the corners of the grid, but cover neighbouring pixels where
    the depth changes; with 0.65, every pixel of our samples keeps its colour.
    """
    world_T_file = WORLD_T_FILE[camera.axes]
    lens_T_file = camera.world_T_lens.inverted() @ world_T_file
    eye = lens_T_file.inverted().translation
    position = tree.nodes.new("GeometryNodeInputPosition")
    distance, scaled = tree.nodes.new("ShaderNodeVectorMath"), tree.nodes.new("ShaderNodeMath")
    distance.operation, scaled.operation = "DISTANCE", "MULTIPLY"
    distance.inputs[1].default_value = eye
    scaled.inputs[1].default_value = 0.65 * _spacing_px(camera, lens_T_file, item) / camera.fx
    tree.links.new(position.outputs[0], distance.inputs[0])
    tree.links.new(distance.outputs["Value"], scaled.inputs[0])
    tree.links.new(scaled.outputs[0], to_points.inputs["Radius"])


def _spacing_px(camera: Camera, lens_T_file: Matrix, item: "bpy.types.Object") -> float:
    """The distance between neighbouring points in the photo.

    Points are stored row by row, so most steps are along a row. In a downsampled cloud they are not, and the spacing
    is estimated from the number of points.
    """
    vertices = item.data.vertices
    steps, last = [], None
    for index in range(max(0, len(vertices) // 2 - 2000), min(len(vertices), len(vertices) // 2 + 2000)):
        x, y, z = lens_T_file @ vertices[index].co
        here = (camera.fx * x / -z, camera.fy * y / -z) if z < 0 else None
        if here and last and abs(here[1] - last[1]) < 0.25 and here[0] > last[0]:
            steps.append(here[0] - last[0])
        last = here
    if len(steps) > 1000:
        return max(1.0, round(sorted(steps)[len(steps) // 2], 1))
    return max(1.0, sqrt(camera.width * camera.height / len(vertices)))


# View and picture


def show_colours_as_they_are(scene: "bpy.types.Scene") -> None:
    """Sets the view transform Standard; Blender's default desaturates photos."""
    scene.display_settings.display_device = "sRGB"
    view = scene.view_settings
    view.view_transform, view.look, view.exposure, view.gamma = "Standard", "None", 0.0, 1.0
    scene.render.film_transparent, scene.render.dither_intensity = True, 0.0


def look_through_camera() -> None:
    """Switches every 3D view to the camera; there are none if Blender runs in the background."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.spaces.active.shading.type = "MATERIAL"
                area.spaces.active.region_3d.view_perspective = "CAMERA"


def _render(scene: "bpy.types.Scene", path: Path, engine: str) -> None:
    if scene.camera is None:
        raise Refused("the file contains no camera to render from")
    names = {"cycles": ["CYCLES"], "eevee": ["BLENDER_EEVEE", "BLENDER_EEVEE_NEXT"]}[engine]
    for name in names:
        try:
            scene.render.engine = name
            break
        except TypeError:  # Blender 4.2 to 4.5 use the other name for EEVEE
            continue
    # No pixel filter: each pixel shows what its centre sees.
    scene.render.filter_size = 0.0
    if engine == "cycles":
        # Everything is emissive, so no bounces are needed. One sample at each pixel centre reproduces the photo's
        # pixels without blur.
        cycles = scene.cycles
        cycles.device, cycles.samples, cycles.max_bounces = "CPU", 1, 0
        cycles.use_denoising, cycles.use_adaptive_sampling = False, False
        cycles.pixel_filter_type, cycles.filter_width = "BOX", 0.01
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGBA"
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)


if __name__ == "__main__":
    after = sys.argv.index("--") + 1 if "--" in sys.argv else 1
    try:
        main(sys.argv[after:])
    except (Refused, RuntimeError) as error:
        print(f"recon: {error}", file=sys.stderr)
        sys.exit(1)
