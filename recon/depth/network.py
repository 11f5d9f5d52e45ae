"""A transformers depth network: its weights found or fetched, checked, loaded once, and run where it fits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from recon.depth import download, runtime, weights
from recon.depth.estimator import RunOptions
from recon.depth.runtime import Placement
from recon.depth.weights import Snapshot, Source
from recon.errors import ModelUnavailable
from recon.journal import Journal

Result = TypeVar("Result")


class Network:
    """Keeps a loaded model from photo to photo.

    Args:
        name: What the user calls it.
        source: Where its weights come from.
        run: Device, precision, offline.
        class_name: Of the transformers class.
        keep_fp32: The model's children that always compute in float32.
    """

    def __init__(
        self, name: str, source: Source, run: RunOptions, *, class_name: str, keep_fp32: tuple[str, ...]
    ) -> None:
        self._name = name
        self._source = source
        self._run = run
        self._class_name = class_name
        self._keep_fp32 = keep_fp32
        self._snapshot: Snapshot | None = None
        self._placement: Placement | None = None
        self._model: Any = None
        self._loaded_as: object = None

    def snapshot(self, journal: Journal) -> Snapshot:
        """The checkpoint on this machine, fetched where it is not here yet.

        Raises:
            ModelUnavailable: It cannot be had.
        """
        if self._snapshot is None:
            self._snapshot = download.obtain(
                self._source, name=self._name, offline=self._run.offline, journal=journal
            )
        return self._snapshot

    def run(self, work: Callable[[Any, Placement], Result], journal: Journal, **overrides: Any) -> Result:
        """Calls ``work`` with the model and its placement, without gradients; loads the model where need be.

        Args:
            work: Called again elsewhere when memory does not suffice.
            journal: Told what was loaded and where.
            overrides: Of the checkpoint's configuration; other ones than before load it anew.

        Raises:
            ModelUnavailable: The weights cannot be had, are damaged, or do not fit into memory.
        """
        import torch

        def attempt(placement: Placement) -> Result:
            model = self._load(placement, overrides, journal)
            with torch.inference_mode():
                return work(model, placement)

        start = self._placement or runtime.first_placement(self._run)
        self._placement, result = runtime.run_where_it_fits(start, self._run, journal, attempt)
        return result

    def details(self) -> dict[str, Any]:
        """What belongs into the provenance: source, device, precision."""
        where = (
            self._snapshot.repository or str(self._snapshot.folder) if self._snapshot else str(self._source)
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
        # The old one goes first: two of them may not fit.
        self._model = self._loaded_as = None
        snapshot = self.snapshot(journal)
        with journal.stage(f"Loading {self._name}"):
            model = load_model(self._class_name, snapshot, **overrides)
            self._model = runtime.place(model, placement, self._keep_fp32)
        self._loaded_as = wanted
        at = f"revision {snapshot.revision[:12]}" if snapshot.revision else f"folder {snapshot.folder}"
        journal.decide(
            "model", f"{self._name} ({at}) on {placement}.", model=self._name, revision=snapshot.revision,
            device=placement.device, precision=placement.precision,
        )  # fmt: skip
        return self._model


def load_model(class_name: str, snapshot: Snapshot, **overrides: Any) -> Any:
    """Loads a checkpoint in float32 for inference; nothing is downloaded and none of its code is run.

    Args:
        class_name: Of the transformers class.
        snapshot: The checkpoint.
        overrides: Of its configuration.

    Raises:
        ModelUnavailable: It is of another kind, damaged, or its weights are not exactly those that the class has.
    """
    import torch
    import transformers

    model_class = getattr(transformers, class_name)
    kind, wanted = weights.read_config(snapshot).get("model_type"), model_class.config_class.model_type
    if kind != wanted:
        raise ModelUnavailable(f"{snapshot.folder}: expected a {wanted} checkpoint, got {kind or 'none'}.")
    try:
        with _quiet_transformers():
            model, info = model_class.from_pretrained(
                str(snapshot.folder),
                dtype=torch.float32,
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
                **overrides,
            )
    except (
        Exception
    ) as error:  # foreign data: SafetensorError is no OSError, a wrong shape a RuntimeError, ...
        if runtime.is_out_of_memory(error):
            raise
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelUnavailable(
            f"{snapshot.folder}: the checkpoint is damaged or of another kind ({reason}). Delete it and"
            f" fetch it again."
        ) from error
    for problem in ("missing", "unexpected", "mismatched"):
        if keys := sorted(str(key) for key in info[f"{problem}_keys"]):
            raise ModelUnavailable(
                f"{snapshot.folder}: {len(keys)} {problem} weights ({keys[0]}, ...): they are not those of "
                f"{class_name}. Fetch the checkpoint again, or choose another one."
            )
    return model.eval()


@contextmanager
def _quiet_transformers() -> Iterator[None]:
    """Without its progress bars and reports: what matters is checked, and told in our own words."""
    from transformers.utils import logging

    level, had_bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if had_bars:
            logging.enable_progress_bar()
