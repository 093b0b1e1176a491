"""Names near in meaning, through a whole turn: partly, quoted from the CV, and only where no list knows the name."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pytest

from cvmatcher.domain import Criterion, CriterionKind, Judged, Need, Unavailable, Verdict, VerdictState
from cvmatcher.ports import Vectors
from cvmatcher.search import SearchRequest, run
from cvmatcher.warming import Warmer
from tests.fakes import HashEmbedder
from tests.pools import Pool, candidate


@dataclass
class Bilingual:
    """Knows two names as one thing; all else is a bag of words."""

    model_id: str = "fake/e5"
    dimension: int = 64
    asked: list[str] = field(default_factory=list)

    async def embed(self, texts: Sequence[str], role: Literal["query", "passage"]) -> Vectors:
        self.asked += texts
        said = [text.replace("falcon handling", "vol de faucons") for text in texts]
        return np.asarray(await HashEmbedder(self.dimension).embed(said, role), dtype=np.float32)


class Failing(Bilingual):
    async def embed(self, texts: Sequence[str], role: Literal["query", "passage"]) -> Vectors:
        raise Unavailable("no model here")


PEOPLE = (
    candidate(
        "Ana Roy", "Fauconnière. vol de faucons, soins.", headline="Fauconnière", skills=("vol de faucons", "soins")
    ),
    candidate("Bea Lis", "Gouvernante. linge, soins.", headline="Gouvernante", skills=("linge", "soins")),
)


async def verdicts_on(
    name: str, kind: CriterionKind, embedder: Bilingual, need: Need = Need.MUST
) -> dict[str, Verdict]:
    asked = Criterion(id="c1", kind=kind, need=need, value=name, label=name)
    parts = replace(await Pool(PEOPLE).parts(), embedder=embedder)
    events = [event async for event in run(SearchRequest(name, criteria=(asked,)), parts)]
    return {e.candidate_id: verdict for e in events if isinstance(e, Judged) for verdict in e.verdicts}


async def test_another_language_s_name_answers_partly_in_the_cv_s_own_words() -> None:
    said = await verdicts_on("falcon handling", CriterionKind.SKILL, Bilingual())
    ana, bea = PEOPLE
    assert said[ana.id].state is VerdictState.PARTLY
    quotation = said[ana.id].quotation
    assert quotation is not None
    assert "vol de faucons" in quotation.text
    assert said[bea.id].state is VerdictState.NOT_FOUND


@pytest.mark.parametrize("model", ["fake/other", "minilm"])
async def test_a_model_whose_distances_were_not_measured_names_nothing(model: str) -> None:
    said = await verdicts_on("falcon handling", CriterionKind.SKILL, Bilingual(model_id=model))
    assert all(verdict.state is VerdictState.NOT_FOUND for verdict in said.values())


async def test_nobody_is_refused_on_a_guess() -> None:
    said = await verdicts_on("falcon handling", CriterionKind.SKILL, Bilingual(), Need.MUST_NOT)
    assert all(verdict.state is VerdictState.NOT_FOUND for verdict in said.values())


async def test_known_skills_and_their_holders_cost_no_embedding_of_names() -> None:
    embedder = Bilingual()
    await verdicts_on("Excel", CriterionKind.SKILL, embedder)
    assert "vol de faucons" not in embedder.asked


async def test_names_made_ready_ahead_leave_a_search_nothing_but_the_name_to_embed() -> None:
    embedder = Bilingual()
    parts = replace(await Pool(PEOPLE).parts(), embedder=embedder)
    warmer = Warmer(lambda: parts)
    warmer.hear(None)
    await warmer.work()
    assert "vol de faucons" in embedder.asked
    embedder.asked.clear()
    asked = Criterion(id="c1", kind=CriterionKind.SKILL, value="falcon handling", label="falcon handling")
    events = [event async for event in run(SearchRequest("falcon handling", criteria=(asked,)), parts)]
    assert VerdictState.PARTLY in {v.state for e in events if isinstance(e, Judged) for v in e.verdicts}
    assert set(embedder.asked) == {"falcon handling"}


async def test_who_comes_is_made_ready_and_who_has_gone_hinders_nobody() -> None:
    embedder = Bilingual()
    parts = replace(await Pool(PEOPLE).parts(), embedder=embedder)
    warmer = Warmer(lambda: parts)
    warmer.hear(["id-gone", PEOPLE[1].id])
    await warmer.work()
    assert "linge" in embedder.asked
    assert "vol de faucons" not in embedder.asked


async def test_names_wait_for_an_embedder_that_fails_and_are_made_ready_by_the_next_try() -> None:
    embedder = Bilingual()
    failing = replace(await Pool(PEOPLE).parts(), embedder=Failing())
    now = failing
    warmer = Warmer(lambda: now)
    warmer.hear(None)
    with pytest.raises(Unavailable):
        await warmer.work()
    now = replace(failing, embedder=embedder)
    await warmer.work()
    assert {"vol de faucons", "linge"} <= set(embedder.asked)


async def test_a_model_whose_distances_were_not_measured_makes_nothing_ready() -> None:
    embedder = Bilingual(model_id="fake/other")
    parts = replace(await Pool(PEOPLE).parts(), embedder=embedder)
    warmer = Warmer(lambda: parts)
    warmer.hear(None)
    await warmer.work()
    assert embedder.asked == []
