"""A batch on a Ray cluster, whose workers run the three steps of each photo.

A photo may be processed more than once (``ray_pool``). Its outputs then replace themselves under the same names, each
whole; the record, which only this process writes, takes the first answer.
"""

import os
import threading
from typing import ClassVar

from recon.batch.events import Counted, Summary
from recon.batch.item import Item
from recon.batch.journals import ItemJournal
from recon.batch.plan import Plan
from recon.batch.ray_cluster import RayCluster
from recon.batch.ray_pool import WorkerDied, answers_of
from recon.batch.ray_worker import Answer, BatchJob, Sent
from recon.batch.runner import Events, Runner
from recon.batch.staged_pipeline import Outcome
from recon.errors import PhotoError
from recon.journal import Entry


class RayRunner(Runner):
    """A run on a cluster. ``Written`` and ``Failed`` come in the order in which the photos are finished."""

    begins_all: ClassVar = True

    def __init__(self, plan: Plan, events: Events, cancel: threading.Event, cluster: RayCluster) -> None:
        super().__init__(plan, events, cancel)
        self._cluster = cluster

    def _work(self, workers: int | None) -> None:
        plan, cluster = self.plan, self._cluster
        left = {item.name: item for item in plan.items(self.models, self._shared)}
        self.events(Counted(len(left)))
        job = BatchJob(plan.options, plan.maker, plan.folder, os.getcwd(), workers)
        sent = [Sent.of(item) for item in left.values()]
        for answer in answers_of(sent, job, cluster, plan.options.device, self._shared):
            # Missing: Ray has repeated a block of which some answers had arrived.
            if (item := left.pop(answer.name, None)) is not None:
                self._take(item, answer)
            if self._is_stopped:
                return
        for item in left.values():
            self._report(Outcome(item, None, WorkerDied(f"{item.path}: the cluster lost its answer.")))

    def _take(self, item: Item, answer: Answer) -> None:
        for entry in answer.notes:
            self._note(entry)
        journal = self._journals[item.name] = ItemJournal(item.name, self.events, self._network)
        journal.entries.extend(answer.entries)
        if answer.done is not None:
            self.plan.end(item, answer.done)
        if answer.error is not None:
            answer.error.__cause__ = answer.cause
        self._report(Outcome(item, answer.done, answer.error))

    def _note(self, entry: Entry) -> None:
        """Passes on what a worker says of all photos, unless another one has said it."""
        if entry not in self._shared.entries:
            self._shared.entries.append(entry)
            self._shared.show(entry)


def run_on_ray(
    plan: Plan, events: Events, cancel: threading.Event, cluster: RayCluster | str, workers: int | None
) -> Summary:
    """Executes a plan on a cluster, as documented for ``recon.batch.run``.

    Raises:
        ReconError: There are videos, Ray is not installed, or the cluster cannot be reached.
    """
    if videos := [file.path.name for file in plan.todo if file.is_video]:
        raise PhotoError(f"{videos[0]} is a video: --ray processes photos; run videos without it.")
    cluster = RayCluster(cluster) if isinstance(cluster, str) else cluster
    with cluster.connected():
        return RayRunner(plan, events, cancel, cluster).run(workers)
