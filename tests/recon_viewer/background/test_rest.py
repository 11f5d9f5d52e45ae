"""When nobody works at the window."""

from recon_viewer.background.rest import QUIET_S, Rest


def test_a_window_rests_when_nothing_has_happened_for_a_while() -> None:
    now = [0.0]
    rest, state, camera = Rest(lambda: now[0]), object(), object()

    def is_long(seconds: float, *objects: object, x: int = 0) -> bool:
        now[0] += seconds
        return rest.is_long(objects or (state, camera), (x,))

    assert not is_long(0.0) and not is_long(QUIET_S) and is_long(0.1) and is_long(0.1)
    # A new camera, and the mouse at another place.
    assert not is_long(9.0, state, object()) and not is_long(9.0) and is_long(9.0)
    assert not is_long(9.0, x=1) and is_long(9.0, x=1)
    assert not is_long(0.9, x=2) and not is_long(0.9, x=2) and not rest.is_short
    assert not is_long(0.2, x=2) and rest.is_short
    is_long(9.0, x=1)
    # A key that changes nothing.
    rest.touch()
    assert not is_long(QUIET_S, x=1) and is_long(0.1, x=1)
