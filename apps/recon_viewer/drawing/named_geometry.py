"""Geometry of an Open3D scene, by name; lines keep their width on the screen with every lens."""

from typing import Any

from recon.render.view_camera import ViewCamera
from recon_viewer.drawing import open3d_geometry


class NamedGeometry:
    """Open3D draws lines the wider, the narrower the lens is: their materials follow the camera."""

    def __init__(self, scene: Any) -> None:
        """``scene``: an ``Open3DScene``."""
        self._scene = scene
        self._share = _line_share(ViewCamera())
        self.line_materials: dict[str, tuple[Any, float]] = {}
        """Of the lines in the scene: with the width that they have in perspective, px."""

    def replace(self, name: str, geometry: Any, material: Any) -> None:
        """Puts a geometry into the scene instead of the one with that name; None only removes that."""
        self.remove(name)
        if material.shader == open3d_geometry.LINE_SHADER:
            self.line_materials[name] = material, material.line_width
            material.line_width *= self._share
        if geometry is not None:
            self._scene.add_geometry(name, geometry, material)

    def remove(self, name: str) -> None:
        """Removes what has that name, if anything does."""
        if self.has(name):
            self._scene.remove_geometry(name)
        self.line_materials.pop(name, None)

    def has(self, name: str) -> bool:
        """Whether something has that name."""
        return bool(self._scene.has_geometry(name))

    def set_visible(self, name: str, visible: bool) -> None:
        """Shows or hides what has that name, if anything does."""
        if self.has(name):
            self._scene.show_geometry(name, visible)

    def set_material(self, name: str, material: Any) -> None:
        """Changes the material of what has that name, if anything does."""
        if self.has(name):
            self._scene.modify_geometry_material(name, material)

    def fit_lines(self, camera: ViewCamera) -> None:
        """Called when the camera moves: gives lines the width for its lens."""
        share = _line_share(camera)
        if share == self._share:
            return
        self._share = share
        for name, (material, width_px) in self.line_materials.items():
            if self.has(name):
                material.line_width = width_px * share
                self._scene.modify_geometry_material(name, material)


def _line_share(camera: ViewCamera) -> float:
    return camera.in_perspective().lens.fy / camera.lens.fy
