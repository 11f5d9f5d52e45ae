"""A depth network in torch: finds or downloads its weights, loads them once, and runs it where it fits in memory."""

from collections.abc import Callable
from typing import Any, TypeVar

from recon.depth.estimator import RunOptions, check_shape
from recon.depth.hub import checkpoint_cache, download
from recon.depth.hub.checkpoint_cache import Snapshot, Source
from recon.depth.inference.interruptible import interruptible
from recon.depth.inference.placement import Placement, first_placement, place, run_where_it_fits
from recon.journal import Journal
from recon.types import Photo

Result = TypeVar("Result")


class Network:
    """Keeps a model loaded between photos.

    Args:
        name: Name given by the user.
        source: Source of the weights.
        run: Device, precision, offline.
        load: Creates the network from a checkpoint and the keywords passed to ``run``.
        keep_fp32: Names of submodules that always compute in float32.
    """

    def __init__(
        self,
        name: str,
        source: Source,
        run: RunOptions,
        *,
        load: Callable[..., Any],
        keep_fp32: tuple[str, ...],
    ) -> None:
        self._name = name
        self._source = source
        self._run = run
        self._load_weights = load
        self._keep_fp32 = keep_fp32
        self._snapshot: Snapshot | None = None
        self._placement: Placement | None = None
        self._model: Any = None
        self._loaded_as: object = None

    def snapshot(self, journal: Journal) -> Snapshot:
        """The local checkpoint, downloaded if necessary.

        Raises:
            ModelUnavailable: The checkpoint is unavailable.
        """
        if self._snapshot is None:
            self._snapshot = download.obtain(
                self._source, name=self._name, offline=self._run.offline, journal=journal
            )
            checkpoint_cache.read_ahead(self._snapshot)
        return self._snapshot

    def run(self, work: Callable[[Any, Placement], Result], journal: Journal, **overrides: Any) -> Result:
        """Calls ``work`` with the model and its placement, without gradients; loads the model if necessary.

        Args:
            work: Called again with another placement if memory runs out.
            journal: Receives the model and its placement.
            overrides: Keywords for ``load``; a change reloads the model.

        Raises:
            ModelUnavailable: The weights are unavailable or damaged, or do not fit in memory.
        """
        import torch

        def attempt(placement: Placement) -> Result:
            model = self._load(placement, overrides, journal)
            with torch.inference_mode(), interruptible(journal):
                return work(model, placement)

        start = self._placement or first_placement(self._run)
        self._placement, result = run_where_it_fits(start, self._run, journal, attempt)
        return result

    def predict(
        self, photo: Photo, work: Callable[[Any, Placement], Result], journal: Journal
    ) -> tuple[Snapshot, Result]:
        """The checkpoint, and what ``work`` gives for a photo, as one stage of the journal.

        Args:
            photo: Its shape is checked before anything is downloaded.
            work: As for ``run``.
            journal: As for ``run``.

        Raises:
            ModelUnavailable: As for ``run``.
            PhotoError: The photo is too narrow.
        """
        check_shape(photo, self._name)
        snapshot = self.snapshot(journal)

        def staged(model: Any, placement: Placement) -> Result:
            with journal.stage(f"Running {self._name}"):
                return work(model, placement)

        return snapshot, self.run(staged, journal)

    def details(self) -> dict[str, Any]:
        """Values for the provenance: source, device, precision."""
        where = (
            self._snapshot.repository or self._snapshot.folder.name if self._snapshot else str(self._source)
        )
        placement = self._placement
        return {
            "weights": where,
            "device": placement and placement.device,
            "precision": placement and placement.precision,
        }

    def _load(self, placement: Placement, overrides: dict[str, Any], journal: Journal) -> Any:
        wanted = (placement, overrides)
        if self._loaded_as == wanted:
            return self._model
        # Release the old model first: two may not fit in memory.
        self._model = self._loaded_as = None
        snapshot = self.snapshot(journal)
        with journal.stage(f"Loading {self._name}"):
            model = self._load_weights(snapshot, **overrides)
            self._model = place(model, placement, self._keep_fp32)
        self._loaded_as = wanted
        if placement.precision == "int8":
            from recon.depth.nets.fast_ops import has_int8

            if not has_int8():
                journal.warn(
                    "model",
                    "this torch has no 8-bit matrix products: int8 gives the same results but is not faster",
                )
        at = f"revision {snapshot.revision[:12]}" if snapshot.revision else f"folder {snapshot.folder}"
        journal.decide(
            "model", f"{self._name} ({at}) on {placement}.", model=self._name, revision=snapshot.revision,
            device=placement.device, precision=placement.precision,
        )  # fmt: skip
        return self._model
