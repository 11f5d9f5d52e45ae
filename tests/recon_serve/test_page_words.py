"""What the page makes of sentences that name options of the command line."""

import json
import shutil
import subprocess
from importlib import resources

import pytest

SENTENCES = {
    "the default is used; give --focal-35mm, --focal-px or --fov.": (
        "the default is used; if you know it, enter it below."
    ),
    "the equivalent is used; give --focal-35mm if you know it.": (
        "the equivalent is used; if you know it, enter it below."
    ),
    "the scale is only known ± 60 % (95 %): add --length or --at in other parts of the photo, or a --reference": (
        "the scale is only known ± 60 % (95 %); "
        "set the scale by lengths in other parts of the photo, preferably long ones."
    ),
    "2 are needed; add --length or --at at another distance, --camera-height, or a --reference": (
        "2 are needed; set the scale by lengths in other parts of the photo, preferably long ones."
    ),
    "--length 1,2:3,4=1m and --length 5,6:7,8=2m contradict each other": (
        "the length of 1 m and the length of 2 m contradict each other"
    ),
    "two by 9 %: --length 1.5,2:3,4=1.42m is 4 % too long, and --camera-height 1.5m is 5 % too short": (
        "two by 9 %: the length of 1.42 m is 4 % too long, and the camera's height of 1.5 m is 5 % too short"
    ),
    "says equirectangular panorama; give it alone to recon build or recon depth, or cut a perspective view out of it "
    "and give the field of view with --fov.": (
        "says equirectangular panorama; cut a perspective view out of it and enter its focal length."
    ),
    "the longer side is assumed; use --focal-35mm, --focal-px or --fov.": (
        "the longer side is assumed; if you know it, enter it below."
    ),
    "so the depth is uncertain. Use --focal-px, --focal-35mm or --fov.": (
        "so the depth is uncertain; if you know the focal length, enter it below."
    ),
    "turned upright by 3.1°; the floor is at zero; --no-level keeps the camera's frame": (
        "turned upright by 3.1°; the floor is at zero"
    ),
    "the scene has too many separate pieces; use --stride 2 or --edge 0 to get fewer": (
        "the scene has too many separate pieces."
    ),
    "has relative depth (Apple); to use it, combine --model photo with --length, --at or --reference.": (
        "has relative depth (Apple)."
    ),
    "may be cropped, or a length wrong; --fit scale+focal uses the fitted one": (
        "may be cropped, or a length wrong."
    ),
    "the queue is full; use it later": "the queue is full; use it later",
    "the --length of a wall": "the --length of a wall",
}


def test_a_sentence_names_what_the_page_has() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    words = resources.files("recon_serve").joinpath("web", "words.js").read_text("utf-8")
    program = f"{words}\nconsole.log(JSON.stringify({json.dumps(list(SENTENCES))}.map(forPage)))"
    done = subprocess.run(
        [node, "--input-type=module"], input=program, capture_output=True, encoding="utf-8", check=True
    )
    assert json.loads(done.stdout) == list(SENTENCES.values())
