"""Light, sky, and the two renders of a sample: its colours and its true depth."""

import math
import tempfile
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import OpenEXR
from mathutils import Matrix
from numpy.typing import NDArray
from PIL import Image

from tools.sample_data.camera import Camera
from tools.sample_data.sample import Sample
from tools.sample_data.shader import srgb

GL_FROM_CV = np.diag([1.0, -1.0, -1.0, 1.0])
BEYOND_M = 1e6  # Cycles writes 1e10 where a ray meets nothing


def empty_scene() -> None:
    """Forget whatever Blender starts with."""
    bpy.ops.wm.read_factory_settings(use_empty=True)


def sky(strength: float, sun_elevation_deg: float, sun_turn_deg: float, clouds: float = 0.0) -> None:
    """Cycles' physical sky without its disc, with a share of procedural clouds in [0, 1]."""
    world = bpy.data.worlds.new("sky")
    bpy.context.scene.world = world
    tree = world.node_tree
    air = tree.nodes.new("ShaderNodeTexSky")
    air.sky_type = "MULTIPLE_SCATTERING"
    air.sun_disc = False
    air.sun_elevation = math.radians(sun_elevation_deg)
    air.sun_rotation = math.radians(sun_turn_deg)
    background = tree.nodes["Background"]
    background.inputs["Strength"].default_value = strength
    tree.links.new(_clouded(tree, air.outputs[0], clouds), background.inputs["Color"])


def _clouded(tree: Any, blue: Any, share: float) -> Any:
    if share <= 0:
        return blue
    nodes, link = tree.nodes.new, tree.links.new
    ray = nodes("ShaderNodeSeparateXYZ")
    link(nodes("ShaderNodeTexCoord").outputs["Generated"], ray.inputs[0])
    # The ray cut with a flat cloud base: clouds shrink and crowd towards the horizon as real ones do.
    height = nodes("ShaderNodeMath")
    height.operation = "MAXIMUM"
    height.inputs[1].default_value = 0.06
    link(ray.outputs[2], height.inputs[0])
    base = nodes("ShaderNodeCombineXYZ")
    for axis in (0, 1):
        ratio = nodes("ShaderNodeMath")
        ratio.operation = "DIVIDE"
        link(ray.outputs[axis], ratio.inputs[0])
        link(height.outputs[0], ratio.inputs[1])
        link(ratio.outputs[0], base.inputs[axis])
    noise = nodes("ShaderNodeTexNoise")
    for key, value in {"Scale": 0.55, "Detail": 9.0, "Roughness": 0.56, "Distortion": 0.25}.items():
        noise.inputs[key].default_value = value
    link(base.outputs[0], noise.inputs["Vector"])
    cover = nodes("ShaderNodeMapRange")
    cover.interpolation_type = "SMOOTHSTEP"
    for key, value in {
        "From Min": 0.62 - 0.25 * share,
        "From Max": 0.85 - 0.2 * share,
        "To Max": 0.85,
    }.items():
        cover.inputs[key].default_value = value
    link(noise.outputs[0], cover.inputs["Value"])
    mixed = nodes("ShaderNodeMixRGB")
    mixed.inputs[2].default_value = (24.0, 24.3, 25.0, 1.0)
    link(cover.outputs[0], mixed.inputs[0])
    link(blue, mixed.inputs[1])
    return mixed.outputs[0]


def sun(strength: float, elevation_deg: float, turn_deg: float, colour: str = "#fff1dd") -> None:
    """Sunlight from a direction: turn 0 is +y, 90 is +x (clockwise from above, as the sky's own sun)."""
    light = bpy.data.lights.new("sun", "SUN")
    light.energy, light.angle, light.color = strength, math.radians(0.6), srgb(colour)
    lamp = bpy.data.objects.new("sun", light)
    lamp.rotation_euler = (math.radians(90 - elevation_deg), 0, math.radians(180 - turn_deg))
    bpy.context.scene.collection.objects.link(lamp)


