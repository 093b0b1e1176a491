"""Names that mean the same though no list says so: "guided tours" and "visites guidées", "green power" and "renewable
energy".

Owns when two names are near enough to be one thing, and what of a CV is such a name. Only what the vocabulary does not
know is compared, and only titles, skills and sectors of those being judged.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

import numpy as np

from cvmatcher.domain import Candidate, Criterion, CriterionKind, Need, Verdict, VerdictState
from cvmatcher.ports import Embedder, Vectors
from cvmatcher.query import evidence
from cvmatcher.quotations import prove, suspicious
from cvmatcher.vocabulary import sectors, skills, titles

# Cosine of two names, both embedded as queries, from which they are taken for one thing, by model. At 0.90 half of the
# vocabulary's own French names find their English one, and 0.6 of 860 other occupations pass
# (docs/decisions/0004-search.md). Other models: never.
_ENOUGH = {"e5": 0.90}
_MOST_WORDS = 6  # of a name; more is a sentence
_MOST_NAMES = 5  # that one criterion is looked for under
SLICE = 8  # names embedded at a time, so that another's query waits for no more
_KEPT = 30_000  # vectors of names, about 50 MB

Found = Mapping[str, Mapping[str, Verdict]]  # candidate id -> criterion id -> partly


class NameVectors:
    """Vectors of names, remembered by digest: the least recently asked are dropped."""

    def __init__(self) -> None:
        self._rows: OrderedDict[bytes, Vectors] = OrderedDict()

    async def of(self, names: Sequence[str], embedder: Embedder) -> Vectors:
        """(len(names), dimension). Raises what the embedder raises."""
        keys = [blake2b(f"{embedder.model_id}\0{name}".encode(), digest_size=16).digest() for name in names]
        known = {key: row for key in keys if (row := self._rows.get(key)) is not None}
        missing = [(key, name) for key, name in dict(zip(keys, names, strict=True)).items() if key not in known]
        for at in range(0, len(missing), SLICE):
            part = missing[at : at + SLICE]
            rows = await embedder.embed([name for _, name in part], "query")
            known.update((key, row) for (key, _), row in zip(part, rows, strict=True))
        self._keep(known)
        return np.asarray([known[key] for key in keys], dtype=np.float32).reshape(-1, embedder.dimension)

    async def keep_ready(self, names: Sequence[str], embedder: Embedder) -> bool:
        """Has the vectors of these ready; False where there is no room, or nothing asks for this model's.

        Raises what the embedder raises.
        """
        if _enough(embedder) is None or len(self._rows) + len(names) > _KEPT:
            return False
        await self.of(names, embedder)
        return True

    def _keep(self, rows: Mapping[bytes, Vectors]) -> None:
        for key, row in rows.items():
            self._rows[key] = row
            self._rows.move_to_end(key)
        while len(self._rows) > _KEPT:
            self._rows.popitem(last=False)


def _enough(embedder: Embedder) -> float | None:
    """The cosine from which two names are one thing, None for a model whose distances were not measured."""
    return next((value for model, value in _ENOUGH.items() if model in embedder.model_id.lower()), None)


def names_of(candidates: Sequence[Candidate]) -> tuple[str, ...]:
    """What `find` may compare of them, each once: titles, skills and sectors. Some milliseconds for each."""
    kinds = (CriterionKind.TITLE, CriterionKind.SKILL)
    return tuple(dict.fromkeys(name for candidate in candidates for kind in kinds for name in _names(candidate, kind)))


def unknown(criterion: Criterion) -> bool:
    """Whether a criterion is a name that the vocabulary does not know. What must not be is never guessed at."""
    if criterion.need is Need.MUST_NOT or not 0 < len(criterion.value.split()) <= _MOST_WORDS:
        return False
    match criterion.kind:
        case CriterionKind.TITLE:
            return not titles.ids(criterion.value)
        case CriterionKind.SKILL:
            return skills.canonical(criterion.value) is None
        case CriterionKind.SECTOR:
            return not sectors.ids(criterion.value)
    return False


async def find(
    criteria: Sequence[Criterion],
    candidates: Sequence[Candidate],
    said: Found,
    vectors: NameVectors,
    embedder: Embedder,
) -> Found:
    """Partly, with the CV's own name quoted, where a criterion was not found in a CV and a name of it is near enough.

    `said`: what the rules found. Raises what the embedder raises.
    """
    enough = _enough(embedder)
    asked = [criterion for criterion in criteria if unknown(criterion)]
    still_open = [(c, criterion) for c in candidates for criterion in asked if not _answered(said, c, criterion)]
    names = sorted({name for candidate, criterion in still_open for name in _names(candidate, criterion.kind)})
    if enough is None or not names:
        return {}
    rows = await vectors.of([*(criterion.value for criterion in asked), *names], embedder)
    likeness = rows[: len(asked)] @ rows[len(asked) :].T
    near = {
        criterion.id: [names[n] for n in np.argsort(-row, kind="stable")[:_MOST_NAMES] if row[n] >= enough]
        for criterion, row in zip(asked, likeness, strict=True)
    }
    found: dict[str, dict[str, Verdict]] = {}
    for candidate, criterion in still_open:
        if verdict := _verdict(candidate, criterion, near[criterion.id]):
            found.setdefault(candidate.id, {})[criterion.id] = verdict
    return found


def _answered(said: Found, candidate: Candidate, criterion: Criterion) -> bool:
    verdict = said.get(candidate.id, {}).get(criterion.id)
    return verdict is not None and verdict.state is not VerdictState.NOT_FOUND


def _names(candidate: Candidate, kind: CriterionKind) -> tuple[str, ...]:
    profile = candidate.profile
    held: Iterable[str]
    if kind is CriterionKind.TITLE:
        held = (profile.headline, *(job.title for job in profile.experiences))
    else:  # what is asked as a skill may be what a CV counts as its sector
        held = (*profile.skills, *evidence.sectors_of(evidence.read(profile, candidate.pages)))
    return tuple(dict.fromkeys(name for name in held if 0 < len(name.split()) <= _MOST_WORDS))


def _verdict(candidate: Candidate, criterion: Criterion, near: Sequence[str]) -> Verdict | None:
    """Partly, where the CV meets the criterion under one of the near names, the nearest first."""
    cv = evidence.read(candidate.profile, candidate.pages)
    for name in near:
        finding = evidence.judge(criterion.model_copy(update={"value": name}), cv)
        quotation = prove(finding.quotation, candidate.pages) if finding.state is VerdictState.MET else None
        if quotation is not None and not suspicious(quotation, candidate.pages):
            return Verdict(
                candidate_id=candidate.id,
                criterion_id=criterion.id,
                state=VerdictState.PARTLY,
                quotation=quotation,
                by="rules",
            )
    return None
