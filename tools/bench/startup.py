"""Time of commands that need no network, compared with Python itself.

python -m tools.bench.startup [--rounds 9]
"""

import argparse
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.bench.timing import alternate, milliseconds, table

TITLES = ("command", "time", "as many `python -c pass`", "as many `import numpy, PIL.Image`")
SAMPLE = Path(__file__).parents[2] / "sample_data"
_RECON = (sys.executable, "-m", "recon_cli.main")


def _run(command: tuple[str, ...]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _commands(folder: Path) -> dict[str, tuple[str, ...]]:
    photo, depth = SAMPLE / "living_room.jpg", SAMPLE / "living_room.depth.png"
    build = (*_RECON, "build", str(photo), "--depth", str(depth), "--overwrite", "-o")
    _run((*build, str(folder / "scene.ply")))
    return {
        "`python -c pass`": (sys.executable, "-c", "pass"),
        '`python -c "import numpy, PIL.Image"`': (sys.executable, "-c", "import numpy, PIL.Image"),
        "`recon --help`": (*_RECON, "--help"),
        "`recon build --help`": (*_RECON, "build", "--help"),
        "`recon info scene.ply`": (*_RECON, "info", str(folder / "scene.ply")),
        "`recon info photo.jpg`": (*_RECON, "info", str(photo)),
        "`recon build --depth ... -o a.ply`, 1 MP": (*build, str(folder / "a.ply")),
        "`recon build --depth ... -o a.glb`, 1 MP": (*build, str(folder / "a.glb")),
    }


def report(rounds: int = 9) -> str:
    """The table."""
    with TemporaryDirectory() as folder:
        commands = _commands(Path(folder))
        ways: dict[str, Callable[[], object]] = {
            name: partial(_run, command) for name, command in commands.items()
        }
        result = alternate(ways, rounds)
    bare, libraries = list(result.values())[:2]
    return table(
        TITLES,
        [
            [name, milliseconds(each), str(each.over(bare)), str(each.over(libraries))]
            for name, each in result.items()
        ],
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    print(report(parser.parse_args().rounds))
