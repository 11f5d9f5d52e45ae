"""Throughput of a batch with overlapped stages against one photo at a time, and its memory.

    python -m tools.bench.batch [--rounds 3] [--photos 8] [--folder DIR]

Both ways run the same three stages with the same model in one process, in turn. "Floor" is what no order of the
stages can beat: the slowest stage alone, or all of the processor time spread evenly over the cores.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from recon.batch import DepthFiles, Item, Maker, SceneFiles, plan_batch
from recon.batch.plan import Plan
from recon.batch.runner import Events, Runner
from recon.batch.shared_models import SharedModels
from recon.batch.staged_pipeline import overlapped
from recon.depth.preview import Preview
from recon.journal import Journal
from recon.options import Options
from recon.pipeline import Prepared
from recon.threads import cores
from recon.types import DepthEstimate, Photo
from tools.bench.timing import alternate, table

SAMPLE = Path(__file__).parents[2] / "sample_data"
TITLES = (
    "work", "one by one", "overlapped", "times as fast", "stages (s)", "floor", "overlapped over floor",
    "network at work",
)  # fmt: skip
MEMORY_TITLES = ("photos done", "resident memory", "peak so far")
STAGES = ("load", "network", "finish")


def make_photos(folder: Path, count: int, *, width: int, height: int) -> None:
    """Resized copies of the sample photos, all different, each with its depth."""
    photo = Image.open(SAMPLE / "living_room.jpg").resize((width, height), Image.Resampling.BICUBIC)
    depth = Image.open(SAMPLE / "living_room.depth.png").resize((width, height), Image.Resampling.NEAREST)
    for name in ("photos", "depths"):
        (folder / name).mkdir()
    for k in range(count):
        photo.transpose(list(Image.Transpose)[k % 2]).rotate(k // 2).save(
            folder / "photos" / f"{k:04d}.jpg", quality=92
        )
        target = folder / "depths" / f"{k:04d}.png"
        if k == 0:
            depth.save(target, compress_level=1)
        else:
            os.link(folder / "depths" / "0000.png", target)


def small_network(folder: Path) -> Path:
    """A checkpoint of the size of Depth Anything V2 small with random weights, metric."""
    import torch
    from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation

    backbone = {
        "model_type": "dinov2", "hidden_size": 384, "num_hidden_layers": 12, "num_attention_heads": 6,
        "patch_size": 14, "image_size": 518, "out_indices": [3, 6, 9, 12], "apply_layernorm": True,
        "reshape_hidden_states": False,
    }  # fmt: skip
    config = DepthAnythingConfig(
        backbone_config=backbone, reassemble_hidden_size=384, neck_hidden_sizes=[48, 96, 192, 384],
        fusion_hidden_size=64, head_hidden_size=32, depth_estimation_type="metric", max_depth=20,
    )  # fmt: skip
    torch.manual_seed(0)
    DepthAnythingForDepthEstimation(config).save_pretrained(folder)
    return folder


class _Elsewhere(SharedModels):
    """Loads an estimator that waits, as for a GPU, and returns depth computed in advance by the preview network."""

    waits_s = 0.0
    name, gives = "elsewhere", "metric"

    def estimator_for(self, prepared: Prepared) -> Any:
        """Returns this object."""
        return self

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """Waits, then returns the depth that was computed in advance."""
        if "_ready" not in self.__dict__:
            self._ready = Preview().estimate(photo, focal_px=focal_px, journal=Journal())
        time.sleep(self.waits_s)
        return self._ready


@dataclass
class Case:
    """A workload on a folder of photos."""

    name: str
    folder: Path
    options: Options
    maker: Maker
    waits_s: float | None = None
    """Time that the simulated network on another processor takes, s; None: the real network."""
    models: SharedModels = field(init=False)
    stages: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    """Seconds for all photos, one at a time."""
    processor_s: float = 0.0
    done: int = 0
    at_work: list[float] = field(default_factory=list)
    """Fraction of the time of overlapped runs in which the network was running."""

    def __post_init__(self) -> None:
        make = SharedModels if self.waits_s is None else _Elsewhere
        self.models = make(self.options, Journal())
        if isinstance(self.models, _Elsewhere):
            self.models.waits_s = self.waits_s or 0.0

    @contextmanager
    def runner(self) -> Iterator[Runner]:
        """A new one, which may replace what is there."""
        plan: Plan = plan_batch(
            self.folder / "photos", self.folder / "out", self.options, maker=self.maker, overwrite=True
        )
        with plan.record:
            plan.record.open()
            runner = Runner(plan, Events(None), threading.Event())
            runner.models = self.models
            yield runner

    def one_by_one(self) -> None:
        """Runs all stages of a photo before the next photo."""
        with self.runner() as runner:
            before = time.process_time()
            for item in runner.plan.items(self.models, Journal()):
                with self._timed("load"):
                    prepared = runner.load(item)
                with self._timed("network"):
                    estimated = runner.estimate(item, prepared)
                with self._timed("finish"):
                    runner.finish(item, estimated)
                self.done += 1
            self.processor_s += time.process_time() - before

    def together(self) -> None:
        """Overlaps the stages, as ``recon build`` does."""
        network_s = 0.0
        with self.runner() as runner:

            def estimate(item: Item, prepared: Any) -> Any:
                nonlocal network_s
                start = time.perf_counter()
                result = runner.estimate(item, prepared)
                network_s += time.perf_counter() - start
                return result

            start = time.perf_counter()
            items = runner.plan.items(self.models, Journal())
            with closing(overlapped(items, runner.load, estimate, runner.finish)) as outcomes:
                for outcome in outcomes:
                    if outcome.error is not None:
                        raise outcome.error
        self.at_work.append(network_s / (time.perf_counter() - start))

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.stages[stage] += time.perf_counter() - start


def report(rounds: int, photos: int, folder: Path | None, only: str = "") -> str:
    """The table of throughput."""
    rows = []
    with tempfile.TemporaryDirectory(dir=folder) as name:
        here = Path(name)
        make_photos(here, photos, width=4000, height=3000)
        network = f"hf:{small_network(here / 'network')}"
        measured = Options(depth=here / "depths", focal_px=3000.0)
        known = Options(model="preview", focal_px=3000.0)
        small = Options(model=network, focal_px=3000.0)
        scenes = [_scene_files(suffix) for suffix in (".ply", ".glb")]
        png = DepthFiles([".png"], None, 0.001, None)
        cases = [
            Case("measured depth, 12 MP, cloud PLY", here, measured, scenes[0]),
            Case("measured depth, 12 MP, mesh GLB of every 2nd pixel", here, _strided(measured), scenes[1]),
            Case("network elsewhere that takes 0.3 s, 12 MP, cloud PLY", here, known, scenes[0], 0.3),
            Case("network elsewhere that takes 1 s, 12 MP, cloud PLY", here, known, scenes[0], 1.0),
            Case("network like DAv2 small, 12 MP, cloud PLY", here, small, scenes[0]),
            Case(
                "network like DAv2 small, 12 MP, mesh GLB of every 2nd pixel",
                here,
                _strided(small),
                scenes[1],
            ),
            Case("network like DAv2 small, 12 MP, depth PNG", here, small, png),
        ]
        cases = [case for case in cases if only in case.name]
        for case in cases:
            ways: dict[str, Callable[[], object]] = {"one": case.one_by_one, "together": case.together}
            result = alternate(ways, rounds)
            rows.append(_row(case, result["one"], result["together"], photos))
            print("; ".join(rows[-1]), file=sys.stderr)
    return table(TITLES, rows)


def _scene_files(suffix: str) -> SceneFiles:
    return SceneFiles([suffix])


def _strided(options: Options) -> Options:
    return Options(**{**vars(options), "stride": 2})


def _row(case: Case, one: Any, together: Any, photos: int) -> list[str]:
    stages = {name: seconds / case.done for name, seconds in case.stages.items()}
    floor = max(*stages.values(), case.processor_s / case.done / cores())
    each = together.median / photos
    return [
        case.name,
        f"{one.median / photos:.2f} s",
        f"{each:.2f} s",
        str(one.over(together)),
        ", ".join(f"{name} {seconds:.2f}" for name, seconds in stages.items()),
        f"{floor:.2f} s",
        f"{each / floor:.2f}",
        f"{100 * np.median(case.at_work):.0f} %",
    ]


def memory_report(count: int, folder: Path | None) -> str:
    """The table of memory, measured in a separate process."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        make_photos(Path(name), count, width=2000, height=1500)
        command = [sys.executable, "-m", "tools.bench.batch", "--memory-of", name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = [line.split() for line in done.stdout.splitlines() if line[:1].isdigit()]
    return table(MEMORY_TITLES, [[n, f"{now} MB", f"{peak} MB"] for n, now, peak in rows])


def _memory_of(folder: Path) -> None:
    """Prints the resident memory at intervals while a folder is processed."""
    options = Options(depth=folder / "depths", focal_px=1500.0)
    case = Case("", folder, options, _scene_files(".ply"))
    with case.runner() as runner:
        _show_memory(runner)


def _show_memory(runner: Runner) -> None:
    items = runner.plan.items(runner.models, Journal())
    with closing(overlapped(items, runner.load, runner.estimate, runner.finish)) as outcomes:
        for k, outcome in enumerate(outcomes, 1):
            if outcome.error is not None:
                raise outcome.error
            outcome.item.targets[0].path.unlink()
            if k in (5, 10, 25, 50) or k % 50 == 0:
                # Not getrusage: its peak starts at the peak of the parent process.
                lines = Path("/proc/self/status").read_text().splitlines()
                kb = {line.split(":")[0]: line.split()[1] for line in lines if line.endswith(" kB")}
                print(k, *(f"{int(kb[name]) * 1024 / 1e6:.0f}" for name in ("VmRSS", "VmHWM")), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--photos", type=int, default=8, help="in each round")
    parser.add_argument("--memory-photos", type=int, default=200, help="for the memory's table; 0: none")
    parser.add_argument("--folder", type=Path, help="where the files are written")
    parser.add_argument("--only", default="", help="the work whose name holds this")
    parser.add_argument("--memory-of", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.memory_of:
        _memory_of(given.memory_of)
    else:
        if given.rounds:
            print(report(given.rounds, given.photos, given.folder, given.only))
        if given.memory_photos:
            print(memory_report(given.memory_photos, given.folder))
