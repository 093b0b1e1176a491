"""What every Interpreter promises: criteria with ids in the recruiter's words, nothing that was not asked for.

Over the rules and over Gemini.
"""

from __future__ import annotations

import pytest
from pytest import FixtureRequest  # noqa: PT013 - a type, not an API

from cvmatcher.adapters.gemini import Gemini, GeminiInterpreter
from cvmatcher.adapters.rules_interpreter import RulesInterpreter
from cvmatcher.domain import BadAnswer, CriterionKind, EarlierTurn, Need, Unavailable
from cvmatcher.ports import Interpreter
from tests.servers import gemini as wire
from tests.servers.gemini import GeminiServer

MESSAGE = "développeur Python à Lyon qui parle allemand"
HONEST = {
    "criteria": [
        {"kind": "title", "need": "must", "value": "développeur", "label": "développeur"},
        {"kind": "skill", "need": "must", "value": "Python", "label": "Python"},
        {"kind": "place", "need": "must", "value": "Lyon", "label": "Lyon"},
        {"kind": "language", "need": "must", "value": "de", "label": "parle allemand"},
    ],
    "not_understood": [],
}


@pytest.fixture
def by_gemini(gemini: Gemini, gemini_server: GeminiServer) -> GeminiInterpreter:
    gemini_server.always(wire.answer(HONEST))
    return GeminiInterpreter(gemini)


@pytest.fixture(params=["rules", "gemini"])
def interpreter(request: FixtureRequest) -> Interpreter:
    if request.param == "rules":
        return RulesInterpreter()
    made: Interpreter = request.getfixturevalue("by_gemini")
    return made


async def test_understands_the_readme_s_example(interpreter: Interpreter) -> None:
    understanding = await interpreter.interpret(MESSAGE, ())
    kinds = {criterion.kind: criterion for criterion in understanding.criteria}
    assert kinds[CriterionKind.LANGUAGE].value == "de"
    assert kinds[CriterionKind.PLACE].value.casefold() == "lyon"
    assert any("python" in criterion.value.casefold() for criterion in understanding.criteria)
    assert all(criterion.need is Need.MUST for criterion in understanding.criteria)
    assert all(criterion.label for criterion in understanding.criteria)
    assert len({criterion.id for criterion in understanding.criteria}) == len(understanding.criteria)
    assert understanding.by


async def test_what_is_not_understood_stands_in_the_message(interpreter: Interpreter) -> None:
    understanding = await interpreter.interpret(MESSAGE, ())
    assert all(stretch in MESSAGE for stretch in understanding.not_understood)


# ------------------------------------------------------------------------------------------------------- Gemini alone


async def test_gemini_is_told_what_the_conversation_asked(
    by_gemini: GeminiInterpreter, gemini_server: GeminiServer
) -> None:
    earlier = EarlierTurn(message="comptable à Nantes", criteria=(await by_gemini.interpret(MESSAGE, ())).criteria)
    await by_gemini.interpret("plutôt à Lille", [earlier])
    prompt = wire.prompt_of(gemini_server.requests[-1])
    assert "comptable à Nantes" in prompt
    assert '"value": "Lyon"' in prompt
    assert "plutôt à Lille" in prompt


async def test_unusable_criteria_are_said_not_kept(by_gemini: GeminiInterpreter, gemini_server: GeminiServer) -> None:
    unusable = [
        {"kind": "language", "value": "German", "label": "allemand"},
        {"kind": "years", "value": "", "label": "Lyon"},
        {"kind": "skill", "value": " ", "label": "Python"},
        {"kind": "skill", "value": "Rust", "label": "Rust"},
    ]
    said = {"criteria": unusable, "not_understood": ["qui parle", "words the message does not have"]}
    gemini_server.always(wire.answer(said))
    understanding = await by_gemini.interpret(MESSAGE, ())
    assert [criterion.value for criterion in understanding.criteria] == ["Rust"]
    assert understanding.not_understood == ("qui parle", "allemand", "Lyon", "Python")


async def test_a_message_s_contacts_do_not_reach_gemini(
    by_gemini: GeminiInterpreter, gemini_server: GeminiServer
) -> None:
    earlier = EarlierTurn(message="et ana@example.org ?", criteria=())
    await by_gemini.interpret("le profil de zoe@example.org, 06 12 34 56 78", [earlier])
    prompt = wire.prompt_of(gemini_server.requests[-1])
    assert "example.org" not in prompt
    assert "06 12 34" not in prompt


async def test_failures_have_their_names(by_gemini: GeminiInterpreter, gemini_server: GeminiServer) -> None:
    for reply, expected in ((wire.status(503), Unavailable), (wire.blocked(), BadAnswer), (wire.empty(), BadAnswer)):
        gemini_server.always(reply)
        with pytest.raises(expected):
            await by_gemini.interpret(MESSAGE, ())
