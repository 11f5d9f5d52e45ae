"""Memory of all processes of the viewer, driven from outside: a photo is opened, looked at, closed, again and again.

    python -m tools.bench.viewer_memory --cycles 100 --commands 10

Needs Xvfb, xdotool and a Vulkan driver. Prints a table; all numbers are MB of resident memory, summed over processes;
pages that several processes share, as those of Open3D, count once (Pss of Linux).
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import click

from tools.bench.viewer import hall
from tools.screens.virtual_display import virtual_display

_KEYS = ("3", "m", "2", "n", "4", "g", "f", "p", "n", "1")
"""Views, points or mesh, depth colours, grid."""
_OPENING_S, _AGAIN_S, _SAMPLE_S = 120.0, 10.0, 0.2


def resident_mb(group: int) -> float:
    """Memory of all processes of a process group, MB."""
    by_command = dict[bytes, int]()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) != group:
                continue
            command, own_kib = (folder / "cmdline").read_bytes(), _own_kib(folder)
            # Until a new process has become another program, it has the memory of its parent: that counts once.
            if command == (folder / "cmdline").read_bytes():
                by_command[command] = max(own_kib, by_command.get(command, 0))
        except OSError:
            continue
    return sum(by_command.values()) * 1024 / 1e6


def _own_kib(process: Path) -> int:
    """Its memory, KiB; of pages that it shares with n - 1 others, an nth."""
    for line in (process / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


class _Samples(threading.Thread):
    """Watches the memory until it is stopped."""

    def __init__(self, group: int) -> None:
        super().__init__(daemon=True)
        self._group, self.ended = group, threading.Event()
        self.seen: list[float] = []

    def run(self) -> None:
        """Samples a few times a second."""
        while not self.ended.wait(_SAMPLE_S):
            self.seen.append(resident_mb(self._group))


class _Keys:
    """Presses keys in the window under the mouse."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment

    def press(self, *words: str) -> str:
        """Runs xdotool."""
        done = subprocess.run(
            ["xdotool", *words], env=self._environment, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    def control(self, key: str) -> None:
        """Presses Ctrl and a key, slowly enough for a window that draws."""
        self.press(
            *f"keydown ctrl sleep 0.3 keydown {key} sleep 0.2 keyup {key} sleep 0.2 keyup ctrl".split()
        )

    def until(self, done: Callable[[], bool], key: str | None = None) -> None:
        """Waits until something is so; presses Ctrl and a key for it again if nothing happens for a while."""
        end, again = time.monotonic() + _OPENING_S, time.monotonic() + _AGAIN_S
        while not done():
            if key is not None and time.monotonic() > again:
                self.control(key)
                again += _AGAIN_S
            if time.monotonic() > end:
                raise TimeoutError("the window does not answer")
            time.sleep(0.05)

    @property
    def shows_scene(self) -> bool:
        """Whether a window shows a scene."""
        return bool(self.press("search", "--name", "^recon: "))


@click.command()
@click.option("--cycles", default=100, show_default=True)
@click.option("--commands", default=10, show_default=True, help="Keys pressed in each cycle.")
@click.option("--points", default=1_000_000, show_default=True)
@click.option("--pause", default=2.5, show_default=True, help="Time without a key in each cycle, s.")
@click.option("--gap", default=0.25, show_default=True, help="Time between two keys, s.")
@click.option("--minutes", default=60.0, show_default=True, help="Ends after so long.")
def main(cycles: int, commands: int, points: int, pause: float, gap: float, minutes: float) -> None:
    """Opens, looks at and closes a photo, and prints the memory of all processes of the viewer."""
    with tempfile.TemporaryDirectory() as name, virtual_display(Path(name)) as environment:
        folder = Path(name)
        hall(points).save(folder / "hall.npz")
        # What Ctrl+V asks for the clipboard.
        (folder / "xclip").write_text(f"#!/bin/sh\nprintf %s {folder / 'hall.npz'}\n")
        (folder / "xclip").chmod(0o755)
        environment |= {
            "PATH": f"{folder}{os.pathsep}{environment['PATH']}",
            "RECON_CONFIG_DIR": str(folder),
        }
        viewer = subprocess.Popen(
            [sys.executable, "-m", "recon_cli.main", "view"], env=environment, start_new_session=True
        )
        try:
            _measure(viewer.pid, _Keys(environment), cycles, commands, pause, gap, minutes)
        finally:
            os.killpg(viewer.pid, signal.SIGTERM)
            viewer.wait()


def _measure(
    group: int, keys: _Keys, cycles: int, commands: int, pause: float, gap: float, minutes: float
) -> None:
    keys.until(lambda: bool(keys.press("search", "--name", "^recon$")))
    keys.press("mousemove", "700", "450")
    time.sleep(pause)
    samples, start = _Samples(group), time.monotonic()
    samples.start()
    click.echo("| cycles | commands | time, s | at rest | most since the last row |")
    click.echo("|---|---|---|---|---|")
    click.echo(f"| 0 | 0 | 0 | {resident_mb(group):.0f} | |")
    for cycle in range(1, cycles + 1):
        keys.control("v")
        keys.until(lambda: keys.shows_scene, "v")
        for at in range(commands):
            keys.press("key", _KEYS[at % len(_KEYS)])
            time.sleep(gap)
        time.sleep(pause)
        if cycle % max(cycles // 50, 1) == 0:
            row = (cycle, cycle * commands, round(time.monotonic() - start))
            seen, samples.seen = samples.seen, []
            click.echo(f"| {' | '.join(map(str, row))} | {seen[-1]:.0f} | {max(seen):.0f} |")
        if time.monotonic() > start + 60 * minutes:
            return
        keys.control("w")
        keys.until(lambda: not keys.shows_scene, "w")


if __name__ == "__main__":
    main()
