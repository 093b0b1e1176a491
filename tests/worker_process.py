"""A worker in a process of its own, to be killed: `python -m tests.worker_process`, told by T_… variables."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

from cvmatcher import failpoint, jobs, store, worker
from tests.fakes import HashEmbedder
from tests.ingesting import folder_source, make_parts
from tests.models import either, named


async def main() -> None:
    failpoint.configure(os.environ["T_FAILPOINT"])
    client = store.connect(os.environ["T_MONGO"])
    await store.open_store(client, os.environ["T_DB"], "CVExtractionCollection")
    queue = await jobs.open_queue(os.environ["T_REDIS"])
    parts = worker.WorkerParts(
        ingest=replace(
            make_parts(folder_source(Path(os.environ["T_ROOT"]))),
            lease_seconds=1.0,
            embedder=named(os.environ["T_MODEL"]) if os.environ.get("T_MODEL") else HashEmbedder(),
            other=either,
        ),
        queue=queue,
        redis_url=os.environ["T_REDIS"],
        scan_seconds=0.5,
        concurrency=2,
        tick_seconds=0.2,
        slice_seconds=5.0,
    )
    try:
        await (worker.drain if os.environ["T_DRAIN"] else worker.serve)(parts)
    finally:
        await jobs.close_queue(queue)
        await client.close()


if __name__ == "__main__":
    asyncio.run(main())
