"""What the panel in Blender makes of sentences that name options of the command line."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from recon.blender.find_blender import scene_script

_SPEC = spec_from_file_location("words", Path(str(scene_script())).with_name("words.py"))
words = module_from_spec(_SPEC)
_SPEC.loader.exec_module(words)


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        (
            "3.2 % of its pixels show holes. More triangles leave fewer: use --faces 40000",
            "3.2 % of its pixels show holes. More triangles leave fewer: set Triangles to 40000",
        ),
        (
            "1.00 m given, 1.02 m after the fit (1.8 % too long): --length 20.5,200:200,200=1m",
            "1.00 m given, 1.02 m after the fit (1.8 % too long): the length of 1m from 20.5,200 to 200,200",
        ),
        (
            "--length 1,2:3,4=1m and --length 5,6:7,8=1.5m contradict each other",
            "the length of 1m from 1,2 to 3,4 and the length of 1.5m from 5,6 to 7,8 contradict each other",
        ),
        (
            "Use --depth or another --model; lengths need neither",
            "Use Depth or another Model; lengths need neither",
        ),
        (
            "add --length or --at in other parts of the photo",
            "add Known length or --at in other parts of the photo",
        ),
        # What the panel has no field for, and commands to copy.
        ("set --depth-unit (metres per unit)", "set --depth-unit (metres per unit)"),
        ("use --stride 2 or --edge 0 to get fewer", "use --stride 2 or --edge 0 to get fewer"),
        ("see `recon build PHOTO --model NAME`", "see `recon build PHOTO --model NAME`"),
    ],
)
def test_a_sentence_names_the_fields_of_the_panel(sentence: str, shown: str) -> None:
    assert words.for_panel(sentence) == shown
