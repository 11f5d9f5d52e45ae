"""Server-sent events of a job: https://html.spec.whatwg.org/multipage/server-sent-events.html."""

import asyncio
import json
from collections.abc import AsyncIterator

from recon_serve.jobs import Event, Job

KEEP_ALIVE_S = 15.0
"""A comment is sent after so long a silence, which proxies would take for the end."""


async def stream(job: Job, after: int) -> AsyncIterator[str]:
    """All events of a job with numbers above ``after``, then each as it comes, until the job ends."""
    at = max(after + 1, 0)
    while True:
        while at < len(job.events):  # more may come while one is sent
            yield text_of(at, job.events[at])
            at += 1
        if job.ended:
            return
        try:
            await asyncio.wait_for(job.change(), KEEP_ALIVE_S)
        except asyncio.TimeoutError:
            yield ":\n\n"


def text_of(number: int, event: Event) -> str:
    """One event; a browser that reconnects sends its number as ``Last-Event-ID``."""
    data = {"message": event.message} | ({} if event.share is None else {"share": round(event.share, 3)})
    return f"id: {number}\nevent: {event.kind}\ndata: {json.dumps(data)}\n\n"
