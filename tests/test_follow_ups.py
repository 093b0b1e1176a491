"""Follow-ups narrow, widen, replace and take back; in French and in English alike."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from cvmatcher.domain import Criterion
from cvmatcher.query.conversation import follow_up
from cvmatcher.query.phrases import understand

FIRST = understand("développeur Java à Lyon parlant allemand, 5 ans d'expérience")[0]
ASKED = {"title:développeur Java", "skill:Java", "place:Lyon", "language:de", "years:5"}


def shown(criteria: Sequence[Criterion]) -> set[str]:
    """Each criterion in short: "~" a wish, "!" refused, then its kind, value, years and limits."""
    return {_short(criterion) for criterion in criteria}


def _short(one: Criterion) -> str:
    sign = {"must": "", "nice": "~", "must_not": "!"}[one.need]
    limits = [f"{one.minimum:g}" if one.minimum else "", f"+{one.within_km}km" if one.within_km else ""]
    return f"{sign}{one.kind}:{one.value}{''.join(limits)}{'+remote' if one.or_remote else ''}"


@pytest.mark.parametrize(
    ("messages", "gone", "come"),
    [
        (("plutôt à Lille", "rather in Lille", "Lille instead of Lyon"), "place:Lyon", "place:Lille"),
        (("remplace Lyon par Lille", "replace Lyon with Lille", "only in Lille"), "place:Lyon", "place:Lille"),
        (("Lille au lieu de Lyon", "uniquement à Lille"), "place:Lyon", "place:Lille"),
        (("oublie l'allemand", "drop the German", "no German", "plus besoin d'allemand"), "language:de", ""),
        (("peu importe la ville", "any location", "Lyon doesn't matter"), "place:Lyon", ""),
        (("German is just a plus", "l'allemand serait un plus"), "language:de", "~language:de"),
        (("German is not required", "l'allemand n'est plus obligatoire"), "language:de", "~language:de"),
        (("élargis à 80 km", "widen to 80 km"), "place:Lyon", "place:Lyon+80km"),
        (("remote is fine too", "télétravail possible aussi"), "place:Lyon", "place:Lyon+remote"),
        (("at least 8 years of experience", "au moins 8 ans d'expérience"), "years:5", "years:8"),
        (("also in Grenoble", "ou à Grenoble", "élargis à Grenoble"), "", "place:Grenoble"),
        (("et qui connaît Docker", "with Docker", "who also knows Docker"), "", "skill:Docker"),
        (("sans freelances", "pas de freelances"), "", "!text:freelances"),
        (("not from consulting",), "", "!sector:consulting"),
        (("jamais chez Accenture", "never worked at Accenture"), "", "!employer:Accenture"),
        (("only those who moved to management",), "", "text:moved to management"),
        (("seulement ceux qui ont encadré une équipe",), "", "text:encadré une équipe"),
        (("2 years of Kubernetes",), "", "years:Kubernetes2"),
    ],
)
def test_a_follow_up_changes_what_it_names(messages: tuple[str, ...], gone: str, come: str) -> None:
    expected = (ASKED - {gone}) | ({come} if come else set())
    assert {message: shown(follow_up(message, FIRST)[0]) for message in messages} == dict.fromkeys(messages, expected)


@pytest.mark.parametrize("message", ["drop the German and make it Lille", "oublie l'allemand et plutôt à Lille"])
def test_two_commands_in_one_message(message: str) -> None:
    assert shown(follow_up(message, FIRST)[0]) == (ASKED - {"language:de", "place:Lyon"}) | {"place:Lille"}


@pytest.mark.parametrize("message", ["make German mandatory", "l'allemand est obligatoire"])
def test_a_wish_becomes_a_must(message: str) -> None:
    wished = follow_up("German is a plus", FIRST)[0]
    assert shown(follow_up(message, wished)[0]) == ASKED


@pytest.mark.parametrize("message", ["nouvelle recherche : comptable à Nice", "new search: comptable à Nice"])
def test_a_new_search_leaves_the_old_one(message: str) -> None:
    assert shown(follow_up(message, FIRST)[0]) == {"title:comptable", "place:Nice"}


@pytest.mark.parametrize("message", ["comptable à Nice", "I need an accountant in Nice"])
def test_an_occupation_of_another_family_opens_another_search(message: str) -> None:
    assert shown(follow_up(message, FIRST)[0]) == shown(understand(message)[0])


@pytest.mark.parametrize("message", ["plutôt un comptable", "who has been an accountant", "ou comptable", "notaire"])
def test_another_trade_within_the_same_search_keeps_the_rest(message: str) -> None:
    assert {"place:Lyon", "language:de"} <= shown(follow_up(message, FIRST)[0])


@pytest.mark.parametrize("message", ["drop the Spanish", "oublie l'espagnol", "not like him", "pas comme lui", "hm"])
def test_what_names_nothing_changes_nothing_and_is_said(message: str) -> None:
    criteria, unused = follow_up(message, FIRST)
    assert shown(criteria) == ASKED
    assert unused


def test_ids_are_numbered_anew() -> None:
    after = follow_up("plutôt à Nantes", FIRST)[0]
    assert [c.id for c in after] == [f"c{n}" for n in range(1, len(after) + 1)]
