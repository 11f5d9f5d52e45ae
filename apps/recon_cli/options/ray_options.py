"""Options of commands that can process their photos on a Ray cluster."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from recon.batch.ray_cluster import RayCluster
from recon_cli.option_groups import option
from recon_cli.options.param_types import Number

Command = TypeVar("Command", bound=Callable[..., Any])


def ray_options(command: Command) -> Command:
    """Adds --ray, --ray-actors, --ray-cpus and --ray-gpus."""
    for add in (
        option(
            "--ray-gpus",
            group="Run",
            type=Number(min=0),
            metavar="SHARE",
            help="GPUs of each worker, e.g. 0.5. Default: 1 if the cluster has any.",
        ),
        option(
            "--ray-cpus",
            group="Run",
            type=Number(min=0, min_open=True),
            metavar="N",
            help="Processor cores of each worker. Default: 1.",
        ),
        option(
            "--ray-actors",
            group="Run",
            type=click.IntRange(min=1),
            metavar="N",
            help="Workers on the cluster, each with a model of its own. Default: as many as fit.",
        ),
        option(
            "--ray",
            group="Run",
            metavar="ADDRESS|local",
            help="Process many photos on a Ray cluster, e.g. auto or HOST:6379; local: one on this machine.",
        ),
    ):
        command = add(command)
    return command


def cluster_from(values: Mapping[str, Any]) -> RayCluster | None:
    """The cluster that the values of ``ray_options`` describe; None without --ray.

    Raises:
        click.UsageError: There are workers, but no cluster.
    """
    shares = {name: values[f"ray_{name}"] for name in ("actors", "cpus", "gpus")}
    given = {name: value for name, value in shares.items() if value is not None}
    if values["ray"] is not None:
        return RayCluster(values["ray"], **given)
    if given:
        raise click.UsageError(f"--ray-{next(iter(given))} is about the workers of a cluster: add --ray")
    return None
