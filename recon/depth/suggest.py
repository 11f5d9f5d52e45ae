"""Which depth model for which photo: an order of preference, and the user's conditions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from recon import estimator_names as names
from recon.depth.estimator import ModelCard, Place
from recon.depth.hub.cpu_times import cpu_time
from recon.errors import ModelUnavailable

_ORDER = {
    names.DEPTH_PRO: "it has the sharpest edges, and estimates the focal length",
    "moge2-vitl": "it estimates metres, the focal length and the sky, indoors and outdoors",
    "da3-metric-large": "it estimates metres indoors and outdoors and finds the sky; it needs the focal length",
    "moge2-vitb": "it estimates metres, the focal length and the sky, and is smaller than moge2-vitl",
    "dav2-metric-indoor-large": "it is trained for metres in rooms",
    "dav2-metric-outdoor-large": "it is trained for metres in streets",
    "dav2-metric-indoor-small": "it is trained for metres in rooms; its small version may be used commercially",
    "dav2-metric-outdoor-small": "it is trained for metres in streets; its small version may be used commercially",
    "da3-mono-large": "it has fine detail and finds the sky; its depth is relative and needs a known length",
    "dav2-large": "it has fine detail; its depth is relative and needs a known length",
    "dav2-small": "it is small and fast; its depth is relative and needs a known length",
    "moge2-vits": "it is small, and estimates metres, the focal length and the sky",
    names.PREVIEW: "it is bundled and fast; its depth is rough",
}
"""From the most to the least accurate, with the reason for each."""
_FAST = 5.0
"""Networks that take up to this many times as long as dav2-small count as fast on a CPU: some seconds."""


@dataclass(frozen=True)
class Wish:
    """Conditions on a model; None and False: any."""

    commercial: bool = False
    metric: bool = False
    place: Place | None = None
    fast: bool = False


def suggest(cards: Sequence[ModelCard], wish: Wish) -> tuple[ModelCard, str]:
    """The best of the models that meet the conditions, and why it: half a sentence.

    Raises:
        ModelUnavailable: None does.
    """
    by_name = {card.name: card for card in cards}
    for name, reason in _ORDER.items():
        if name in by_name and _fits(by_name[name], wish):
            return by_name[name], reason
    raise ModelUnavailable("No model meets all of these conditions; leave one out (recon models lists them).")


SHARPEST, STEADIEST = names.DEPTH_PRO, "da3-metric-large"


def pairing(card: ModelCard, is_here: Callable[[str], bool]) -> str | None:
    """A sentence on using two models together, if the suggested one is half of such a pair; None otherwise.

    Args:
        card: The suggested model.
        is_here: Whether a model of a name is on this machine.
    """
    if card.name != SHARPEST or not (is_here(SHARPEST) and is_here(STEADIEST)):
        return None
    return (
        f"{STEADIEST} is on this machine, too: --model {SHARPEST} --reference {STEADIEST} combines the edges of "
        "the one with the metres of the other."
    )


def _fits(card: ModelCard, wish: Wish) -> bool:
    return (
        (card.commercial is True or not wish.commercial)
        and (card.gives == "metric" or not wish.metric)
        and (wish.place is None or card.place in (None, wish.place))
        # Its published delta1 on ETH3D is 0.40, MoGe-2's 0.91.
        and not (card.name == names.DEPTH_PRO and wish.place == "outdoor")
        # Metres of rooms alone are wrong in a street, and the user did not say where the photo was taken.
        and (card.place is None or wish.place is not None)
        and (not wish.fast or (cpu_time(card.name) or _FAST) <= _FAST)
    )
