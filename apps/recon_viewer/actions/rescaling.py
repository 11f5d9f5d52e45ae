"""Known sizes rescale the scene; once it is drawn, the user is told how much, and whether that is plausible."""

from dataclasses import replace

from recon.constraints import LengthBetween
from recon.errors import ReconError
from recon.scene import Scene
from recon_viewer.background.host import Host
from recon_viewer.drawing.picture import Picture
from recon_viewer.model import commands
from recon_viewer.model.known_sizes import known_size
from recon_viewer.model.scale_change import scale_change
from recon_viewer.model.state import Measured, State


class Rescaling:
    """Takes known sizes, and remembers a length until its effect is drawn."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._waiting: tuple[State, Scene, LengthBetween] | None = None
        """The state with a new known length that is not drawn yet, the scene before it, and the length."""

    def add_known(self, text: str) -> bool:
        """Rescales by the picks of the current tool and the size that was typed; returns whether it was accepted."""
        host = self._host
        picks, tool = host.state.pending, host.state.tool
        try:
            known = known_size(tool, picks, text)
        except ReconError as error:
            host.say(str(error), problem=True)
            return False

        def added(state: State) -> State:
            state = replace(commands.add_known(state, known), pending=())
            length = Measured("distance", picks)
            if tool != "known length" or any(one.picks == picks for one in state.measured):
                return state
            return replace(state, measured=(*state.measured, length))

        before = None if host.picture.preview else host.scene
        if not host.do(added):
            return False
        host.say("known size added: see Scale in the controls")
        if before is not None and isinstance(known, LengthBetween):
            self._waiting = (host.state, before, known)
        return True

    def drawn(self, picture: Picture) -> None:
        """Called for every new picture: says what a known length has changed."""
        host = self._host
        if self._waiting is None:
            return
        if host.state.layers is not self._waiting[0].layers:
            # Undone or changed before it was drawn: nothing to say, and no scene to keep.
            self._waiting = None
            return
        if picture.preview or picture.state.layers is not host.state.layers:
            return
        (added, before, known), self._waiting = self._waiting, None
        if host.scene is None:
            return
        change = scale_change(before, host.scene, known)
        if change is not None:
            doubtful = change.doubtful
            host.say(change.text, problem=doubtful, window=doubtful, doubted=added if doubtful else None)
