"""Both languages are whole; the budgets of search-ui.md hold."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from cvmatcher import domain
from cvmatcher.domain import Criterion, CriterionKind, Hit, Quotation, Verdict, VerdictState
from cvmatcher.store.turns import Turn
from cvmatcher.web import sentences
from cvmatcher.web.catalogs import negotiated, translations
from cvmatcher.web.places import folder
from cvmatcher.web.render import Renderer, Viewer
from cvmatcher.web.turnview import Card, TurnView

KEYWORDS = {"_": None, "mark": None, "ngettext": (1, 2)}


@pytest.fixture(scope="module")
def said() -> Catalog:
    """Every sentence of the templates and the code."""
    found = Catalog()
    places = (
        (folder("templates"), "**.html", "jinja2.ext:babel_extract"),
        (folder("x").parent / "cvmatcher/web", "**.py", "python"),
    )
    for root, pattern, method in places:
        options = {pattern: {"trimmed": "true", "silent": "false"}}
        for _, _, text, _, context in extract_from_dir(root, [(pattern, method)], options, KEYWORDS):
            found.add(text, context=context)
    return found


def test_every_sentence_has_its_french(said: Catalog) -> None:
    with (folder("locales") / "fr" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        french = read_po(file, locale="fr")
    missing = [one.id for one in said if one.id and not _translated(french.get(_key(one)))]
    assert missing == []
    assert [one.id for one in french if one.id and said.get(_key(one)) is None] == []


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _translated(message: Message | None) -> bool:
    return message is not None and all(_texts(message.string))


def _texts(value: str | Iterable[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def test_translations_keep_their_places() -> None:
    with (folder("locales") / "fr" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        french = read_po(file, locale="fr")
    for message in french:
        if message.id:
            wanted = set(re.findall(r"%\(\w+\)s", _texts(message.id)[-1]))
            for text in _texts(message.string):
                assert set(re.findall(r"%\(\w+\)s", text)) <= wanted, text
                assert set(re.findall(r"%\(\w+\)s", text)) >= wanted - {"%(num)s"}, text


@pytest.mark.parametrize(
    ("table", "codes"),
    [
        (sentences.QUARANTINE, domain.QuarantineReason),
        (sentences.FILE_STATES, domain.FileState),
        (sentences.VERDICTS, domain.VerdictState),
        (sentences.KINDS, domain.CriterionKind),
        (sentences.LEVELS, domain.LanguageLevel),
        (sentences.ENDS, domain.EndState),
        (sentences.ERRORS, {kind.code for kind in domain.AppError.__subclasses__()} - {"stale_cursor"}),
    ],
)
def test_every_code_has_a_sentence(table: dict[str, str], codes: Iterable[str]) -> None:
    assert [code for code in codes if str(code) not in table] == []


def test_french_is_french() -> None:
    assert translations("fr").gettext("Shortlist") == "Sélection"
    assert translations("fr").ngettext("%(num)s candidate", "%(num)s candidates", 0) == "%(num)s profil"
    assert translations("en").gettext("Shortlist") == "Shortlist"
    said = translations("fr").gettext("Saved as “%(name)s”")
    assert said == "Enregistrée sous «\N{NO-BREAK SPACE}%(name)s\N{NO-BREAK SPACE}»"  # no line begins with a sign


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("fr-CA,fr;q=0.8,en;q=0.5", "fr"),
        ("de,en;q=0.5,fr;q=0.4", "en"),
        ("", "en"),
        ("en;q=0.1,fr;q=x", "en"),
        ("*", "en"),
    ],
)
def test_the_browser_s_language(header: str, language: str) -> None:
    assert negotiated(header) == language


def test_size_budgets() -> None:
    static = folder("static")
    assert len(gzip.compress((static / "app.css").read_bytes())) <= 12 * 1024
    own = list(static.glob("*.js"))
    assert sum(len(one.read_bytes()) for one in own) <= 6 * 1024
    scripts = [*own, *(static / "vendor").glob("*.js")]
    assert sum(len(gzip.compress(one.read_bytes())) for one in scripts) <= 25 * 1024


ASKED = (
    (CriterionKind.TITLE, "comptable général"),
    (CriterionKind.SKILL, "SAP FI/CO"),
    (CriterionKind.YEARS, "au moins 5 ans d'expérience"),
    (CriterionKind.LANGUAGE, "anglais courant"),
    (CriterionKind.PLACE, "Lyon"),
)
QUOTED = Quotation(
    text="Comptable général, tenue des comptes sous SAP FI/CO pour quatre filiales en France",
    before="Depuis mars 2016 Rénov'Ouest, Lyon, un groupe de douze sociétés.",
    after="et en Belgique, clôtures mensuelles et annuelles, liasses fiscales, relations avec les commissaires " * 2,
)


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("count", [2, 5])
def test_a_card_is_small(count: int, language: str) -> None:
    """With ids as they are, a long name, and a quotation for each criterion."""
    asked = [
        Criterion(id=f"c{number}", kind=kind, value=label, label=label)
        for number, (kind, label) in enumerate(ASKED[:count], start=1)
    ]
    states = [VerdictState.PARTLY, VerdictState.MET] * 3
    marks = tuple(
        (one, Verdict(candidate_id="a" * 24, criterion_id=one.id, state=state, quotation=QUOTED))
        for one, state in zip(asked, states, strict=False)
    )
    hit = Hit(
        candidate_id="a" * 24,
        name="Gwenaëlle Maréchal-Dupont",
        title="Comptable générale confirmée",
        place="Villeurbanne, Rhône",
        years=12.4,
        cv_date="2025-11",
        file_name="CV_Gwenaelle_Marechal.pdf",
        passage="x" * 300,
        language="fr",
    )
    turn = Turn(id="f" * 32, conversation="c" * 32, owner="o" * 32, message="m", created=datetime.now(UTC), number=1)
    card = Card(rank=12, hit=hit, marks=marks, judged=True)
    shown: dict[str, Any] = {
        "fresh": set(),
        "liked": set(),
        "compared": set(),
        "listed": {"a" * 24: ("Comptables SAP",)},
    }
    html = Renderer().text(Viewer(language=language), "search/_card.html", card=card, view=TurnView(turn), **shown)
    assert html.count("<li class=") == count + 1
    assert "<mark>" in html
    assert len(html.encode()) <= 3 * 1024


def test_no_template_has_script_style_or_handler_inside() -> None:
    for template in folder("templates").rglob("*.html"):
        text = template.read_text()
        assert not re.search(r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=|hx-on|js:|javascript:", text), (
            template
        )
        assert not (template.name.startswith("_") and "{% extends" in text), template
