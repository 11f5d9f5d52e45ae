"""The layers in a view: each with all its points, and with fewer of them for while the camera moves."""

from recon.render.drawable import Drawn
from recon.render.style import View
from recon.render.view_camera import ViewCamera
from recon_viewer.drawing import open3d_geometry
from recon_viewer.drawing.named_geometry import NamedGeometry
from recon_viewer.drawing.picture import Picture
from recon_viewer.model.crop_rectangle import Position
from recon_viewer.model.picking import SNAP_PX, Hit, hit

COARSE_POINTS = 60_000
"""Number of points drawn while the camera moves, for layers that have more and no coarse mesh."""
_COARSE_SIZE = 1.6
"""Size of these points, relative to the others."""


class DrawnLayers:
    """Updates only what has changed."""

    def __init__(self, geometry: NamedGeometry, scale: float) -> None:
        """``scale``: screen pixels per design pixel."""
        self._geometry, self._scale = geometry, scale
        self._full: dict[str, Drawn] = {}
        self._coarse: dict[str, Drawn] = {}
        self._view: View | None = None
        self.is_coarse = False
        """Whether fewer points are drawn now."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the geometry: each of them may have another one, with ``coarse`` after its name."""
        return tuple(self._full)

    def has(self, key: int) -> bool:
        """Whether a layer is there."""
        return _name(key) in self._full

    def show(self, picture: Picture) -> None:
        """Replaces the layers by those of a picture."""
        view, before = picture.state.view, self._view
        new_look = before is None or (before.light, before.most_points) != (view.light, view.most_points)
        resized = before is not None and before.point_size_px != view.point_size_px
        self._view = view
        layers = {_name(key): (drawn, picture.moving.get(key)) for key, drawn in picture.drawn.items()}
        for name in [name for name in self._full if name not in layers]:
            self._remove(name)
        for name, (drawn, moving) in layers.items():
            if new_look or self._full.get(name) is not drawn:
                self._remove(name)
                self._add(name, drawn, moving, view, thin=not picture.preview)
            elif resized and drawn.kind == "points":
                self._resize(name, view)

    def detail(self, *, coarse: bool) -> None:
        """Draws all points, or fewer."""
        self.is_coarse = coarse
        for name in self._full:
            has_coarse = name in self._coarse and self._geometry.has(_coarse(name))
            self._geometry.set_visible(_coarse(name), coarse)
            self._geometry.set_visible(name, not (coarse and has_coarse))

    def hit(
        self, at: Position, camera: ViewCamera, size: Position, *, quick: bool = False
    ) -> tuple[int, Hit] | None:
        """The layer and the point under a position in the view, px; ``quick`` looks at fewer points."""
        best: tuple[int, Hit] | None = None
        for name, full in self._full.items():
            drawn = self._coarse.get(name, full) if quick else full
            candidate = hit(drawn, camera, at, size, SNAP_PX * self._scale)
            if candidate is not None and (best is None or candidate.ahead_m < best[1].ahead_m):
                best = int(name.split()[1]), candidate
        return best

    def clear(self) -> None:
        """Lets go of all arrays."""
        self._full.clear()
        self._coarse.clear()

    def _add(self, name: str, drawn: Drawn, moving: Drawn | None, view: View, *, thin: bool) -> None:
        self._full[name] = drawn
        # What opens a scene is few pixels already, and as points it would be a picture full of holes.
        if moving is None and thin and len(drawn.points) > COARSE_POINTS:
            moving = Drawn("points", drawn.points, drawn.rgb, drawn.pixels_px).thinned(COARSE_POINTS)
        if moving is not None:
            self._coarse[name] = moving
        for each, what, larger in ((name, drawn, 1.0), (_coarse(name), moving, _COARSE_SIZE)):
            if what is not None:
                material = open3d_geometry.material(
                    what.kind,
                    point_size_px=view.point_size_px * larger * self._scale,
                    light=view.light,
                    texture=what.texture,
                )
                made = open3d_geometry.drawn_geometry(what.thinned(view.most_points))
                self._geometry.replace(each, made, material)

    def _resize(self, name: str, view: View) -> None:
        for each, what, larger in (
            (name, self._full.get(name), 1.0),
            (_coarse(name), self._coarse.get(name), _COARSE_SIZE),
        ):
            if what is not None and what.kind == "points":
                size_px = view.point_size_px * larger * self._scale
                self._geometry.set_material(each, open3d_geometry.material("points", point_size_px=size_px))

    def _remove(self, name: str) -> None:
        self._full.pop(name, None)
        self._coarse.pop(name, None)
        for each in (name, _coarse(name)):
            self._geometry.remove(each)


def _name(key: int) -> str:
    return f"layer {key}"


def _coarse(name: str) -> str:
    return f"{name} coarse"
