"""Characters as a person reads them: repaired and normalised, once, here; quotations are later searched in this text.

Owns what counts as the same character. Pure: strings in, strings out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from ftfy import TextFixerConfig, fix_text

_REPAIR = TextFixerConfig(
    unescape_html=False,  # "&amp;" in a CV is what stands there
    uncurl_quotes=False,  # quotation marks stay as typed
    fix_character_width=True,
    remove_terminal_escapes=True,
    normalization="NFC",
)

# What a broken extractor leaves of "－", "•", "◦", "●", "”" and a no-break space: a byte lost, the sense known.
_HALF_LOST = [
    (re.compile(r"ï¼(?=\s|$)"), "-"),
    (re.compile(r"â€¢|â—¦|â—(?=\s|$)"), "•"),
    (re.compile(r"â€(?=[\s.,;:)]|$)"), "”"),
    (re.compile(r"Â(?=[\s.,;:)]|$)"), " "),
]

_SYMBOL_BULLETS = dict.fromkeys(map(ord, "\uf0b7\uf0a7\uf0d8\uf0fc\uf076\uf0a8\uf06e\uf06c\uf071\uf09f\uf02d"), "•")
_BULLETS = dict.fromkeys(map(ord, "●▪■◦‣∙⁃◆◇❖➢➤►▸▶⦁·○□▫✓✔❑❒"), "•")
_SPACES = dict.fromkeys(
    [0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000, 0x0B, 0x0C, 0x85, 0x2028, 0x2029], " "
)
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011"), "-")
# First parts of compounds that keep their hyphen when it happens to stand at a line's end.
_FIRST_OF_COMPOUND = re.compile(
    "full|back|front|end|self|multi|non|co|e|semi|half|cross|part|long|short|high|low|well|open|real|time|user|data|cloud"
    "|on|off|in|up|pre|post|inter|sous|demi|mi|contre|vice|auto|anti|peut|celui|celle|ceux|savoir|chef|mot|porte|rendez"
    "|compte|avant|après|grand|petit|haut|bas|plus|micro|là|ci|elle|lui|nous|vous"
)
_LINE_END = re.compile(r"(\w+)(-|\u00ad)(?=\t|$)")  # a tab: dates stand at the right
_LINE_START = re.compile(r"^(\w+)(\S*)[ \t]?")


def clean_lines(lines: Sequence[str]) -> str:
    """One page's lines -> its text. "" lines are gaps; runs of them become one, none at either end."""
    kept: list[str] = []
    for line in _joined([_tidied(line) for line in lines]):
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept).strip("\n")


def clean_line(line: str) -> str:
    """NFC, mojibake repaired, one kind of space and bullet, nothing invisible; keeps tabs."""
    return _tidied(line).replace("\u00ad", "")


def _tidied(line: str) -> str:
    """The clean line, soft hyphens still in it."""
    text = line.translate(_SYMBOL_BULLETS)
    text = "".join(char for char in text if char >= " " or char == "\t") if text.isascii() else _repaired(text)
    text = re.sub(r" *\t[\t ]*", "\t", text)
    text = re.sub(r" {2,}", " ", _spaced_out(text)).strip()
    return re.sub(r"^(?:•\s*){2,}", "• ", text)


def _repaired(line: str) -> str:
    text = "".join(char for char in line if char == "\u00ad" or unicodedata.category(char) != "Cf")
    text = fix_text(text, _REPAIR)
    for broken, whole in _HALF_LOST:
        text = broken.sub(whole, text)
    text = text.translate(_SPACES | _BULLETS | _DASHES)
    return "".join(char for char in text if char == "\u00ad" or not _is_nothing(char))


def _is_nothing(char: str) -> bool:
    """Whether a person sees nothing there: control and format characters, private use, unassigned, U+FFFD."""
    return char == "\ufffd" or (char != "\t" and unicodedata.category(char) in {"Cc", "Cf", "Co", "Cn", "Cs"})


def _spaced_out(text: str) -> str:
    """Makes "S K I L L S" "SKILLS"; only capitals, four or more, so that a list of letters stays."""
    return re.sub(r"(?<!\w)(?:[A-ZÀ-Ý] ){3,}[A-ZÀ-Ý](?!\w)", lambda found: found[0].replace(" ", ""), text)


def _joined(lines: list[str]) -> list[str]:
    """Words divided at a line's end made whole, on the line where they began."""
    words = set(re.findall(r"\w+(?:-\w+)*", "\n".join(lines).lower()))
    result: list[str] = []
    for line in lines:
        end, start = _LINE_END.search(result[-1]) if result else None, _LINE_START.search(line)
        if end is None or start is None or not (end[1][-1].islower() and start[1][0].islower()):
            result.append(line)
            continue
        hyphen = "-" if end[2] == "-" and _keeps_hyphen(end[1].lower(), start[1].lower(), words) else ""
        whole = end[1] + hyphen + start[1] + start[2]
        result[-1] = result[-1][: end.start()] + whole + result[-1][end.end() :]
        rest = line[start.end() :].strip()
        if rest:
            result.append(rest)
    return [line.replace("\u00ad", "") for line in result]


def _keeps_hyphen(first: str, second: str, words: set[str]) -> bool:
    if f"{first}-{second}" in words:
        return True
    return f"{first}{second}" not in words and (
        _FIRST_OF_COMPOUND.fullmatch(first) is not None or len(first) < 2 or len(second) < 3
    )
