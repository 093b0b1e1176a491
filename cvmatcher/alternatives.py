"""Criteria of which one is enough: "Java or Kotlin", two towns. Owns which of a turn's criteria belong together."""

from __future__ import annotations

from collections.abc import Sequence

from cvmatcher.domain import Criterion, CriterionKind, Need

# Nobody lives in two towns: several of one of these kinds mean "one of them" even where no "or" was said.
ONE_OF_A_KIND = frozenset([CriterionKind.TITLE, CriterionKind.PLACE, CriterionKind.EMPLOYER, CriterionKind.SECTOR])

Group = tuple[Criterion, ...]


def groups(criteria: Sequence[Criterion]) -> tuple[Group, ...]:
    """Every criterion once, alternatives together, in the order of each group's first. A refusal stands alone."""
    made: list[tuple[set[tuple[str, ...]], list[Criterion]]] = []
    for criterion in criteria:
        tags = _tags(criterion)
        joined = [one for one in made if one[0] & tags]
        if not joined:
            made.append((tags, [criterion]))
            continue
        first, *others = joined
        first[0].update(tags, *(other[0] for other in others))
        first[1].extend([*(c for other in others for c in other[1]), criterion])
        made = [one for one in made if one not in others]
    return tuple(tuple(members) for _, members in made)


def _tags(criterion: Criterion) -> set[tuple[str, ...]]:
    """What ties a criterion to others that bear the same; its id, which no other has."""
    tags: set[tuple[str, ...]] = {("id", criterion.id)}
    if criterion.need is not Need.MUST_NOT:
        if criterion.either:
            tags.add(("either", criterion.need, criterion.either))
        if criterion.kind in ONE_OF_A_KIND:
            tags.add(("kind", criterion.need, criterion.kind))
    return tags
