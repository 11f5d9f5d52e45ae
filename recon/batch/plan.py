"""What is to be done in a batch: what is found, what is done already, what is in the way."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from recon.argument_names import OptionError
from recon.batch.clip_frames import Surveyed, frame_name, frames, look_at
from recon.batch.events import Listed
from recon.batch.existing import Existing, settings_of
from recon.batch.inputs import Found, Inputs, find_inputs
from recon.batch.item import Item, Maker, Target
from recon.batch.journals import Emit
from recon.batch.own_depth import check_options, with_own_depth
from recon.batch.run_log import FailedPhoto, Record
from recon.batch.shared_models import SharedModels
from recon.batch.steps import Done
from recon.errors import PhotoError, ReconError
from recon.journal import Journal
from recon.options import Options
from recon.outputs.scene_files import SceneFiles
from recon.video.reader import check_video_support


@dataclass(frozen=True)
class Plan:
    """The work of one run, and its record: ``begin`` and ``end`` or ``fail`` around what is made of each item."""

    inputs: Inputs
    options: Options
    """Of all photos."""
    maker: Maker
    existing: Existing
    every: int = 1
    """Of a video, take every Nth frame."""

    @property
    def folder(self) -> Path:
        """Of the outputs."""
        return self.existing.folder

    @property
    def record(self) -> Record:
        """Of the folder."""
        return self.existing.record

    @cached_property
    def done(self) -> tuple[Found, ...]:
        """The photos that an earlier run has done; what is done of a video is known frame by frame."""
        return tuple(
            found
            for found in self.inputs.found
            if not (found.is_video or self.undone(found.name, found.path))
        )

    @cached_property
    def todo(self) -> tuple[Found, ...]:
        """The photos that are left, and the videos."""
        done = set(self.done)
        return tuple(found for found in self.inputs.found if found not in done)

    @property
    def outputs(self) -> list[Target]:
        """The outputs that are left to do; of a video those of its first frame."""
        names = {found: frame_name(found.name, 0) if found.is_video else found.name for found in self.todo}
        return [target for found, name in names.items() for target in self.undone(name, found.path)]

    def changed(self) -> list[Path]:
        """The outputs of an earlier run that somebody has worked on since; they are kept."""
        if not self.existing.resume:
            return []
        paths = [target.path for found in self.done for target in self._targets(found.name)]
        return [path for path in paths if self.record.changed(self.existing.key(path))]

    def undone(self, name: str, path: Path) -> Sequence[Target]:
        """The outputs of a photo or frame that are left to do."""
        targets = self._targets(name)
        if not self.existing.resume:
            return targets
        try:
            options = with_own_depth(self.options, name, path)
        except ReconError:
            return targets  # it fails in its turn, and is told then
        sources = [each for each in (path, options.depth, options.relative_depth) if each is not None]
        return [target for target in targets if not self.existing.is_done(target.path, sources)]

    def survey(self, models: SharedModels, journal: Journal) -> dict[Found, Surveyed]:
        """A first look at the videos that are to be done.

        Raises:
            ReconError: The model cannot run.
        """
        return {found: look_at(found, self.options, models, journal) for found in self.todo if found.is_video}

    def items(
        self, models: SharedModels, journal: Journal, surveyed: Mapping[Found, Surveyed] | None = None
    ) -> Iterator[Item]:
        """What is to be done, one by one; videos are decoded on the way.

        Args:
            models: For a first look at videos.
            journal: Gets what is odd about videos.
            surveyed: Of ``survey``, where that is done already.
        """
        surveyed = self.survey(models, journal) if surveyed is None else surveyed
        for folder, why in self.inputs.unreadable:
            yield Item(str(folder), folder, broken=PhotoError(f"{folder} cannot be read: {why}."))
        for found in self.todo:
            if found in surveyed:
                undone = partial(self.undone, path=found.path)
                yield from frames(surveyed[found], self.every, undone, journal)
            else:
                yield Item(found.name, found.path, self.undone(found.name, found.path))

    def may_replace(self, item: Item) -> bool:
        """Whether what stands in the way of an item's outputs may be replaced."""
        paths = [target.path for target in item.targets]
        return all(self.existing.may_replace(path) or not path.exists() for path in paths)

    def begin(self, item: Item) -> None:
        """Records that an item's outputs are about to be written.

        Raises:
            ExportError: The record cannot be written.
        """
        self.record.begin(str(item.path), [self.existing.key(target.path) for target in item.targets])

    def end(self, item: Item, done: Done) -> None:
        """Records that they are written.

        Raises:
            ExportError: The record cannot be written.
        """
        self.record.end(
            str(item.path),
            done.sources,
            [self.existing.key(path) for path in done.outputs],
            [self.existing.key(path) for path in done.files],
            model=done.model,
            warnings=list(done.warnings),
            **item.values,
        )

    def fail(self, item: Item, error: Exception) -> FailedPhoto:
        """Records what went wrong with an item; returns that.

        Raises:
            ExportError: The record cannot be written.
        """
        return self.record.fail(str(item.path), error, **item.values)

    def check(self) -> None:
        """Refuses before the long work what could not be written in the end.

        Raises:
            ExportError: A file is in the way, would be written twice, or is one that is read.
            VideoError: There is a video, and nothing to read it with.
        """
        self.existing.refuse(
            [_files(target) for target in self.outputs], [found.path for found in self.inputs.found]
        )
        if any(found.is_video for found in self.todo):
            check_video_support()

    def _targets(self, name: str) -> Sequence[Any]:
        return self.maker.targets(self.folder / name)


def plan_batch(
    inputs: str | Path | Iterable[str | Path],
    folder: str | Path,
    options: Options | None = None,
    *,
    formats: Sequence[str] = ("ply",),
    maker: Maker | None = None,
    every: int = 1,
    recursive: bool = False,
    resume: bool = False,
    overwrite: bool = False,
    on_event: Emit = lambda event: None,
    lock: bool = False,
) -> Plan:
    """Says what ``run`` would do, and refuses what it would refuse; nothing is written.

    The other arguments, and the errors, are those of ``run``.

    Args:
        on_event: Gets ``Listed``.
        lock: Lets no other run write into the folder until the plan's ``record`` is closed.
    """
    options = options or Options()
    check_options(options)
    if resume and overwrite:
        raise OptionError("--resume and --overwrite exclude each other")
    made = maker or SceneFiles([f".{name.lower().lstrip('.')}" for name in formats])
    folder = Path(folder)
    made.targets(folder / "NAME")  # refuses unknown formats
    record = Record(folder, settings_of(options, made.settings, every=every))
    try:
        if lock:
            record.lock()
        words = [inputs] if isinstance(inputs, str | Path) else inputs
        found = find_inputs([str(word) for word in words], recursive=recursive, is_output=record.has_written)
        on_event(Listed(found))
        plan = Plan(found, options, made, Existing(folder, record, resume, overwrite), every)
        plan.check()
    except BaseException:
        record.close()
        raise
    return plan


def _files(target: Target) -> tuple[Path, ...]:
    """All files of an output; one whose name its format cannot hold fails in its turn."""
    try:
        return tuple(target.files)
    except UnicodeEncodeError:
        return (target.path,)
