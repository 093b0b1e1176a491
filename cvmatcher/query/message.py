"""A recruiter's message while it is being read: its words, its clauses, and which stretches are used up already.

Knows no kind of criterion; how much a stretch is wanted is found by `query.wishes`.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

from cvmatcher.folding import fold
from cvmatcher.vocabulary import titles, words
from cvmatcher.vocabulary.folding import Token, tokens

_ABBREVIATED = r"(?<!\bmin)(?<!\bmax)(?<!\bexp)(?<!\bst)(?<!\bste)(?<!\byrs)(?<!\benv)(?<!\bapprox)"
_BREAK = re.compile(rf"[;!?\n()•·|]|[,:](?!\d)|{_ABBREVIATED}\.(?=\s|$)|\s[-–—+/]\s|^\s*[-–—*]\s", re.MULTILINE)
# "pharmacien(ne)", "infirmier·ère", "adjoint.e.s": the one form stands for all.
_INCLUSIVE = re.compile(
    r"(?<=\w)(?:\((?:e|ne|le|se|euse|trice|rice|ère|ere|ière|es|s|x)\)|[·•.](?:e|ne|le|se|euse|trice|rice|ère"
    r"|ere|ière)(?:[·•.]s)?\b(?!\.\w)|(?<=[a-zà-ÿ])/(?:e|ne|le|euse|rice|trice|ère|ière|ienne|woman|women)\b)",
    re.IGNORECASE,
)
SUBJECT = re.compile(
    r"\b(?:je|j'|tu|t'|il|elle|on|nous|vous|ils|elles|c'est|ca|i|i'm|i've|i'd|you|he|she|we|we're|we've|they|it|it's"
    r"|that's|there's)\b|(?<=\w)-(?:je|tu|il|elle|on|nous|vous|ils|elles)\b"
)
SENTENCE_BREAK = re.compile(rf"[;!?\n]|{_ABBREVIATED}\.(?=\s|$)")


@dataclass(slots=True)
class Message:
    """The text, its folded twin of the same length, its words, and for each character whether it is used."""

    text: str
    folded: str
    words: list[Token]
    used: bytearray
    breaks: list[tuple[int, int]] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)
    _word_starts: list[int] = field(default_factory=list)
    english: bool = False

    @classmethod
    def of(cls, text: str) -> Message:
        text = _INCLUSIVE.sub("", text)
        message = cls(text, fold(text).replace("’", "'"), tokens(text), bytearray(len(text)))
        message.breaks = [match.span() for match in _BREAK.finditer(message.folded)]
        message._starts = [start for start, _ in message.breaks]
        message._word_starts = [word.start for word in message.words]
        message.english = not message._french()
        return message

    def _french(self) -> bool:
        """By its accents and small words; where it has neither language's, by the names of trades: "grutier Lens"."""
        said = {word.text for word in self.words}
        if any(ord(character) > 191 for character in self.text) or said & words.of("french"):
            return True
        return not said & words.of("english") and any(word.stem in titles.french_heads() for word in self.words)

    @property
    def telegraphic(self) -> bool:
        """A bare row of words, "dev java spring paris": its spaces are its commas."""
        small = words.of("articles") | words.of("prepositions")
        return len(self.words) > 2 and not self.breaks and not any(word.text in small for word in self.words)

    @property
    def is_prose(self) -> bool:
        """Whole sentences of somebody who talks, as in a mail: there what no list knows is most often talk."""
        sentences = sum(len(sentence.split()) > 3 for sentence in SENTENCE_BREAK.split(self.folded))
        return sentences > 1 and (len(SUBJECT.findall(self.folded)) > 1 or len(self.words) > 24)

    # ------------------------------------------------------------------------------------------------ using up

    def free(self, start: int, end: int) -> bool:
        return not any(self.used[start:end])

    def use(self, start: int, end: int) -> None:
        self.used[start:end] = b"\1" * (end - start)

    # ------------------------------------------------------------------------------------------------ clauses

    def clause_end(self, position: int) -> int:
        """Where the clause that holds `position` ends; a break at `position` ends it there."""
        index = bisect_left(self._starts, position)
        return self._starts[index] if index < len(self.breaks) else len(self.text)

    def clause_start(self, position: int) -> int:
        index = bisect_right(self._starts, position - 1) - 1
        while index >= 0 and self.breaks[index][1] > position:
            index -= 1
        return self.breaks[index][1] if index >= 0 else 0

    def clauses(self) -> list[tuple[int, int]]:
        starts = [0, *(end for _, end in self.breaks)]
        ends = [*self._starts, len(self.text)]
        return [(a, b) for a, b in zip(starts, ends, strict=True) if self.text[a:b].strip()]

    # ------------------------------------------------------------------------------------------------ words

    def words_in(self, start: int, end: int) -> list[Token]:
        """The words that begin in the stretch."""
        return self.words[bisect_left(self._word_starts, start) : bisect_left(self._word_starts, end)]
