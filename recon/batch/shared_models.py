"""The models of a batch: each is created once and keeps its weights in memory between photos."""

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
    """Selects the estimator and the scale sources of each photo as ``reconstruct`` does, but loads nothing twice."""

    options: Options
    """Options for all photos."""
    journal: Journal
    """Receives the choice of the model, once."""
    worked: bool = False
    """Whether a model has succeeded on a photo: a later failure then concerns only its own photo."""
    _network: Estimator | None = None
    _scale_sources: dict[str, ScaleSources] = field(default_factory=dict)

    def estimator_for(self, prepared: Prepared) -> Estimator:
        """The embedded or measured depth of the photo if it has one, otherwise the shared model.

        Raises:
            ModelUnavailable: Unknown name, or weights that are not available.
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
        """The sources of metric scale for this photo.

        Raises:
            CalibrationError: There is none, and the estimator is relative.
        """
        options = prepared.options
        if options.depth is not None or isinstance(estimator, CarriedByPhoto):
            # Each photo has its own depth file, and its embedded depth may be relative or metric.
            return self._opened(prepared, estimator)
        if estimator.name not in self._scale_sources:
            self._scale_sources[estimator.name] = self._opened(prepared, estimator)
        return self._scale_sources[estimator.name]

    def _opened(self, prepared: Prepared, estimator: Estimator) -> ScaleSources:
        return open_scale_sources(estimator, prepared.options, prepared.constraints, self.journal)