def panel(
    watts: float, at: tuple[float, float, float], towards: tuple[float, float, float], size: tuple[float, float],
    colour: str = "#ffffff", portal: bool = False,
) -> None:  # fmt: skip
    """A rectangle of light that the camera does not see; as a portal it only guides the sky's light."""
    light = bpy.data.lights.new("panel", "AREA")
    light.shape, light.size, light.size_y = "RECTANGLE", *size
    light.energy, light.color = watts, srgb(colour)
    light.cycles.is_portal = portal
    lamp = bpy.data.objects.new("panel", light)
    lamp.location = at
    heading = Matrix.Identity(3).col[0].__class__(np.array(towards, float) - np.array(at))
    lamp.rotation_euler = heading.to_track_quat("-Z", "Y").to_euler()
    lamp.visible_camera = False
    bpy.context.scene.collection.objects.link(lamp)


def bulb(watts: float, at: tuple[float, float, float], radius_m: float, colour: str) -> None:
    """A round lamp."""
    light = bpy.data.lights.new("bulb", "POINT")
    light.energy, light.shadow_soft_size, light.color = watts, radius_m, srgb(colour)
    lamp = bpy.data.objects.new("bulb", light)
    lamp.location = at
    bpy.context.scene.collection.objects.link(lamp)


def set_camera(camera: Camera, scale: float = 1.0) -> None:
    """Make the scene's camera; `scale` below 1 renders a smaller picture of the same field of view."""
    data = bpy.data.cameras.new("camera")
    data.sensor_fit, data.sensor_width = "HORIZONTAL", 36.0
    data.lens = camera.focal_px / camera.width * 36.0
    data.clip_start, data.clip_end = 0.02, 5000.0
    item = bpy.data.objects.new("camera", data)
    item.matrix_world = Matrix((camera.world_T_cam @ GL_FROM_CV).tolist())
    scene = bpy.context.scene
    scene.collection.objects.link(item)
    scene.camera = item
    scene.render.resolution_x = round(camera.width * scale)
    scene.render.resolution_y = round(camera.height * scale)
    scene.render.resolution_percentage = 100


def _cycles(samples: int, threads: int) -> Any:
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.threads_mode, scene.render.threads = "FIXED", threads
    cycles = scene.cycles
    cycles.device, cycles.samples, cycles.seed = "CPU", samples, 7
    cycles.use_adaptive_sampling = False
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 9, 5, 4
    cycles.transmission_bounces, cycles.transparent_max_bounces = 8, 8
    cycles.sample_clamp_indirect = 6.0
    return scene


def render_colours(sample: Sample, samples: int, threads: int) -> NDArray[np.uint8]:
    """The upright picture (H, W, 3), display-referred sRGB."""
    scene = _cycles(samples, threads)
    cycles = scene.cycles
    cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
    cycles.denoising_prefilter, cycles.denoising_input_passes = "ACCURATE", "RGB_ALBEDO_NORMAL"
    cycles.pixel_filter_type, cycles.filter_width = "BLACKMAN_HARRIS", 1.5
    scene.view_settings.view_transform = sample.view_transform
    scene.view_settings.look = sample.look
    scene.view_settings.exposure = sample.exposure
    settings = scene.render.image_settings
    settings.media_type, settings.file_format = "IMAGE", "PNG"
    settings.color_mode, settings.color_depth = "RGB", "8"
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = str(Path(folder) / "colours.png")
        bpy.ops.render.render(write_still=True)
        return np.asarray(Image.open(scene.render.filepath).convert("RGB"))


def render_depth(threads: int) -> NDArray[np.float32]:
    """True z-depth (H, W) in metres at pixel centres, infinite where the sky is.

    One sample with a filter of a hundredth of a pixel: an edge belongs to one side or to the other, never to
    a mean of both.
    """
    scene = _cycles(1, threads)
    scene.cycles.use_denoising = False
    scene.cycles.pixel_filter_type, scene.cycles.filter_width = "BLACKMAN_HARRIS", 0.01
    scene.view_layers[0].use_pass_z = True
    settings = scene.render.image_settings
    settings.media_type, settings.file_format = "MULTI_LAYER_IMAGE", "OPEN_EXR_MULTILAYER"
    settings.color_depth = "32"
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = str(Path(folder) / "depth.exr")
        bpy.ops.render.render(write_still=True)
        with OpenEXR.File(scene.render.filepath) as file:
            channels = {key: c for part in file.parts for key, c in part.channels.items()}
            z_m = np.array(next(c.pixels for key, c in channels.items() if key.endswith("Depth.Z")))
    return np.where(z_m < BEYOND_M, z_m, np.inf).astype(np.float32)
