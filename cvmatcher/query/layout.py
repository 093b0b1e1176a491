"""How an advert is laid out: its headings, the parts that they open, and its sentences, which PDFs wrap.

Owns the headings of job descriptions in French and English.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum, auto

from cvmatcher.folding import fold


class Part(Enum):
    """What a stretch of an advert speaks of."""

    HEAD = auto()  # before the first heading: title, place, contract
    FIRM = auto()
    DUTIES = auto()
    PROFILE = auto()
    WISHES = auto()
    OFFER = auto()


_HEADINGS = {
    Part.WISHES: (
        r"(?:ce (?:serait|qui serait)|seraient?|les) (?:un |des )?(?:vrais? )?(?:plus|bonus|atouts?)|(?:un )?plus"
        r"|atouts?|bonus(?: points)?"
        r"|nice[ -]to[ -]haves?(?: skills)?|preferred(?: (?:qualifications|skills|experience|requirements))?"
        r"|desirable(?: (?:criteria|skills|experience|requirements|qualifications))?|desired(?: skills)?"
        r"|souhaite(?:e?s)?|apprecie(?:e?s)?"
        r"|competences (?:souhaitees|appreciees)|it(?:'s| is| would be) (?:a )?(?:plus|bonus)(?: if)?|pluses"
        r"|would be (?:nice|a plus)"
    ),
    Part.PROFILE: (
        r"(?:le |votre |ton |mon )?profil(?: (?:recherche|souhaite|ideal|attendu|requis|du candidat))?|your profile"
        r"|(?:the )?ideal candidate"
        r"|(?:minimum |basic |key |job |candidate |position |essential )?(?:requirements|qualifications|criteria)"
        r"|essential(?: skills)?"
        r"|what (?:you(?:'ll)? (?:bring|need|have)|we(?:'re| are) looking for|we (?:look for|need|expect)"
        r"|makes us excited about you|it takes)"
        r"|who (?:you are|we(?:'re| are) looking for)|about you|you(?:'ll)? (?:have|need|bring|are)|must[ -]haves?"
        r"|skills(?: and experience)?"
        r"|(?:required |key |technical )?skills|(?:your )?(?:skills|experience)(?: (?:and|&) (?:skills|experience"
        r"|qualifications))?"
        r"|experience and skills|person specification|competences?(?: (?:requises|techniques|cles|attendues))?"
        r"|pre[ -]?requis|qualites requises"
        r"|(?:ce que nous|qui|que) recherchons(?:[ -]nous)?|ce que (?:nous|l'on) attend\w*(?: de vous)?"
        r"|vos (?:competences|atouts|qualites)"
        r"|votre parcours|qui (?:etes[ -]vous|es[ -]tu)|exigences|diplomes?(?: requis)?|savoir[ -]faire|vous (?:etes"
        r"|avez)|a propos de vous"
        r"|education(?: and experience)?|formation et experience|connaissances"
    ),
    Part.DUTIES: (
        r"(?:vos |les |tes |principales |vos principales )?(?:missions?|responsabilites|taches"
        r"|activites)(?: principales)?|(?:le |votre |ton )?"
        r"(?:poste|role)|(?:descriptif|description)(?: du poste)?|what you(?:'ll| will)(?: be)? do(?:ing)?|(?:the "
        r"|your |about the )?(?:role|job"
        r"|position|opportunity|team|mission)|(?:key |main |your |job )?(?:responsibilities|duties|accountabilities"
        r"|tasks)|job (?:description"
        r"|summary)|contexte(?: du poste)?|a typical day|day[ -]to[ -]day|in this role,? you will|ce que vous ferez"
        r"|au quotidien|overview|summary"
    ),
    Part.FIRM: (
        r"(?:qui (?:sommes|est)[ -](?:nous|on)|l'entreprise|notre (?:entreprise|client|societe|histoire|mission"
        r"|equipe)|la societe|le groupe"
        r"|a propos(?: de (?:nous|l'entreprise|[\w'-]+))?|presentation(?: de (?:l'entreprise|la societe))?|who we are"
        r"|about (?:us|the (?:company"
        r"|firm|council|team|organi[sz]ation|business|school|client)|[\w'-]+)|our (?:company|story|mission|values"
        r"|team|client)|company"
        r"(?: description| overview)?|the company|nos valeurs|decouvrez \w+|pourquoi \w+)"
    ),
    Part.OFFER: (
        r"(?:ce que )?nous (?:(?:vous )?offrons|(?:vous )?proposons)|(?:nos |les |vos )?avantages(?: sociaux)?"
        r"|ce que vous (?:trouverez|gagnez)"
        r"|(?:pourquoi )?nous rejoindre|pourquoi (?:nous )?rejoindre\b.*|remuneration(?: et avantages)?"
        r"|conditions(?: (?:de travail|proposees))?"
        r"|what(?:'s| is) in it for you|what we(?:'ll| can)? offer|(?:the |our |employee |our )?benefits(?: (?:and"
        r"|&) perks)?|perks"
        r"(?: (?:and|&) benefits)?|why (?:join(?: us)?|us|work (?:with|for) us|you(?:'ll| will) love.*)"
        r"|compensation(?: (?:and|&) benefits)?"
        r"|(?:the )?package|salary(?: (?:and|&) benefits)?|we offer|(?:le |notre )?process(?:us)?(?: de recrutement)?"
        r"|recrutement|recruitment process"
        r"|(?:the )?(?:interview|hiring|application|selection) process|how to apply|(?:pour |comment )postuler"
        r"|candidature|to apply|equal"
        r" (?:opportunit(?:y|ies)|employment)(?: employer| statement)?|eeo(?: statement)?"
        r"|diversity(?:,? (?:equity)?(?:,? )?(?:and|&) inclusion)?"
        r"|diversite(?: et inclusion)?|handicap|informations? (?:complementaires?|pratiques?)|additional information"
        r"|disclaimer|next steps"
    ),
}
_HEADING = {part: re.compile(rf"(?:{words})") for part, words in _HEADINGS.items()}
TITLE_LABEL = re.compile(
    r"(?:intitule(?: du poste)?|(?:job )?title|titre(?: du poste)?|poste(?: a pourvoir)?"
    r"|position|role|metier|job)"
)
_BULLET = re.compile(r"^\s*(?:[-–—*•·▪◦‣>»✓✔]|\d{1,2}[.)])\s+")


@dataclass(slots=True)
class Stretch:
    part: Part
    heading: str = ""
    lines: list[str] = field(default_factory=list)


def plain(line: str) -> str:
    """A line folded, without the marks of bullets and headings around it."""
    return fold(line).replace("’", "'").strip(" \t#*_=-–—•:·|>!?.")


def headed(line: str) -> tuple[Part, str] | None:
    """The part that a heading opens, and what stands behind its colon."""
    label, colon, rest = line.partition(":")
    title = plain(label)
    opens = line.lstrip()[:1]
    if not title or opens.islower() or len(title.split()) > 7 or (not colon and re.search(r"[.;,]\s*$", line)):
        return None
    for part, pattern in _HEADING.items():
        if pattern.fullmatch(title):
            return part, rest.strip(" *_")
    return None


def stretches(text: str) -> list[Stretch]:
    """The parts of an advert in order; what stands before the first heading is its head."""
    found = [Stretch(Part.HEAD)]
    for line in text.splitlines():
        heading = headed(line) if line.strip() else None
        if heading and not (
            found[-1].part is Part.HEAD and TITLE_LABEL.fullmatch(plain(line.partition(":")[0])) and heading[1]
        ):
            if heading[1] and heading[0] is Part.PROFILE and found[-1].part in {Part.PROFILE, Part.WISHES}:
                found[-1].lines.append(line)  # "Skills: …" among the lines of a profile
                continue
            inline = [heading[1]] if heading[1] else []
            found.append(Stretch(heading[0], line.partition(":")[0].strip(), inline))
        elif line.strip():
            found[-1].lines.append(line)
    return found


def sentences(lines: Iterable[str]) -> Iterator[str]:
    """Lines that wrap are joined again, then cut into sentences."""
    joined: list[str] = []
    for line in lines:
        bare = _BULLET.sub("", line).strip(" \t*_|")
        wraps = joined and bare[:1].islower() and not _BULLET.match(line) and not joined[-1].endswith((".", ";", ":"))
        if wraps:
            joined[-1] = f"{joined[-1]} {bare}"
        elif bare:
            joined.append(bare)
    for line in joined:
        yield from (part.strip() for part in re.split(r"(?<=[^\s.][.!?;])\s+(?=\S)", line) if part.strip())
