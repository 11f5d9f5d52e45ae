"""The limits of the section: set by sliders and actions, and by the view from above, which hides the ceiling."""

from recon.render.style import EVERYTHING, UP, Section
from recon_viewer.actions.crop import NO_PHOTO, kept_text
from recon_viewer.background.host import Host
from recon_viewer.drawing.section import pixels_inside
from recon_viewer.model import commands
from recon_viewer.model.same_photo import is_elsewhere
from recon_viewer.model.state import State

_BELOW_CEILING_M = 0.1
_HIDDEN = "the ceiling is hidden in this view"


class SectionLimits:
    """Changes ``State.view.section``."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.hides_ceiling = False
        """Whether the section was set by the view from above."""

    def limit(self, section: Section, *, dragged: bool = False) -> None:
        """Shows nothing outside of a box; while it is ``dragged``, with what is drawn while the camera moves."""
        self._forget_ceiling()
        self._host.show(commands.set_view(self._host.state, section=section), few=dragged, dragged=dragged)

    def look_from(self, name: str) -> None:
        """Shows the floor plan in the view from above, without the ceiling, which would hide the rest."""
        host = self._host
        if host.state.view.plan is not (name == "top"):
            host.view(plan=name == "top")
        ceiling_m, section = host.picture.ceiling_m, host.state.view.section
        if name == "top" and ceiling_m is not None and section.high[UP] is None:
            self.hides_ceiling = True
            host.view(section=section.limited(UP, "high", ceiling_m - _BELOW_CEILING_M))
            host.say(_HIDDEN)
        elif name != "top" and self.hides_ceiling:
            self._forget_ceiling()
            host.view(section=section.limited(UP, "high", None))

    def cut_ceiling(self) -> None:
        """Hides the ceiling in every view, or shows it again."""
        section, ceiling_m = self._host.state.view.section, self._host.picture.ceiling_m
        if section.high[UP] is not None and not self.hides_ceiling:
            self.limit(section.limited(UP, "high", None))
        elif ceiling_m is None:
            self._host.say(
                "no ceiling was found: drag the upper limit of the height in Section", problem=True
            )
        else:
            self.limit(section.limited(UP, "high", ceiling_m - _BELOW_CEILING_M))

    def crop(self) -> None:
        """Crops the active layer to the section, which then has no limits."""
        host = self._host
        scene, section, picture = host.scene, host.state.view.section, host.picture
        if scene is None:
            host.say(NO_PHOTO, problem=True)
            return
        if section == EVERYTHING:
            host.say("there is nothing to crop: set limits in Section first", problem=True)
            return
        kept = pixels_inside(scene, picture.section_T_world @ picture.world_T_cam, section)
        if not kept.any():
            host.say("nothing of the active layer is in the section: move its limits", problem=True)
        elif host.do(lambda state: commands.keep_pixels(state, kept)):
            self.limit(EVERYTHING)
            host.say(kept_text(kept))

    def of_shown_photo(self, before: State, state: State) -> State:
        """The state after ``before``, without limits that were set in another photo: they might hide all of it."""
        if state.view.section == EVERYTHING or not is_elsewhere(before, state):
            return state
        self._forget_ceiling()
        return commands.set_view(state, section=EVERYTHING)

    def _forget_ceiling(self) -> None:
        """The limit of the view from above is no more."""
        if self.hides_ceiling:
            self.hides_ceiling = False
            if self._host.message == _HIDDEN:  # not what was said since, as of a file that was opened
                self._host.say("")
