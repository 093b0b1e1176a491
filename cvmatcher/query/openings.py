"""The words by which a request opens: greetings, "je cherche", "could you please find me", "someone who is".

What stands right behind them is most often a trade. They ask for nothing themselves.
"""

from __future__ import annotations

import re
from functools import lru_cache

from cvmatcher.query.message import Message
from cvmatcher.vocabulary import skills, words

_GREETING = (
    r"(?:bonjour|bonsoir|salut|hello) (?:a tous(?: et (?:a )?toutes)?|a toutes et (?:a )?tous|l'equipe)"
    r"|(?:hello|hi|hey) (?:team|all|everyone|everybody|folks|guys)|(?:our|my|notre|mon) client|bonjour|bonsoir"
    r"|hello|hi there|hi|hey|dear \w+|salut|merci(?: (?:d'avance|beaucoup))?|please|svp|stp"
    r"|s'il (?:vous|te)"
    r" plait|thanks(?: a lot)?|thank you|en urgence|(?:dans (?:la|notre) base|dans (?:le|notre) vivier|in (?:the"
    r"|our) (?:database|pool|files))|y aurait[ -]il|avons perdu|(?:we |we've )lost(?: our)?|on file|la perle rare"
    r"|pour (?:un|mon|notre|l'un de (?:nos|mes)) clients?"
    r"|urgent\w*"
    r"|looking fro|fait (?:ses|leurs) etudes|cheers|cordialement|bonne journee"
)
_ASKING = (
    r"(?:je|nous|on(?!-)|j'ai|i|we|i'd|we'd|i'm|we're|we are|i am|i've|we've|pouvez[ -]vous|peux[ -]tu"
    r"|pourriez[ -]vous"
    r"|pourrais[ -]tu|auriez[ -]vous|aurais[ -]tu|avez[ -]vous|as[ -]tu|y a[ -]t[ -]il|est[ -]ce que (?:vous|tu"
    r"|l'on) avez?"
    r"|can you|could you|could i|could we|can i|can we|would you|do you have|do we have|have you got|have we got"
    r"|is there"
    r"|are there|who (?:here )?(?:is|are)|qui (?:est|sont)|it would be great to)"
)
_SEARCHING = (
    r"(?:(?:suis|sommes|est) (?:a la recherche|en recherche|en quete) (?:de |d'|du )|a la recherche (?:de |d'|du )"
    r"|recherchons|(?<!profil )recherche|recherche(?=\s*:)|cherch\w+|recherch(?!e\b)\w+"
    r"|besoin (?:de |d')|voudrais|voudrait|voudrions|veux|veut|voulons"
    r"|aimerais"
    r"|aimerions|souhaiterais|souhaiterions|souhaitons|recrut(?!ement)\w+|embauch\w+|(?:m'|nous |l')?envoyer"
    r"|trouve[rzs]?|trouvons|montre[rzs]?|montrons|donne\w*|propose\w*"
    r"|affiche\w*|liste\w*|sors|ressors|il (?:me|nous|m'en|nous en) (?:faut|faudrait)|il faut(?:drait)?|(?:me"
    r"|nous) faut(?:drait)?"
    r"|a (?:m'a |m' )?demande|m'a demande|nous a demande|demande|after|looking(?: to hire)? for|look for"
    r"|looking to hire"
    r"|looking|need(?:s|ed)?|want(?:s|ed)?|seek\w*|search\w* for|hire|hiring|recruit(?:s|ing)?|find(?:ing)?|show|see"
    r"|give"
    r"|send|get|list|pull up|like to (?:see|find|hire|meet)|would (?:like|love)|be (?:very )?(?:grateful"
    r"|thankful) for|love|on the (?:lookout|hunt) for"
    r"|in need of"
    r"|in search of|interested in|(?:have|got) (?:an? )?(?:opening|vacancy|role|position|need|opportunity)s? for)"
)
_BEHIND = (
    r"(?:[ -](?:moi|me|nous|us|a|recruter|trouver|embaucher|voir|to (?:find|hire|recruit|see|add)|for|all|tous les"
    r"|toutes les"
    r"|absolument|urgemment|actuellement|currently|please|svp|some more|more|some|recruitment of|here|of|who (?:has"
    r"|have)"
    r"(?: already)? (?:worked|been)(?: as)?|(?:who|that) (?:is|are)|qui (?:est|soit|sont)"
    r"|ayant (?:deja )?(?:travaille|exerce"
    r"|ete)(?: comme| en tant que)?|as|comme|en tant que|de|d'|du))*"
)
_PEOPLE = (
    r"(?:sb|qqn|candidat\w*|candidates?|profils?|profiles?|people|someone|somebody|anyone|anybody|quelqu'un"
    r"|personnes?|gens|cvs?"
    r"|resumes?|a person|une personne|un profil|talents?|applicants?)"
)
_PEOPLE_BEHIND = (
    r"(?:\s+(?:de |d'|du |des |of |for |pour |who (?:has|have) (?:already )?(?:worked|been)(?: as)?|who (?:is|are"
    r"|can)|that "
    r"(?:is|are)|with experience as|qui (?:est|soit|sont|a travaille comme|ont travaille comme|ont deja ete)"
    r"|ayant (?:deja )?(?:ete|(?:travaille|exerce) (?:comme|en tant que))|working as|type|like))*"
)
OPENING = re.compile(
    rf"\b(?:{_GREETING}|(?:{_ASKING}\s+)*(?:{_ASKING}\s+)?{_SEARCHING}{_BEHIND}|{_ASKING}"
    rf"|{_PEOPLE}{_PEOPLE_BEHIND}|(?:un |une |an? |the )?(?:postes? d[e']u?|role of|position of|role for|job of)"
    rf"|a travaille "
    rf"comme|ont travaille comme|worked as|experience (?:as|en tant que|comme)|en tant que|as an?|ayant ete"
    rf"|has been)\b"
)


