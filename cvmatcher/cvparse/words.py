"""Words that tell a job title, an employer, a school or a degree, in French and English.

Owns the lexicons, as folded text (lower case, no accents), and the questions put to them. Pure.
"""

from __future__ import annotations

import re
from functools import lru_cache

from cvmatcher.cvparse.lists import phrases, words
from cvmatcher.folding import fold
from cvmatcher.vocabulary import titles

_TITLE_WORDS = words("title")
_WEAK_TITLE_WORDS = words("weak title")
_ORG_WORDS = words("organisation")
_SCHOOL = re.compile(
    r"\b(?:universit[a-z]*|univ\.?|ecoles?|school|college|lycee|institut[a-z]*|iut|insa|insee|"
    r"academy|academie|faculte|faculty|"
    r"polytech[a-z]*|hec|essec|escp|edhec|em ?lyon|epitech|epita|supinfo|supelec|centralesupelec|cfa|greta|afpa|cnam|"
    r"conservatoire|conservatory|ens|ensam|ensae|ensimag|enseeiht|isep|isae|ece|esiea|efrei|ifsi|ifas|irts|inseec|iae|"
    r"iep|sciences po|campus|openclassrooms|le wagon|mines|ponts|telecom|kedge|skema|audencia|neoma|"
    r"seminary|conservatoire|mit|caltech|ucla|eth|epfl|hochschule|universidad|universita|isara|ensa|"
    r"iscom|esdes|estp|mfr)\b"
)
_DEGREE = re.compile(
    r"\b(?:ph\.? ?d\.?|doctorat[a-z]*|doctorate|master(?:'?s)?|mastere|mba|m\.? ?sc|m\.?eng|mphil|"
    r"llm|llb|bachelor(?:'?s)?|"
    r"b\.? ?sc|b\.?eng|bba|b\.?com|bfa|associate(?:'?s)? (?:degree|of)|diplom[a-z]*|licence|deug|"
    r"deust|dut|bts|btsa|bep|"
    r"bac|baccalaureat|brevet|bpjeps|titre (?:pro|rncp)[a-z]*|certificat[a-z]*|certified|ingenieur|"
    r"degree|gcse|a-?levels?|"
    r"programme grande ecole|pge|ged|hnd|hnc|nvq|graduate[ds]?(?! school)|graduation|undergraduate|maitrise|dess|prepa|"
    r"classes? preparatoires?|cqp|deaes|dees|"
    r"deas|deap|dei|capes|agregation|cpge|m1|m2|l3|studies|semester|postgraduate|juris doctor|"
    r"apprenticeship|matura|abitur|"
    r"erasmus|bachelier|capa|dscg|dcg|habilitation|magistere|formation|training)(?![\w'])"
)
_DEGREE_LETTERS = re.compile(
    r"\b(?:D\.?U\.?|D\.?E\.?|DEA|BUT|CAP|BP|M\.?A\.?|M\.?S\.?|B\.?A\.?|B\.?S\.?|A\.?A\.?S?|J\.?D\.?|"
    r"DEC|MSN|BSN|PGCE|CFA Level)(?![\w'])"
)
_REMOTE = re.compile(
    r"(?:full |100 ?% )?(?:remote|teletravail|a distance|home ?office|work from home|hybrid[e]?)(?: .{0,12})?"
)
_STATE = re.compile(r"[A-Z]{2}|(?:\d{2,5}|2[AB])|[A-Z]{2} \d{5}|CEDEX(?: \d+)?")
_COUNTRIES = frozenset(phrases("words.txt", "country"))
_ABOUT_EMPLOYER = re.compile(
    r"\b\d[\d .,]*\s?(?:people|employees|staff|persons|personnes|salaries|collaborateurs|agents|fte|etp)\b"
    r"|\b(?:team|equipe|organisation|organization|company|entreprise|effectif|firm|group|groupe) (?:of|de|:) ?\d"
    r"|^(?:secteur|sector|industry|effectif) ?:"
)
_SENTENCE_START = re.compile(
    r"(?:managed|developed|designed|led|built|created|worked|responsible|provided|performed|assisted|supported|helped|"
    r"maintained|implemented|prepared|coordinated|organized|conducted|supervised|trained|achieved|increased|reduced|"
    r"i |we |my |the |j'ai|je |nous |gestion d|mise en |suivi d|developpement d|participation |"
    r"realisation |conception d|"
    r"accueil (?:de|du|des) |creation d|animation d|encadrement d|elaboration d|redaction d|"
    r"preparation d|organisation d|"
    r"formation des |analyse d|prise en charge|support aux? |invent|realize|supervised|including|"
    r"environnement technique|"
    r"(?:entreprise|societe|groupe|association|etablissement) (?:de|d'|du) |(?:a |an )?company of |"
    r"\d+ (?:personnes|salaries|"
    r"employees|people|staff)|sect(?:or|eur)\b|industry\b|effectif|technologies|stack|outils|tools|"
    r"missions?\b|key responsibilit|achievements|realisations)"
)


@lru_cache(maxsize=8192)
def title_score(text: str) -> float:
    """How much `text` looks like a job title: 0 not at all, 1 a title's word or name, more where it starts with one."""
    return max(title_words_score(text), 1.0 if _names_occupation(text) else 0.0)


def title_words_score(text: str) -> float:
    """As `title_score`, by single words only: surnames like Miller are occupations too."""
    found = re.findall(r"[a-z0-9.+#&-]+", fold(text).replace("·e", "").replace("(e)", ""))
    parts = [part for word in found for part in (word, *word.split("-"))] if "-" in text else found
    strong = sum(w in _TITLE_WORDS and w not in _WEAK_TITLE_WORDS for w in parts)
    weak = sum(w in _WEAK_TITLE_WORDS for w in parts)
    if not strong + weak:
        return 0.0
    return (1.0 if strong else 0.6) + (0.3 if parts[0] in _TITLE_WORDS else 0) + 0.1 * min(strong + weak, 3)


def _names_occupation(text: str) -> bool:
    """Whether an occupation the vocabulary knows makes up at least half of a short text."""
    length = len(text.split())
    if not 0 < length <= 10:
        return False
    return any(2 * len(text[m.start : m.end].split()) >= length for m in titles.find(text))


@lru_cache(maxsize=8192)
def org_score(text: str) -> float:
    """How much `text` looks like an organisation's name."""
    score = 0.8 * any(w in _ORG_WORDS for w in re.findall(r"[a-z0-9.&']+", fold(text)))
    return score + (0.2 if re.match(r"[A-Z0-9]{2,}\b", text) else 0.0)


def is_school(text: str) -> bool:
    return bool(_SCHOOL.search(fold(text)))


def is_degree(text: str) -> bool:
    return bool(_DEGREE.search(fold(text)) or _DEGREE_LETTERS.search(text))


def is_about_employer(text: str) -> bool:
    """Whether a short line says what an employer is, not its name: its sector, how many work there."""
    return len(text) < 90 and bool(_ABOUT_EMPLOYER.search(fold(text)))


def is_country(text: str) -> bool:
    return fold(text).strip(" .()") in _COUNTRIES


def is_remote(text: str) -> bool:
    return bool(_REMOTE.fullmatch(fold(text).strip(" .()")))


def is_region(text: str) -> bool:
    """A state's letters, a département's number, a country: what stands behind a town."""
    return bool(_STATE.fullmatch(text.strip(" ()"))) or is_country(text)


def starts_like_a_sentence(text: str) -> bool:
    """Starts as the description of work starts, not as a title or a name does."""
    return bool(_SENTENCE_START.match(fold(text))) or text[:1].islower()
