"""Repairs of the pool: what `check` found is dropped or has its file read again. Never guesses a content.

Normal operation never needs these; they are for what a restored backup, a hand in the database or a bug left behind.
"""

from __future__ import annotations

from pymongo.asynchronous.client_session import AsyncClientSession as Session

from cvmatcher.store import candidates, ledger, pool, vectors
from cvmatcher.store.ledger import LedgerDocument
from cvmatcher.store.transactions import in_transaction
from cvmatcher.store.values import now


async def read_again(key: str) -> None:
    """The file is read again; a candidate that names it without being its row's lets it go."""

    async def work(session: Session) -> None:
        row = await ledger.get(key, session=session)
        if row is None:
            return
        for holder in await candidates.holders(key, session=session):
            if holder.id != row.candidate_id:
                await pool.leave(holder, key, session)
        await _restart(key, session)

    await in_transaction(LedgerDocument, work)


async def read_candidate_again(candidate_id: str) -> None:
    """The candidate's vectors are dropped and its primary file is read again."""

    async def work(session: Session) -> None:
        candidate = await candidates.get(candidate_id, session=session)
        if candidate is None:
            return
        await vectors.delete(candidate_id, session=session)
        await _restart(candidate.file_key, session)

    await in_transaction(LedgerDocument, work)


async def let_go(key: str) -> None:
    """Candidates on a removed or quarantined file leave it; a file without a row gets one and is read again."""

    async def work(session: Session) -> None:
        row = await ledger.get(key, session=session)
        for holder in await candidates.holders(key, session=session):
            if row is None:
                await _new_row(key, holder.file_name, session)
            else:
                await pool.leave(holder, key, session)

    await in_transaction(LedgerDocument, work)


async def drop_stray_vectors(candidate_id: str) -> None:
    async def work(session: Session) -> None:
        if await candidates.get(candidate_id, session=session) is None:
            await vectors.delete(candidate_id, session=session)

    await in_transaction(LedgerDocument, work)


async def _restart(key: str, session: Session) -> None:
    change = {"$set": ledger.fresh(now()) | {"lease_until": None}, "$inc": {"lease_token": 1}}
    await ledger.collection().update_one({"_id": key}, change, session=session)


async def _new_row(key: str, name: str, session: Session) -> None:
    source, _, file_id = key.partition(":")
    moment = now()
    fields = {
        "source": source,
        "file_id": file_id,
        "name": name,
        "version": "",  # unknown: the next listing knows
        "first_seen": moment,
        "lease_token": 0,
        **ledger.fresh(moment),
    }
    await ledger.collection().update_one({"_id": key}, {"$setOnInsert": fields}, upsert=True, session=session)
