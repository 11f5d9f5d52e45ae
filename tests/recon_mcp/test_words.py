"""Messages of the command line name the tools' arguments."""

import pytest

from recon_mcp.words import for_agent


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            "the scale is known ± 60 %: add --length or --at in other parts of the photo, or a --reference",
            "the scale is known ± 60 %: add known_lengths in other parts of the photo",
        ),
        (
            "2 are needed; add --length or --at at another distance, --camera-height, or a --reference",
            "2 are needed; add known_lengths, camera_height_m",
        ),
        (
            "the default is used; give --focal-35mm, --focal-px or --fov.",
            "the default is used; give focal_35mm.",
        ),
        (
            "cut a perspective view out of it and give the field of view with --fov.",
            "cut a perspective view out of it and give its focal_35mm.",
        ),
        ("--length 1,2:3,4=1m is 4 % too long", "the known length 1,2:3,4=1m is 4 % too long"),
        ("--camera-height 1.5m is 4 % too long", "camera_height_m 1.5m is 4 % too long"),
        (
            "use --overwrite to replace it; see `recon models --all`",
            "use overwrite to replace it; see `recon models --all`",
        ),
    ],
)
def test_a_message_names_what_the_tools_have(message: str, said: str) -> None:
    assert for_agent(message) == said
