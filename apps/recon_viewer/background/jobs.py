"""Opens files outside the window's thread, by a worker process."""

import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recon.depth_map.colormap import COLORMAPS
from recon.errors import ReconError
from recon.join.joined_file import is_joined
from recon.options import Options
from recon.scene import Scene
from recon.scene_file import SUFFIX
from recon.temporary_folders import process_folder
from recon.types import Mesh, PointCloud
from recon_viewer.background.geometry_transfer import load_cameras, load_geometry, load_picture
from recon_viewer.background.messages import Event, Task
from recon_viewer.model.state import JoinedCamera
from recon_viewer.model.thumbnail import reduced

_QUICK_PX = 1000
"""Of what is seen at once: libjpeg reads a photo of 12 MP at a quarter of its size."""


@dataclass(frozen=True, eq=False)
class Opened:
    """The result of a job."""

    path: Path
    scene: Scene | None
    geometry: PointCloud | Mesh | None
    cameras: tuple[JoinedCamera, ...] = ()
    """Of the photos of a scene of several."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What is there to see before the scene."""

    what: str
    """``photo`` or ``depth``."""
    picture: NDArray[np.uint8]
    """(H, W, 3) sRGB."""


class Job:
    """Opens one file. ``poll`` never blocks; the waiting is done in a thread."""

    def __init__(self, path: Path, options: Options | None, colormap: str = COLORMAPS[0]) -> None:
        """``colormap``: of the depth map that can be seen before the scene."""
        self.path, self._colormap = path, colormap
        self.options = options
        """None for a scene file's own options."""
        self.stage = "Starting"
        self.share: float | None = None
        self.notes: list[Event] = []
        """Decisions and warnings, in order."""
        self.seen: Seen | None = None
        """The photo, then its depth map."""
        self.opened: Opened | None = None
        self.problem: str | None = None
        self.cancelled = False
        self._since = time.monotonic()
        self._news: queue.SimpleQueue[Event | Opened | Seen] = queue.SimpleQueue()
        self._process: subprocess.Popen[str] | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="open-", dir=process_folder()))
        self._thread = threading.Thread(target=self._run, name=f"open {path.name}", daemon=True)
        self._thread.start()

    @property
    def finished(self) -> bool:
        """Whether it has ended, successfully or not."""
        return self.opened is not None or self.problem is not None or self.cancelled

    @property
    def seconds(self) -> float:
        """Seconds since it started."""
        return time.monotonic() - self._since

    def poll(self) -> bool:
        """Processes new events; returns whether there were any."""
        changed = False
        while not self.finished:
            try:
                event = self._news.get_nowait()
            except queue.Empty:
                break
            changed = True
            if isinstance(event, Opened):
                self.opened = event
            elif isinstance(event, Seen):
                self.seen = event
            elif event.kind == "error":
                self.problem = event.text
            elif event.kind == "entry":
                self.notes.append(event)
            elif event.kind != "stage-end":
                self.stage, self.share = event.text, event.share
        return changed

    def cancel(self) -> None:
        """Stops it immediately; no partial result is kept."""
        self.cancelled = True
        if self._process is not None:
            self._process.kill()

    def wait(self, timeout_s: float) -> None:
        """Waits until its thread and process have ended; for closing the viewer, and for tests."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            if self.path.suffix.lower() == SUFFIX and not is_joined(self.path):
                scene = Scene.load(self.path)
                scene = scene if self.options is None else scene.with_options(self.options)
                self._news.put(Opened(self.path, scene, None))
            else:
                self._in_process()
        except ReconError as error:
            self._news.put(Event("error", str(error)))
        except (OSError, MemoryError) as error:
            self._news.put(Event("error", f"{self.path} cannot be opened: {error or 'not enough memory'}"))
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _in_process(self) -> None:
        with (self._folder / "errors.txt").open("w+", encoding="utf-8", errors="replace") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "recon_viewer.background.worker_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                encoding="utf-8",
            )
            self._process = process
            if self.cancelled:  # before the process existed
                process.kill()
            reported = self._listen(process)
            code = process.wait()
            if not reported and not self.cancelled:
                errors.seek(0)
                last = [line for line in errors.read().splitlines() if line.strip()][-1:]
                why = f": {last[0]}" if last else ", perhaps because it ran out of memory"
                self._news.put(Event("error", f"opening {self.path.name} failed with exit code {code}{why}"))

    def _listen(self, process: "subprocess.Popen[str]") -> bool:
        """Forwards events; returns whether the process reported a result or an error."""
        assert process.stdin is not None and process.stdout is not None
        try:
            task = Task(self.path, self.options or Options(), self._folder, self._colormap)
            process.stdin.write(task.as_line())
            process.stdin.flush()
        except OSError:
            return False
        # Long before the process has read it.
        quick = reduced(self.path, _QUICK_PX)
        if quick is not None:
            self._news.put(Seen("photo", quick))
        reported = False
        for line in process.stdout:
            event = Event.from_line(line)
            if event.kind == "done":
                result = Path(event.text)
                if event.topic == "scene":
                    self._news.put(Opened(self.path, Scene.load(result), None))
                else:
                    cameras = load_cameras(result.parent)
                    self._news.put(Opened(self.path, None, load_geometry(result), cameras))
            elif event.kind == "picture":
                self._news.put(Seen(event.topic, load_picture(Path(event.text))))
            else:
                self._news.put(event)
            reported = reported or event.kind in ("done", "error")
        process.stdin.close()
        return reported
