"""The words that invented CVs are made of, read from `words/*.toml`.

Owns the form of those files and nothing of how CVs are put together. An occupation has, for each language: titles by
seniority ("masculine|feminine"), skills ("a spelling|another = canonical name"; without "=" the first spelling is the
canonical name; it is kept in lower case), bullets ("{3-9}" is a number drawn from that range, "[X]" marks a skill by
one of its spellings), lead (bullets of those who manage) and degrees ("level:name", in years of study after school).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Language = Literal["fr", "en"]
Seniority = Literal["junior", "mid", "senior", "lead"]

LANGUAGES: tuple[Language, ...] = ("fr", "en")
SENIORITIES: tuple[Seniority, ...] = ("junior", "mid", "senior", "lead")


@dataclass(frozen=True, slots=True)
class Skill:
    """One skill: its canonical (English) name and how one language's CVs write it."""

    name: str
    spellings: tuple[str, ...]
    common_noun: bool  # "payroll" loses its capital inside a sentence, "Python" keeps it

    def inside_sentence(self, spelling: str) -> str:
        """The spelling as it stands within a sentence."""
        return spelling[0].lower() + spelling[1:] if self.common_noun and spelling[1:].islower() else spelling


@dataclass(frozen=True, slots=True)
class Degree:
    level: int  # years of study: 0, 2, 3, 5 or 8
    name: str


@dataclass(frozen=True, slots=True)
class Occupation:
    """One occupation in one language."""

    key: str
    language: Language
    sectors: tuple[str, ...]
    names_tools: bool  # people of this occupation write their tools under each job
    titles: dict[Seniority, tuple[tuple[str, str], ...]]  # (masculine, feminine)
    skills: tuple[Skill, ...]
    bullets: tuple[str, ...]
    lead: tuple[str, ...]
    degrees: tuple[Degree, ...]

    def skill(self, spelling: str) -> Skill:
        """The skill so spelt. Raises KeyError for a spelling that the occupation's list does not have."""
        for skill in self.skills:
            if spelling in skill.spellings:
                return skill
        raise KeyError(f"{self.key}.{self.language} lists no skill spelt {spelling!r}")


def _pair(text: str) -> tuple[str, str]:
    masculine, _, feminine = text.partition("|")
    return masculine, feminine or masculine


def _skill(text: str, nouns: frozenset[str]) -> Skill:
    spellings, _, name = text.partition(" = ")
    parts = tuple(spellings.split("|"))
    canonical = (name or parts[0]).casefold()
    return Skill(canonical, parts, canonical in nouns or (" " in parts[0] and parts[0][1:].islower()))


def _nouns(tables: dict[str, dict[str, Any]]) -> frozenset[str]:
    """The canonical names that some table writes without a capital."""
    entries = (text for kinds in tables.values() for table in kinds.values() for text in table["fr"]["skills"])
    names = (entry.partition(" = ")[2] for entry in entries)
    return frozenset(name for name in names if name[:1].islower())


def _degree(text: str) -> Degree:
    level, _, name = text.partition(":")
    return Degree(int(level), name)


def _occupation(key: str, language: Language, table: dict[str, Any], nouns: frozenset[str]) -> Occupation:
    words = table[language]
    return Occupation(
        key=key,
        language=language,
        sectors=tuple(table["sectors"]),
        names_tools=bool(table.get("tools", False)),
        titles={seniority: tuple(map(_pair, words["titles"][seniority])) for seniority in SENIORITIES},
        skills=tuple(_skill(text, nouns) for text in words["skills"]),
        bullets=tuple(words["bullets"]),
        lead=tuple(words["lead"]),
        degrees=tuple(map(_degree, words["degrees"])),
    )


def _tables() -> dict[str, dict[str, Any]]:
    folder = files("cvmatcher.demo") / "words"
    found = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name)
    return {entry.name.removesuffix(".toml"): tomllib.loads(entry.read_text("utf-8")) for entry in found}


@cache
def common() -> dict[str, Any]:
    """What all CVs share: names, places, phones, employers, schools, headings, levels of languages."""
    return _tables()["common"]


@cache
def occupations() -> dict[str, dict[Language, Occupation]]:
    """Every occupation by key and language."""
    tables = {name: table for name, table in _tables().items() if name != "common"}
    nouns = _nouns(tables)
    return {
        key: {language: _occupation(key, language, table, nouns) for language in LANGUAGES}
        for kinds in tables.values()
        for key, table in kinds.items()
    }
