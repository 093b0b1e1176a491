"""Invented names, addresses and numbers. Domains are those kept for examples; nobody can be reached by them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from random import Random

from cvmatcher.demo.words import Language, common


@dataclass(frozen=True, slots=True)
class Home:
    city: str
    country: str  # ISO 3166-1 alpha-2


@dataclass(frozen=True, slots=True)
class Contact:
    first: str
    last: str
    emails: tuple[str, ...]
    phones: tuple[str, ...]
    links: tuple[str, ...]
    location: str  # city, some with the country
    address: str  # the location, some with the street

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def file_name(self) -> str:
        return f"CV_{plain(self.first)}_{plain(self.last)}.pdf".replace(" ", "_")

    @property
    def lines(self) -> list[str]:
        return [self.address, *self.phones, *self.emails, *self.links]


def plain(text: str) -> str:
    """ASCII letters of a name, for addresses and file names."""
    text = text.replace("œ", "oe").replace("ø", "o").replace("Ø", "O")
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(letter for letter in folded if letter.isalnum() or letter in " -")


def draw_home(rng: Random, language: Language) -> Home:
    return Home(*rng.choice(list(common()["places"][language].items())))


def draw_contact(rng: Random, language: Language, home: Home, *, feminine: bool, often_linked: bool) -> Contact:
    """A name with what belongs to it; e-mail and phone are missing now and then, as they are."""
    words = common()
    names = words["names"][language]
    first = rng.choice(names["f" if feminine else "m"].split(", "))
    last = rng.choice(names["last"].split(", "))
    short = plain(first).lower().replace(" ", "-"), plain(last).lower().replace(" ", "-")
    mail = rng.choice(("{0}.{1}", "{0}{1}", "{0[0]}.{1}", "{0}_{1}", "{1}.{0}")).format(*short)
    domain = rng.choice(("example.com", "example.org", "example.net", "mail.example.com"))
    pattern = rng.choice(words["phones"][home.country])
    phone = "".join(str(rng.randint(0, 9)) if sign == "x" else sign for sign in pattern)
    link = rng.choice(("www.example.com/in/{}", "https://{}.example.net", "git.example.org/{}")).format("-".join(short))
    country = words["countries"][language][home.country]
    location = rng.choice((home.city, home.city, f"{home.city}, {country}", f"{home.city} ({country})"))
    street = f"{rng.randint(1, 148)} {rng.choice(words['streets'][language])}"
    return Contact(
        first=first,
        last=last,
        emails=() if rng.random() < 0.05 else (f"{mail}@{domain}",),
        phones=() if rng.random() < 0.08 else (phone,),
        links=(link,) if rng.random() < (0.75 if often_linked else 0.3) else (),
        location=location,
        address=f"{street}, {location}" if rng.random() < 0.3 else location,
    )