# "Lieu : Lyon", "Role: buyer": names of fields, which ask for nothing themselves.
_LABEL = re.compile(
    r"(?:^|[\n.;,/|])\s*(?P<label>(?:poste|metier|role|position|job(?: title)?|title|titre|intitule"
    r"|lieu(?: de travail)?|ville|where|location"
    r"|based|place|localisation|experience|annees|logiciels?|outils?|tools?|stack|langues?|languages?"
    r"|must(?: (?:speak|have|know))?"
    r"|diplomes?|degree|formation|education|secteur|sector|industry|contrat|contract|profil|skills?|competences?"
    r"|besoin|need|who|what|objet|subject|de|from|re"
    r"|certifications?|dispo\w*|availability|salaire|salary|horaires?|hours|sauf|client)\s*:)"
)


_NAME = r"[A-ZÀ-Ý][\w'’-]+(?: [A-ZÀ-Ý][\w'’-]+)?"
# Who writes, who is written to, and whom the mail speaks of by a title: none of them is searched for.
_ADDRESS = re.compile(
    r"^\W*(?i:bonjour|bonsoir|salut|coucou|hello|hi|hey|dear|ch[eè]re?s?)\s+"
    rf"(?:(?i:monsieur|madame|m\.|mme|mr|mrs|ms)\s+)?(?:{_NAME}|coll[eè]gues|colleagues)(?=\s*[,!.\n])"
    r"|\b(?i:merci|merci d'avance|merci beaucoup|cordialement|bien à (?:toi|vous)|bises|bonne journée"
    rf"|(?:kind |best )?regards|thanks|many thanks|cheers|best wishes)[\s,.!–—-]+{_NAME}(?=\W*$)"
    rf"|\b(?:Mme|Mlle|M\.|Mr\.?|Mrs\.?|Ms\.?|Maître) {_NAME}"
)


def use_addresses(message: Message) -> None:
    for match in _ADDRESS.finditer(message.text):
        message.use(*match.span())


def use_labels(message: Message) -> None:
    """The names of fields are used up; a label of years keeps its word, which says of what they are."""
    for match in _LABEL.finditer(message.folded):
        message.use(match.start("label"), match.end("label"))


@lru_cache(maxsize=64)
def found(folded: str, text: str) -> tuple[tuple[int, int], ...]:
    """Where a request says that it asks, each run of such words as one: "Hi, could you please find me"."""
    longer = [(m.start, m.end) for m in skills.find(text)]
    merged: list[tuple[int, int]] = []
    for match in OPENING.finditer(folded):
        if any(a <= match.start() and match.end() < b for a, b in longer):
            continue  # "recherche clinique"
        if merged and not re.search(
            r"\w", re.sub(r"\b(?:me|us|moi|nous|a|des|some|any|the|les)\b", "", folded[merged[-1][1] : match.start()])
        ):
            merged[-1] = (merged[-1][0], match.end())
        else:
            merged.append(match.span())
    return tuple(merged)


_ONLY_ASKS = re.compile(rf"(?:(?:{_ASKING})\s*)+")
_GREETS = re.compile(rf"(?:(?:{_GREETING})[\s,]*)+")


def announces(message: Message, start: int, end: int) -> bool:
    """Whether what stands behind the opening may be a trade that no list knows: it is told what is searched for, or
    there is an article. "Je te transfère…" and "Bonjour Sophie" announce none.
    """
    opening = message.folded[start:end]
    behind = message.words_in(end, message.clause_end(end))[:1]
    if _GREETS.fullmatch(opening):
        return bool(behind) and not message.text[behind[0].start].isupper()
    return not _ONLY_ASKS.fullmatch(opening) or (bool(behind) and behind[0].text in words.of("articles"))


_ASKS = re.compile(r"(?:je|nous|on|i|we|i'm|we're|i'd|we'd)\b")


def use(message: Message) -> None:
    """What only says that something is asked is used up: "recherche" is no skill here."""
    for start, end in found(message.folded, message.text):
        if message.english and message.folded[start:end] == "on":
            continue  # "Stoke on Trent"
        if opens_clause(message, start) or _ASKS.match(message.folded, start):
            message.use(start, end)


def opens_clause(message: Message, start: int) -> bool:
    before = message.words_in(message.clause_start(start), start)
    return all(
        word.text in words.of("filler") or word.text in words.of("articles") or not message.free(word.start, word.end)
        for word in before
    )
