"""The language a CV is written in, by its commonest words: a few microseconds and no model to load."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from cvmatcher.folding import fold

_COMMON = {
    "fr": "le la les des du de et en un une pour dans sur avec au aux par est sont ce cette je mes qui que ou leur ans "
    "chez depuis lors ainsi entreprise gestion equipe suivi mise stage experience formation langues competences",
    "en": "the and of to in for with on at by from is are was as an my this that which or their years using work team "
    "management development experience education skills languages summary including new within",
    "de": "der die das und in mit von zu den fur auf im ein eine ist bei als zum zur sowie des nach uber",
    "es": "el la los las de y en un una para con por del al es que su mis experiencia desde gestion como",
    "it": "il lo la gli le di e in un una per con del della dei che da al nel presso sono come gestione",
    "pt": "o a os as de e em um uma para com por do da dos das que no na como gestao ao experiencia",
    "nl": "de het een en van in met voor op te aan bij door als is naar ervaring ook zijn werken",
}
_WORDS = {code: frozenset(words.split()) for code, words in _COMMON.items()}


def language_of(texts: Iterable[str]) -> str:
    """ISO 639-1 code, "" when nothing tells. French and English win ties: they are the languages this reads best."""
    counts: Counter[str] = Counter(word for text in texts for word in re.findall(r"[^\W\d_]+", fold(text)))
    scores = {code: sum(counts[word] for word in words) for code, words in _WORDS.items()}
    best = max(scores, key=lambda code: scores[code])
    return best if scores[best] >= 2 else ""
