"""Cities, regions and countries by their French and English names, and how far they lie apart.

Cities come from GeoNames (see data/README.md), countries' names from Unicode's CLDR by Babel.
"""

from __future__ import annotations

import gzip
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from babel import Locale

from cvmatcher.vocabulary.folding import Match, Token, names_in, read_lines, stems, tokens

_FAVOURED = ("FR", "BE", "CH", "LU", "CA", "GB", "US")
_SHORTENED_FROM = 15_000  # inhabitants of a town that people call by the first part of its name
_WELL_KNOWN = 600_000  # likelihood of a city whose misspelt name is recognised
EARTH_RADIUS_KM = 6371.0


@dataclass(frozen=True, slots=True)
class Place:
    """A city, a region or a country. `divisions`, `countries` and `radius_km` say what a region covers."""

    name: str
    kind: Literal["city", "region", "country"]
    country: str
    division: str = ""
    latitude: float = 0.0
    longitude: float = 0.0
    population: int = 0
    divisions: tuple[str, ...] = ()
    radius_km: float = 0.0
    countries: tuple[str, ...] = ()  # of a region of several
    small: bool = False  # a town that running text names too seldom to look for it there


def _other_names(heading: str) -> list[tuple[str, str]]:
    """(other name, listed name) of the cities or countries."""
    text = (files("cvmatcher.vocabulary") / "data" / "exonyms.txt").read_text(encoding="utf-8")
    rows = (line.partition("|") for section, line in read_lines(text) if section == heading)
    return [(other, listed.strip()) for listed, _, others in rows for other in names_in(others)]


@cache
def _cities() -> dict[tuple[str, ...], tuple[Place, ...]]:
    """Stems of the name -> the cities and towns of that name, the most likely first."""
    found: dict[tuple[str, ...], list[Place]] = {}
    for file in ("cities.tsv.gz", "towns.tsv.gz"):
        packed = (files("cvmatcher.vocabulary") / "data" / file).read_bytes()
        for line in gzip.decompress(packed).decode().splitlines():
            name, country, division, latitude, longitude, population = line.split("\t")
            place = Place(
                name,
                "city",
                country,
                division,
                float(latitude),
                float(longitude),
                int(population),
                small=file == "towns.tsv.gz",
            )
            found.setdefault(stems(name), []).append(place)
    for short, whole in _short_names(found).items():
        found.setdefault(short, found[whole])
    for exonym, name in _other_names("cities"):
        if stems(exonym) != stems(name):
            found[stems(exonym)] = [*found.get(stems(name), []), *found.get(stems(exonym), [])]
    return {key: tuple(sorted(places, key=_likelihood, reverse=True)) for key, places in found.items()}


def well_known() -> Iterator[str]:
    """Names of cities, regions and countries that people are likely to write, the likeliest cities first."""
    likely = sorted((named[0] for named in _cities().values()), key=_likelihood, reverse=True)
    yield from (place.name for place in likely if _likelihood(place) >= _WELL_KNOWN)
    yield from (place.name for place in _regions().values())
    for locale in ("fr", "en"):
        yield from map(str, Locale(locale).territories.values())


_SHORTENED = re.compile(r"([\w'’]{4,})-(?:sur|en|lès|les|sous|le|la|aux)-|(?!Sainte)([\w'’]{6,})-[A-ZÀ-Ý]")


def _short_names(cities: Mapping[tuple[str, ...], Sequence[Place]]) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Stems of the short name -> those of the whole one, of the biggest French town so called: "Ivry", "Levallois"."""
    found: dict[tuple[str, ...], tuple[tuple[str, ...], int]] = {}
    for key, named in cities.items():
        for place in named:
            short = (
                _SHORTENED.match(place.name) if place.country == "FR" and place.population >= _SHORTENED_FROM else None
            )
            name = stems(short[1] or short[2]) if short else ()
            if name and found.get(name, ((), 0))[1] < place.population:
                found[name] = key, place.population
    return {short: key for short, (key, _) in found.items()}


def _likelihood(place: Place) -> float:
    """A city of a French- or English-speaking country is meant more often than its size says."""
    factor = {"FR": 30.0, "BE": 10.0, "CH": 10.0, "LU": 10.0, "GB": 4.0, "CA": 3.0}.get(place.country, 1.0)
    return place.population * factor


@cache
def _regions() -> dict[tuple[str, ...], Place]:
    text = (files("cvmatcher.vocabulary") / "data" / "regions.txt").read_text(encoding="utf-8")
    found: dict[tuple[str, ...], Place] = {}
    for _, line in read_lines(text):
        names, country, cover = (part.strip() for part in line.split("|"))
        place = _region(names_in(names)[0], country, cover)
        for name in names_in(names):
            found[stems(name)] = place
    return found


def _region(name: str, country: str, cover: str) -> Place:
    if country == "=":
        return Place(name, "region", "", countries=tuple(cover.split()))
    if not cover.startswith("@"):
        return Place(name, "region", country, divisions=tuple(cover.split()))
    city_name, radius = cover[1:].rsplit(",", 1)
    city = next((c for c in _cities().get(stems(city_name), ()) if c.country == country), None)
    if city is None:
        raise LookupError(f"the region {name} names a city that is not listed: {city_name}")
    return Place(name, "region", country, city.division, city.latitude, city.longitude, radius_km=float(radius))


@cache
def _countries() -> dict[tuple[str, ...], Place]:
    found: dict[tuple[str, ...], Place] = {}
    english = Locale("en").territories
    for locale in ("en", "fr"):
        for code, name in Locale(locale).territories.items():
            if len(code) == 2 and code.isalpha() and code not in {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}:
                found[stems(str(name))] = Place(str(english[code]), "country", code)
    for name, code in _other_names("countries"):
        found[stems(name)] = Place(str(english[code]), "country", code)
    return found


def countries_named(name: str) -> bool:
    """Whether it is a country's name: "UK", "USA" are short but certain."""
    return stems(name) in _countries()


