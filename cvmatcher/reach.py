"""Who of the whole pool may answer all musts but one: asked of the word index when nobody read answers all.

Owns which candidates are worth reading then. What they answer is for the judge to say.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cvmatcher.alternatives import Group, groups
from cvmatcher.domain import Criterion, CriterionKind
from cvmatcher.ports import WordIndex, WordQuery
from cvmatcher.query.plan import legs
from cvmatcher.vocabulary import places

MOST = 150  # candidates read beyond those retrieved: about a second of judging
_EVERYBODY = 1_000_000


def beyond(musts: Sequence[Criterion], words: WordIndex, known: Collection[str]) -> dict[str, str]:
    """Candidate id -> content hash of those not `known` whose words name all the musts but at most one. Blocking.

    Alternatives are one must.
    """
    named = {group: _one_of(group, words) for group in groups(musts)}
    found: dict[str, str] = {}
    for left_out in named:
        others = [ids for group, ids in named.items() if group != left_out and ids is not None]
        if not others:
            continue
        smallest = min(others, key=len)
        for candidate_id, content_hash in sorted(smallest.items()):
            if candidate_id not in known and all(candidate_id in ids for ids in others):
                found.setdefault(candidate_id, content_hash)
    return dict(list(found.items())[:MOST])


def _one_of(group: Group, words: WordIndex) -> dict[str, str] | None:
    named = [_named(must, words) for must in group]
    return None if None in named else {key: value for ids in named if ids for key, value in ids.items()}


def _named(must: Criterion, words: WordIndex) -> dict[str, str] | None:
    """Everybody whose CV has words of the criterion; None where words do not tell: years, a country, an area."""
    place = places.get(must.value) if must.kind is CriterionKind.PLACE else None
    if must.kind is CriterionKind.YEARS or must.within_km or must.or_remote or (place and place.kind != "city"):
        return None
    terms = tuple(dict.fromkeys(term for leg in legs(must) for term in leg.terms))
    hits = words.search(WordQuery(terms), _EVERYBODY) if terms else []
    return {hit.candidate_id: hit.content_hash for hit in hits}
