"""Saves the view as a PNG of any size, with or without grid, marks and labels."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from open3d.visualization import gui
from PIL import Image, ImageDraw, ImageFont

from recon.atomic_write import staged
from recon.errors import ExportError
from recon.photo.write import write_picture
from recon_viewer.drawing.labels import Rectangle, free_place
from recon_viewer.drawing.markers import tag_texts
from recon_viewer.drawing.picture import Picture
from recon_viewer.drawing.view3d import View3D

_LABEL_RGB, _SHADOW_RGB = (255, 220, 40), (0, 0, 0)


@dataclass(frozen=True)
class PictureChoice:
    """The settings of the screenshot dialog."""

    width: int
    height: int
    overlays: bool


def save_picture(view: View3D, picture: Picture, path: Path, choice: PictureChoice) -> None:
    """Renders the view and writes the file.

    Raises:
        ExportError: The file cannot be written.
    """
    rendered = render(view, choice)
    if choice.overlays and picture.state.view.labels:
        rendered = _labelled(rendered, view, picture)
    try:
        with staged(path) as temporary:
            write_picture(temporary, Image.fromarray(rendered), format="PNG")
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror or error}.") from error


def render(view: View3D, choice: PictureChoice) -> NDArray[np.uint8]:
    """Renders the view: (H, W, 3) uint8 sRGB."""
    view.layers.detail(coarse=False)
    view.overlays.set_visible(choice.overlays)
    view.project_for(choice.width, choice.height)
    try:
        scene = view.open3d_scene
        image = gui.Application.instance.render_to_image(scene, choice.width, choice.height)
        return np.ascontiguousarray(np.asarray(image)[..., :3]).astype(np.uint8)
    finally:
        view.overlays.set_visible(True)
        view.restore_size()


def _labelled(rendered: NDArray[np.uint8], view: View3D, picture: Picture) -> NDArray[np.uint8]:
    """Adds the texts of measurements and floor plan, which the window draws as widgets over the view."""
    height, width = rendered.shape[:2]
    image = Image.fromarray(rendered)
    draw, font_px = ImageDraw.Draw(image), max(12, height // 45)
    font = ImageFont.load_default(font_px)
    taken: list[Rectangle] = []
    for point, text in reversed([*picture.plan.labels, *tag_texts(picture.readings)]):
        (at,), (ahead,) = view.camera.project(np.array([point], np.float32), width, height)
        if ahead > 0 and 0 <= at[0] < width and 0 <= at[1] < height:
            _, _, wide, high = draw.textbbox((0, 0), text, font)
            size = int(wide) + 1, int(high) + 1
            taken.append(free_place((float(at[0]), float(at[1])), size, (width, height), 0.0, taken))
            draw.text(
                taken[-1][:2],
                text,
                _LABEL_RGB,
                font,
                stroke_width=max(1, font_px // 12),
                stroke_fill=_SHADOW_RGB,
            )
    return np.asarray(image)
