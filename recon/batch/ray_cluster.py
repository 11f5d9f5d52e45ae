"""The Ray cluster of a batch: where it is, and how many workers fit on it."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec

from recon.argument_names import OptionError
from recon.batch.ray_console import messages_logged, stderr_closed
from recon.errors import ReconError, to_add
from recon.options import Device
from recon.threads import cores

LOCAL = "local"
"""The address of a cluster that is started on this machine for one run."""
_OBJECT_STORE_BYTES = 100_000_000
"""Of a cluster on this machine: photos and scenes do not pass through the store, only their names and reports."""
_CONNECT_S = 5.0


@dataclass(frozen=True)
class Actors:
    """The pool of workers."""

    least: int
    """As many as fit on the cluster now."""
    most: int
    """As many as there shall be when the cluster has grown."""
    gpus: float
    """The share of a GPU that each one has."""


@dataclass(frozen=True)
class RayCluster:
    """A Ray cluster, and the share of it that each worker gets."""

    address: str = LOCAL
    """``local``, ``auto`` (the cluster that this machine belongs to), ``HOST:PORT`` or ``ray://HOST:PORT``."""
    actors: int | None = None
    """Number of workers, each with a model of its own; None: as many as fit."""
    cpus: float = 1.0
    """Processor cores of each worker."""
    gpus: float | None = None
    """GPUs of each worker, such as 0.5 for two on one GPU; None: 1 if the cluster has one that ``device`` allows."""

    def __post_init__(self) -> None:
        for flag, value, valid in (
            ("--ray-actors", self.actors, self.actors is None or self.actors >= 1),
            ("--ray-cpus", self.cpus, 0 < self.cpus < float("inf")),
            ("--ray-gpus", self.gpus, self.gpus is None or 0 <= self.gpus < float("inf")),
        ):
            if not valid:
                raise OptionError(f"{flag} {value}: expected a positive number")

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Connects this process to the cluster, unless it is connected to one already; ends what it has started.

        Raises:
            ReconError: Ray is not installed, or the cluster cannot be reached.
        """
        if find_spec("ray") is None or find_spec("ray.data") is None or find_spec("pyarrow") is None:
            raise ReconError(f"--ray needs Ray Data: {to_add('ray')}")
        # A cluster that we start for one run does not report to Ray's authors unless the user wants it.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        # Workers on this machine are as urgent as those of a local batch; Ray would put them behind all others.
        os.environ.setdefault("RAY_worker_niceness", "0")
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # its core's lines stay in its files
        import ray
        import ray.data

        logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what concerns the user is in our events
        if ray.is_initialized():
            yield
            return
        with stderr_closed():
            self._connect()
        try:
            with messages_logged():
                yield
        finally:
            ray.shutdown()

    def actors_for(self, device: Device) -> Actors:
        """How many workers fit on the connected cluster.

        Raises:
            ReconError: Not one does.
        """
        import ray

        total = ray.cluster_resources()
        has_gpu = total.get("GPU", 0.0) > 0 and device in ("auto", "cuda")
        gpus = float(has_gpu) if self.gpus is None else self.gpus
        fits = int(total.get("CPU", 0.0) / self.cpus)
        if gpus:
            fits = min(fits, int(total.get("GPU", 0.0) / gpus))
        if not fits:
            raise ReconError(
                f"no worker with {self.cpus:g} CPU and {gpus:g} GPU fits on the Ray cluster, which has "
                f"{total.get('CPU', 0):g} CPU and {total.get('GPU', 0):g} GPU: use smaller --ray-cpus and --ray-gpus."
            )
        most = self.actors or fits
        return Actors(min(fits, most), most, gpus)

    def _connect(self) -> None:
        import ray

        try:
            if self.address == LOCAL:
                size = _OBJECT_STORE_BYTES
                ray.init(
                    "local", num_cpus=cores(), object_store_memory=size, include_dashboard=False, **_QUIET
                )
                return
            self._check_reachable()
            ray.init(self.address, **_QUIET)
        except Exception as error:  # Ray has no type of its own for a cluster that does not start in time
            ray.shutdown()
            problem, fix = "cannot be reached", "check the address, or use --ray local"
            if self.address == LOCAL:
                problem, fix = "does not start", "try again when this machine is less busy"
            raise ReconError(
                f"the Ray cluster {self.address} {problem} ({first_line(error)}): {fix}."
            ) from error

    def _check_reachable(self) -> None:
        """Asks for a sign of life first, because Ray tries for minutes."""
        host, _, port = self.address.rpartition("://")[2].rpartition(":")
        if port.isdecimal() and len(port) <= 5:
            socket.create_connection((host.strip("[]"), int(port)), _CONNECT_S).close()


_QUIET = {"log_to_driver": False, "logging_level": logging.ERROR}


def first_line(error: Exception) -> str:
    """The first line of an exception's message, without its full stop."""
    return (str(error) or type(error).__name__).strip().splitlines()[0].rstrip(".")
