"""Runs the program ``recon`` in the background. Needs the standard library only, not even Blender."""

import json
import os
import subprocess
from collections.abc import Sequence
from threading import Thread
from typing import IO, Any


class Failed(Exception):
    """An error in one sentence: recon's own, or that it could not be run."""


class Run:
    """One run of recon, which another thread listens to.

    ``status`` is the last line that recon wrote about its progress.
    """

    def __init__(self, program: str, words: Sequence[str]) -> None:
        """Starts it.

        Args:
            program: The program recon.
            words: Its arguments; ``--json`` is added.

        Raises:
            Failed: The program cannot be run.
        """
        self.status = "Starting recon"
        self.cancelled = False
        self._stdout: list[str] = []
        self._stderr: list[str] = []
        try:
            self._process = subprocess.Popen(
                [program, *words, "--json"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                env={**os.environ, "PYTHONUTF8": "1"},
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise Failed(
                f"The program recon cannot be run ({error}): set its path in the preferences of this extension."
            ) from error
        streams = ((self._process.stdout, self._stdout), (self._process.stderr, self._stderr))
        self._threads = [Thread(target=self._listen, args=each, daemon=True) for each in streams]
        for thread in self._threads:
            thread.start()

    def _listen(self, stream: "IO[str]", lines: list[str]) -> None:
        for line in stream:
            lines.append(line)
            if lines is self._stderr and line.strip():
                self.status = line.strip()

    @property
    def is_finished(self) -> bool:
        """Whether it has ended and everything that it wrote has been read; never waits."""
        return self._process.poll() is not None and not any(thread.is_alive() for thread in self._threads)

    def wait(self) -> None:
        """Waits for its end."""
        self._process.wait()
        for thread in self._threads:
            thread.join()

    def cancel(self) -> None:
        """Stops it; recon leaves no partial files."""
        self.cancelled = True
        self._process.terminate()

    def result(self) -> dict[str, Any]:
        """What recon returned as JSON, after its end.

        Raises:
            Failed: It was cancelled, or failed: with recon's sentence.
        """
        if self.cancelled:
            raise Failed("Cancelled.")
        try:
            returned = json.loads("".join(self._stdout))
        except ValueError:
            last = "".join(self._stderr).strip().rpartition("\n")[2] or "no output"
            code = self._process.returncode
            raise Failed(f"recon ended with code {code}: {last}") from None
        if not returned.get("ok"):
            raise Failed(returned["error"]["message"])
        return dict(returned)
