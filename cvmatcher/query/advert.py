"""A pasted job description -> the few criteria that matter: its title, place, years, skills, languages, education.

Owns the headings of adverts and the words by which a sentence asks something of a person, or only praises the firm.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cvmatcher.domain import Criterion, CriterionKind, Need
from cvmatcher.folding import fold
from cvmatcher.query import layout
from cvmatcher.query.layout import TITLE_LABEL, Part, Stretch
from cvmatcher.query.phrases import understand as understand_request
from cvmatcher.vocabulary import sectors, skills, titles
from cvmatcher.vocabulary.folding import stems

MOST_SKILLS = 10  # of one need: who asks for more asks for nothing in particular
MOST_UNUSED = 5
LONG = 700  # letters of a text without headings that is still taken for an advert

_FIELD = re.compile(r"\s*(?P<label>[^:]{2,40}?)\s*:\s*(?P<value>.*)")
_PLACE_LABEL = re.compile(
    r"(?:lieu(?: de (?:travail|mission))?|localisation|location|ville|site|place of work|work(?:ing)? location"
    r"|based(?: in)?|base"
    r"|adresse|affectation|bureau|office)"
)
_ASKED_LABEL = re.compile(
    r"(?:formation|experience|logiciels?|langues?|languages?|diplome|niveau d'etudes|education|outils|tools|stack"
    r"|technologies"
    r"|competences|skills|environnement technique|tech stack|permis|certifications?|qualifications?)"
)
_ASKS = re.compile(
    r"\b(?:vous (?:avez|etes (?:titulaire|diplome|issu|dote|a l'aise|bilingue|experimente)\w*|maitrisez|justifiez"
    r"|possedez|parlez|disposez"
    r"|connaissez|savez|pratiquez|beneficiez)|de formation|titulaire|diplome\w*|votre (?:profil|experience|maitrise"
    r"|anglais)|experience|maitris\w+"
    r"|connaissances?|you(?:'ve| have|'re| are| bring| know| speak| hold| live in| must| should| possess| need)"
    r"|your (?:english|background|experience"
    r"|command)|required|must (?:have|be|hold|speak)|we (?:need|require|expect|ask for)|idealement|serait (?:un plus"
    r"|apprecie\w*)|(?:is|are) a (?:plus|bonus)"
    r"|would be (?:great|a plus|nice)|ideally|indispensable\w*|exige\w*|souhaite\w*|apprecie\w*|un plus|qualified"
    r"|fluent|proficien\w+|bilingu\w+|courant"
    r"|degree|bac ?\+|bts|dut|master|licence|minimum|au moins|at least|preferred|desirable|nice to have|prior|proven"
    r"|solide?s?)\b"
)
_PRAISES = re.compile(
    r"\b(?:nous (?:vous )?(?:offrons|proposons|comptons|sommes|avons leve|croyons)|remuneration|salaire|salary"
    r"|avantages?|tickets?[ -]restaurant"
    r"|mutuelle|rtt|interessement|prime|13(?:e|eme) mois|sur 13 mois|benefits?|pension|insurance|equity|days off"
    r"|annual leave|holidays?|pto|401|perks"
    r"|equal opportunit\w+|divers\w+|discriminat\w*|handicap\w*|disab\w+|without regard|veteran\w*|founded|fondee?s?"
    r"|cree+s? en|leader|notre client"
    r"|our (?:clients?|offices?|mission|values|team)|nos (?:clients|equipes|bureaux|valeurs)|raised|leve \d"
    r"|collaborateurs|employees|salaries|colleagues"
    r"|apply|postul\w+|(?:adresser|envoyer|envoyez) (?:nous )?votre (?:cv|candidature)|send (?:us )?your|drop us"
    r"|interview|we(?:'re| are)(?! looking| seeking"
    r"| hiring| searching)|we(?:'ve| have)|rejoign\w+|rejoindre|join (?:us|a)|right to work|background check|€|\$|£"
    r"|\d k€)"
)
_HIRES = re.compile(
    r"\b(?:recherch\w+|recrut\w+|looking for|looking to hire|seeking|hiring|we need|embauch\w+|is searching for"
    r"|poste de|(?:join|rejoindre)\b.*\bas)\b"
)
_BASED = re.compile(
    r"\b(?:poste (?:est )?(?:base|situe|a pourvoir)e? (?:a|en|sur|dans)|(?:base|situe)e? a|(?:role|position|job"
    r"|you(?:'ll| will)? be) (?:is )?based"
    r" (?:in|at|out of)|join (?:us|our team) in|to join (?:us|our \w+(?: team)?) in|from our \w+ office"
    r"|a pourvoir (?:a|sur))\b"
)
_NOISE = re.compile(
    r"\(?\b(?:h/f/?x?|f/h/?x?|h-f|f-h|m/f(?:/[xd])?|f/m(?:/[xd])?|m/w/d|w/m/d|all genders"
    r"|he/she/they)\b\)?|\(\s*\)",
    re.IGNORECASE,
)
_OF_A_PAST = re.compile(r"experien|secteur|sector|industr|background|issue?s? d|venant d")
_TAKEN = frozenset(
    [CriterionKind.SKILL, CriterionKind.YEARS, CriterionKind.LANGUAGE, CriterionKind.EDUCATION, CriterionKind.SECTOR]
)
# What every advert asks for and no CV shows.
_VIRTUES = frozenset(
    [
        "Communication", "Teamwork", "Problem solving", "Time management", "Organizational skills", "Autonomy",
        "Adaptability",
        "Critical thinking", "Decision making", "Creativity", "Multitasking", "Stress management", "Customer focus",
        "Leadership", "Empathy", "Public speaking", "Research", "Planning", "Training", "Security", "Acting",
    ]
)  # fmt: skip


def is_advert(text: str) -> bool:
    """Whether it is laid out or as long as a job description, and no request typed into a box."""
    lines = [line for line in text.splitlines() if line.strip()]
    parts = {part for part, _ in filter(None, map(layout.headed, lines))}
    if parts & {Part.PROFILE, Part.DUTIES, Part.WISHES} and len(lines) >= 3:
        return True
    return len(text) > LONG and len(list(layout.sentences(lines))) >= 5


def understand(text: str) -> tuple[tuple[Criterion, ...], tuple[str, ...]]:
    """Criteria in the order title, place, then as they stand; and what of the profile asked for no rule could use."""
    stretches = layout.stretches(text)
    head = [line for stretch in stretches if stretch.part is Part.HEAD for line in stretch.lines]
    titled = _title_and_place(head, [line for stretch in stretches for line in stretch.lines])
    asked: list[Criterion] = []
    unused: list[str] = []
    for need, sentence in _asking(stretches):
        found = [_needed(criterion, need) for criterion in _of_a_person(sentence)]
        asked += found
        if not found and sentence in text and need is Need.MUST:
            unused.append(sentence)
    return _numbered([*titled, *_few(asked)]), tuple(unused[:MOST_UNUSED])


# ------------------------------------------------------------------------------------------------------- what it says


def _title_and_place(head: list[str], everything: list[str]) -> list[Criterion]:
    fields = {label: value for label, value in map(_labelled, head) if label}
    first = [_NOISE.sub(" ", value) for label, value in fields.items() if TITLE_LABEL.fullmatch(label)]
    short = [
        _NOISE.sub(" ", s) for s in layout.sentences(head) if len(s) < 120 and not _labelled(s)[0] and not _praises(s)
    ]
    sentences = list(layout.sentences(everything))
    hiring = [sentence for sentence in sentences if _HIRES.search(layout.plain(sentence))]
    based = [sentence[found.start() :] for sentence in sentences if (found := _BASED.search(fold(sentence)))]
    where = [value for label, value in fields.items() if _PLACE_LABEL.fullmatch(label)]
    named = [text for text in (*first, *short, *hiring) if titles.find(text)]
    title = _first(CriterionKind.TITLE, [*named, *first, *short[:1]])
    place = _first(CriterionKind.PLACE, [*where, *first, *short[:3], *based, *hiring])
    return [criterion for criterion in (title, place) if criterion is not None]


def _praises(sentence: str) -> bool:
    plain = layout.plain(sentence)
    return _PRAISES.search(plain) is not None and not _HIRES.search(plain)


def essence(text: str, most: int) -> tuple[str, bool]:
    """A long advert within `most` bytes of UTF-8, what it asks of a person first; whether all of that fitted."""
    order = (Part.HEAD, Part.PROFILE, Part.WISHES, Part.DUTIES)
    kept = sorted((s for s in layout.stretches(text) if s.part in order), key=lambda s: order.index(s.part))
    lines = [line for stretch in kept for line in (stretch.heading, *stretch.lines) if line]
    whole = len(lines)
    while len("\n".join(lines).encode()) > most:
        lines.pop()
    return "\n".join(lines), len(lines) == whole


def _labelled(line: str) -> tuple[str, str]:
    match = _FIELD.fullmatch(line.replace("**", ""))
    return (layout.plain(match["label"]), match["value"]) if match else ("", line)


def _first(kind: CriterionKind, texts: Iterable[str]) -> Criterion | None:
    for text in texts:
        for criterion in understand_request(text.replace(" - ", ", ").replace(" – ", ", ").strip(" #*"))[0]:
            if criterion.kind is kind and criterion.need is not Need.MUST_NOT and criterion.value:
                return criterion
    return None


def _asking(stretches: list[Stretch]) -> Iterator[tuple[Need, str]]:
    """Each sentence that asks something of a person, and how much its part of the advert wants it."""
    profiled = any(stretch.part in {Part.PROFILE, Part.WISHES} for stretch in stretches)
    for stretch in stretches:
        for sentence in layout.sentences(stretch.lines):
            plain = layout.plain(sentence)
            if stretch.part in {Part.PROFILE, Part.WISHES}:
                if not _PRAISES.search(plain) or _ASKS.search(plain):
                    yield Need.NICE if stretch.part is Part.WISHES else Need.MUST, sentence
            elif stretch.part is Part.HEAD or not profiled:
                label, _ = _labelled(sentence)
                asks = _ASKED_LABEL.match(label) if label else _ASKS.search(plain)
                if asks and not _PRAISES.search(plain) and stretch.part not in {Part.FIRM, Part.OFFER}:
                    yield Need.MUST, sentence


def _of_a_person(sentence: str) -> Iterator[Criterion]:
    label, value = _labelled(sentence)
    listed = label != "experience" and _ASKED_LABEL.fullmatch(label) is not None
    for criterion in understand_request(value if listed else sentence)[0]:
        if criterion.kind not in _TAKEN or criterion.need is Need.MUST_NOT:
            continue
        if criterion.kind is CriterionKind.SKILL and not _a_skill(criterion.value):
            continue
        if criterion.kind is CriterionKind.SECTOR and not (
            sectors.ids(criterion.value) and _OF_A_PAST.search(fold(sentence))
        ):
            continue
        yield criterion


def _a_skill(value: str) -> bool:
    """Whether a list knows it, or it is written as the name of a product or certificate."""
    known = skills.canonical(value)
    if known is not None:
        return skills.kin(value) not in _VIRTUES
    return any(char.isupper() or char.isdigit() for char in value[1:]) and len(value.split()) <= 3


def _needed(criterion: Criterion, need: Need) -> Criterion:
    return (
        criterion
        if need is Need.MUST or criterion.need is not Need.MUST
        else criterion.model_copy(update={"need": need})
    )


def _few(criteria: list[Criterion]) -> list[Criterion]:
    """Each once, its must before its wish; years overall once; no more skills than count."""
    kept: dict[tuple[object, ...], Criterion] = {}
    for criterion in sorted(criteria, key=lambda one: one.need is not Need.MUST):
        known = skills.canonical(criterion.value) if criterion.kind is CriterionKind.SKILL else None
        kept.setdefault((criterion.kind, known or stems(criterion.value)), criterion)
    counted: dict[Need, int] = {}
    few = []
    for criterion in kept.values():
        if criterion.kind is CriterionKind.SKILL:
            counted[criterion.need] = counted.get(criterion.need, 0) + 1
        if criterion.kind is not CriterionKind.SKILL or counted[criterion.need] <= MOST_SKILLS:
            few.append(criterion)
    return few


def _numbered(criteria: list[Criterion]) -> tuple[Criterion, ...]:
    return tuple(one.model_copy(update={"id": f"c{number}"}) for number, one in enumerate(criteria, start=1))