@cache
def _other_cities() -> frozenset[tuple[str, ...]]:
    return frozenset(stems(other) for other, _ in _other_names("cities"))


def regions_named(name: str) -> bool:
    """Whether it is a region's name: "PACA", "IDF" are letters, but certain."""
    return stems(name) in _regions()


def lettered(name: str) -> bool:
    """Whether letters such as "NYC" are a listed name of a city, region or country, and no chance."""
    return stems(name) in _other_cities() or regions_named(name) or countries_named(name)


def all_named(name: str) -> tuple[Place, ...]:
    """Every place of that name, the most likely first: big French cities, regions, countries, then cities."""
    key = stems(name)
    cities = _cities().get(key, ())
    regions = tuple(filter(None, (_regions().get(key), _countries().get(key))))
    big = tuple(city for city in cities if city.country in _FAVOURED and city.population >= 100_000)
    return (*big, *regions, *(city for city in cities if city not in big))


def get(name: str) -> Place | None:
    """The place most likely meant by a name as a whole; "Lyon, France" and "75011 Paris" work."""
    found = all_named(name)
    if found:
        return found[0]
    matches = find(name, capitals=False)
    return matches[0][0] if matches else None


def find(text: str, *, capitals: bool = True) -> list[tuple[Place, Match]]:
    """Places named in a text, in order; with `capitals`, only where each long word starts with one.

    A city followed by its country ("Lyon, France") comes as the city of that country, once.
    """
    words = tokens(text)
    found: list[tuple[Place, Match]] = []
    position = 0
    while position < len(words):
        width = next(
            (
                w
                for w in range(min(6, len(words) - position), 0, -1)
                if _named(words[position : position + w], text, capitals)
            ),
            0,
        )
        if width:
            start, end = words[position].start, words[position + width - 1].end
            place = all_named(text[start:end])[0]
            found.append((place, Match(place.name, start, end)))
        position += width or 1
    return _join(found, text)


def _named(words: list[Token], text: str, capitals: bool) -> bool:
    key = tuple(word.stem for word in words)
    if (
        len(key) == 1
        and len(words[0].text) < 4
        and not text[words[0].start : words[0].end].isupper()
        and key not in _countries()
    ):
        return False
    cities = _cities().get(key, ())
    if all(city.small for city in cities) and key not in _regions() and key not in _countries():
        return False
    first, last = text[words[0].start], text[words[-1].start]
    return not capitals or (first.isupper() and (last.isupper() or len(words) == 1))


def _join(found: list[tuple[Place, Match]], text: str) -> list[tuple[Place, Match]]:
    joined: list[tuple[Place, Match]] = []
    for place, match in found:
        if joined and place.kind != "city" and len(text[joined[-1][1].end : match.start].strip(" ,()-/")) == 0:
            city, before = joined[-1]
            same = [c for c in all_named(text[before.start : before.end]) if c.kind == "city" and covers(place, c)]
            if city.kind == "city" and same:
                joined[-1] = (same[0], Match(same[0].name, before.start, before.end))
                continue
        joined.append((place, match))
    return joined


def distance_km(one: Place, other: Place) -> float:
    """Great-circle distance of two places that have coordinates (haversine)."""
    lat1, lon1, lat2, lon2 = map(math.radians, (one.latitude, one.longitude, other.latitude, other.longitude))
    h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(h)))


def covers(area: Place, place: Place, within_km: float = 0.0) -> bool:
    """Whether `place` lies in `area` (a country or region), or at most `within_km` from it (a city)."""
    if area.kind == "country":
        return place.country == area.country
    if area.countries:
        return place.country in area.countries
    if area.kind == "region" and place.kind != "country":
        return _in_region(area, place, within_km)
    if place.kind == "country" or (place.kind == "region" and not place.radius_km):
        return False
    return distance_km(area, place) <= max(within_km, 1.0)


def _in_region(area: Place, place: Place, within_km: float) -> bool:
    if area.radius_km:
        return place.kind == "city" and distance_km(area, place) <= area.radius_km + within_km
    return place.country == area.country and (
        place.division in area.divisions or "*" in area.divisions or place.name == area.name
    )
