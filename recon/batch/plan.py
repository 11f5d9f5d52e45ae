"""The plan of a batch: its inputs, what is done already, and which files are in the way."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from recon.argument_names import OptionError
from recon.batch.clip_frames import Surveyed, frame_name, frames, survey_video
from recon.batch.events import Listed
from recon.batch.existing import Existing, settings_of
from recon.batch.inputs import InputFile, Inputs, find_inputs
from recon.batch.item import Item, Maker, Target
from recon.batch.journals import Emit
from recon.batch.own_depth import check_options, with_own_depth
from recon.batch.run_log import FailedPhoto, Record
from recon.batch.shared_models import SharedModels
from recon.batch.steps import Done
from recon.batch.store_path import StorePath, check_bucket, is_url, path_of
from recon.errors import ExportError, PhotoError, ReconError
from recon.journal import Journal
from recon.options import Options
from recon.outputs.scene_files import SceneFiles
from recon.video.reader import check_video_support


@dataclass(frozen=True)
class Plan:
    """The work of one run, and its record: each item is enclosed by ``begin`` and ``end`` or ``fail``."""

    inputs: Inputs
    options: Options
    """Options for all photos."""
    maker: Maker
    existing: Existing
    every: int = 1
    """Use every Nth frame of a video."""
    steady: bool = True
    """Whether the frames of a video are made steady in time."""

    @property
    def folder(self) -> Path:
        """The output folder."""
        return self.existing.folder

    @property
    def record(self) -> Record:
        """The record of the output folder."""
        return self.existing.record

    @cached_property
    def done(self) -> tuple[InputFile, ...]:
        """The photos that an earlier run has finished; for videos, this is determined frame by frame."""
        return tuple(
            file for file in self.inputs.files if not (file.is_video or self.missing(file.name, file.path))
        )

    @cached_property
    def todo(self) -> tuple[InputFile, ...]:
        """The remaining photos, and all videos."""
        done = set(self.done)
        return tuple(file for file in self.inputs.files if file not in done)

    @property
    def outputs(self) -> list[Target]:
        """The missing outputs; for a video those of its first frame."""
        names = {file: frame_name(file.name, 0) if file.is_video else file.name for file in self.todo}
        return [target for file, name in names.items() for target in self.missing(name, file.path)]

    def changed(self) -> list[Path]:
        """The outputs of an earlier run that have been edited since; they are kept."""
        if not self.existing.resume:
            return []
        paths = [target.path for file in self.done for target in self._targets(file.name)]
        return [path for path in paths if self.record.changed(self.existing.key(path))]

    def missing(self, name: str, path: Path) -> Sequence[Target]:
        """The missing outputs of a photo or frame."""
        targets = self._targets(name)
        if not self.existing.resume:
            return targets
        try:
            options = with_own_depth(self.options, name, path)
        except ReconError:
            return targets  # its error is reported when it is processed
        sources = [each for each in (path, options.depth, options.relative_depth) if each is not None]
        return [target for target in targets if not self.existing.is_done(target.path, sources)]

    def survey(self, models: SharedModels, journal: Journal) -> dict[InputFile, Surveyed]:
        """Surveys the videos to process.

        Raises:
            ReconError: The model cannot run.
        """
        videos = [file for file in self.todo if file.is_video]
        return {
            file: survey_video(file, self.options, models, journal, steady=self.steady) for file in videos
        }

    def items(
        self,
        models: SharedModels,
        journal: Journal,
        surveyed: Mapping[InputFile, Surveyed] | None = None,
        *,
        with_context: bool = False,
    ) -> Iterator[Item]:
        """Yields the items to process one by one; videos are decoded as needed.

        Args:
            models: Used to survey videos.
            journal: Receives warnings about videos.
            surveyed: Result of ``survey``; None to run it here.
            with_context: Whether to yield also finished frames, as ``is_context``, where ``steady`` needs them.
        """
        surveyed = self.survey(models, journal) if surveyed is None else surveyed
        for folder, why in self.inputs.unreadable:
            yield Item(str(folder), folder, broken=PhotoError(f"{folder} cannot be read: {why}."))
        for file in self.todo:
            if file in surveyed:
                missing = partial(self.missing, path=file.path)
                steady = self.steady and with_context
                yield from frames(surveyed[file], self.every, missing, journal, steady=steady)
            else:
                yield Item(file.name, file.path, self.missing(file.name, file.path))

    def may_replace(self, item: Item) -> bool:
        """Whether existing files may be replaced by an item's outputs."""
        paths = [target.path for target in item.targets]
        return all(self.existing.may_replace(path) or not self.record.holds(path) for path in paths)

    def open(self, *, begins_all: bool = False) -> None:
        """Opens the record.

        Args:
            begins_all: Whether to record at once that the outputs of all photos are about to be written, as for
                workers that write before this process hears of it.

        Raises:
            ExportError: The record cannot be written.
        """
        self.record.open()
        if begins_all or self.record.begins_all:
            photos = [file for file in self.todo if not file.is_video]
            self.record.begin_all(
                [self._begun(file.path, self.missing(file.name, file.path)) for file in photos]
            )

    def begin(self, item: Item) -> None:
        """Records that an item's outputs are about to be written, unless it is recorded already.

        Raises:
            ExportError: The record cannot be written.
        """
        photo, outputs = self._begun(item.path, item.targets)
        if not all(map(self.record.is_begun, outputs)):
            self.record.begin(photo, outputs)

    def end(self, item: Item, done: Done) -> None:
        """Records that an item's outputs are written.

        Raises:
            ExportError: The record cannot be written.
        """
        self.record.end(
            str(item.path),
            done.sources,
            [self.existing.key(path) for path in done.outputs],
            {self.existing.key(path): list(description) for path, description in done.contents.items()},
            model=done.model,
            warnings=list(done.warnings),
            **item.values,
        )

    def fail(self, item: Item, error: Exception) -> FailedPhoto:
        """Records the failure of an item, and returns it.

        Raises:
            ExportError: The record cannot be written.
        """
        return self.record.fail(str(item.path), error, **item.values)

    def check(self) -> None:
        """Checks before the slow work that all outputs can be written.

        Raises:
            ExportError: A file is in the way, would be written twice, or is an input.
            VideoError: There is a video, and the library for reading videos is not installed.
        """
        self.existing.refuse(
            [_files(target) for target in self.outputs], [file.path for file in self.inputs.files]
        )
        if any(file.is_video for file in self.todo):
            if isinstance(self.folder, StorePath):
                raise ExportError(
                    f"the frames of a video are written to a folder of this machine, not {self.folder}."
                )
            check_video_support()

    def _begun(self, photo: Path, targets: Sequence[Target]) -> tuple[str, list[str]]:
        return str(photo), [self.existing.key(target.path) for target in targets]

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
    steady: bool = True,
    recursive: bool = False,
    resume: bool = False,
    overwrite: bool = False,
    on_event: Emit = lambda event: None,
    lock: bool = False,
) -> Plan:
    """Plans a run, with the same checks as ``run``; nothing is written.

    The other arguments and the errors are those of ``run``.

    Args:
        on_event: Receives ``Listed``.
        lock: Whether to lock the folder for other runs until the plan's ``record`` is closed.
    """
    options = options or Options()
    check_options(options)
    if resume and overwrite:
        raise OptionError("--resume and --overwrite cannot be combined")
    made = maker or SceneFiles([f".{name.lower().lstrip('.')}" for name in formats])
    check_bucket(folder)
    folder = path_of(folder)
    made.targets(folder / "NAME")  # refuses unknown formats
    settings = settings_of(options, made.settings, every=every, **({} if steady else {"steady": False}))
    record = _record_of(folder, settings)
    try:
        if lock:
            record.lock()
        words = [str(word) for word in ([inputs] if isinstance(inputs, str | Path) else inputs)]
        listed = _finder_of(words)(words, recursive=recursive, is_output=record.has_written)
        on_event(Listed(listed))
        plan = Plan(listed, options, made, Existing(folder, record, resume, overwrite), every, steady)
        plan.check()
    except BaseException:
        record.close()
        raise
    return plan


def _record_of(folder: Path, settings: Mapping[str, Any]) -> Record:
    if isinstance(folder, StorePath):
        from recon.batch.store_record import StoreRecord

        return StoreRecord(folder, settings)
    return Record(folder, settings)


def _finder_of(words: Sequence[str]) -> Callable[..., Inputs]:
    if any(map(is_url, words)):
        from recon.batch.store_inputs import find_stored_inputs

        return find_stored_inputs
    return find_inputs


def _files(target: Target) -> tuple[Path, ...]:
    """All files of an output; a name that the format cannot store is reported when the photo is processed."""
    try:
        return tuple(target.files)
    except UnicodeEncodeError:
        return (target.path,)
