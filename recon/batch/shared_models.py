"""The models of a batch: each is made once, and keeps its weights from photo to photo."""

from dataclasses import dataclass, field, replace

from recon.calibration.references import ScaleSources, open_scale_sources
from recon.depth import registry
from recon.depth.embedded import CarriedByPhoto
from recon.depth.estimator import Estimator, RunOptions
from recon.journal import Journal
from recon.options import Options
from recon.pipeline import Prepared, choose_estimator


@dataclass
class SharedModels:
    """Gives each photo its estimator and what calibrates it, as ``reconstruct`` would; nothing is loaded twice."""

    options: Options
    """What holds for all photos."""
    journal: Journal
    """Told once which model was chosen and why."""
    worked: bool = False
    """Whether one of them has given a photo its depth: what fails later fails for that photo alone."""
    _network: Estimator | None = None
    _scale_sources: dict[str, ScaleSources] = field(default_factory=dict)

    def estimator_for(self, prepared: Prepared) -> Estimator:
        """The photo's own depth or measured depth where it has one, else the model that all share.

        Raises:
            ModelUnavailable: An unknown name, or weights that cannot be had.
        """
        options, photo = prepared.options, prepared.photo
        named = options.model not in ("auto", registry.INSIDE)
        if not named and (options.depth or options.relative_depth or options.model == registry.INSIDE):
            return choose_estimator(options, Journal(), photo)
        if not named and photo.carried is not None and photo.carried.gives == "metric":
            carried = registry.choose_auto(RunOptions.of(options), Journal(), photo)
            if isinstance(carried, CarriedByPhoto):
                return carried
        if self._network is None:
            self._network = choose_estimator(replace(options, depth=None, relative_depth=None), self.journal)
        return self._network

    def scale_sources_for(self, prepared: Prepared, estimator: Estimator) -> ScaleSources:
        """What brings the estimate of this photo to metres.

        Raises:
            CalibrationError: Nothing does, and the estimator is relative.
        """
        options = prepared.options
        if options.depth is not None or isinstance(estimator, CarriedByPhoto):
            # A depth file is another for each photo, and so is whether the carried depth is relative.
            return self._opened(prepared, estimator)
        if estimator.name not in self._scale_sources:
            self._scale_sources[estimator.name] = self._opened(prepared, estimator)
        return self._scale_sources[estimator.name]

    def _opened(self, prepared: Prepared, estimator: Estimator) -> ScaleSources:
        return open_scale_sources(estimator, prepared.options, prepared.constraints, self.journal)
