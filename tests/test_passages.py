"""Where CVs are cut."""

from hypothesis import given
from hypothesis import strategies as st

from cvmatcher.domain import CVText, Experience, Profile
from cvmatcher.passages import HEADLINES, MOST_LETTERS, MOST_WORDS, split

CV = """Zoé Martin
Développeuse Java
PROFIL
{summary}
EXPÉRIENCES PROFESSIONNELLES
Développeuse Java, Dassault Systèmes, Vélizy, 2019 - aujourd'hui
{first}
Analyste programmeuse, Sopra, Lyon, 2014 - 2019
{second}
FORMATION
Master informatique, INSA Lyon, 2014
COMPÉTENCES
Java, Spring, C++, anglais C1"""
LONG = CV.format(
    summary="Conçoit des services web fiables. " * 10,
    first="Réécriture du moteur de facturation en Java. " * 20,
    second="Maintenance de l'application de paie. " * 20,
)
JOBS = Profile(
    headline="Développeuse Java",
    experiences=(Experience(title="Développeuse Java"), Experience(title="Analyste programmeuse")),
    skills=("Java", "Spring", "C++"),
)


def words(text: str) -> list[str]:
    return text.split()


def test_every_word_is_in_a_passage_once_and_in_order() -> None:
    passages = split(CVText(pages=(LONG, "Page deux")), Profile())[HEADLINES:]
    assert [word for passage in passages for word in words(passage.text)] == words(LONG + " Page deux")


def test_no_passage_is_longer_than_the_model_reads() -> None:
    for passage in split(CVText(pages=(LONG,)), JOBS):
        assert len(words(passage.text)) <= MOST_WORDS
        assert len(passage.text) <= MOST_LETTERS


def test_headlines_say_the_present_title_then_all_titles_and_skills() -> None:
    headlines = split(CVText(pages=(LONG,)), JOBS)[:HEADLINES]
    assert [passage.kind for passage in headlines] == ["headline", "headline"]
    assert headlines[0].text == "Développeuse Java"
    assert headlines[1].text == "Développeuse Java, Analyste programmeuse, Java, Spring, C++"


def test_the_job_that_goes_on_is_the_present_one() -> None:
    jobs = (Experience(title="Cashier"), Experience(title="Baker", current=True))
    assert split(CVText(pages=("x",)), Profile(experiences=jobs))[0].text == "Baker"


def test_a_silent_profile_leaves_the_first_words() -> None:
    first, second, *_ = split(CVText(pages=(LONG,)), Profile())
    assert first.text.startswith("Zoé Martin Développeuse Java PROFIL")
    assert len(words(first.text)) == 20
    assert len(words(second.text)) == 90


def test_sections_and_jobs_start_passages() -> None:
    body = split(CVText(pages=(LONG,)), JOBS)[HEADLINES:]
    starts = [passage.text.split("\n")[0] for passage in body]
    assert "EXPÉRIENCES PROFESSIONNELLES" in starts
    assert any(start.startswith("Analyste programmeuse") for start in starts)
    assert [passage.kind for passage in body][:2] == ["summary", "experience"]


def test_pages_are_numbered() -> None:
    body = split(CVText(pages=("EXPERIENCE\n" + "word " * 150, "EDUCATION\n" + "school " * 100)), Profile())[HEADLINES:]
    assert [(passage.page, passage.kind) for passage in body] == [(0, "experience"), (1, "education")]


def test_nothing_gives_nothing() -> None:
    assert split(CVText(pages=("", " \n ")), JOBS) == ()


@given(st.lists(st.text(max_size=400), max_size=4), st.integers(1, 400))
def test_any_text_is_kept_and_fits(pages: list[str], times: int) -> None:
    text = CVText(pages=tuple(page * times for page in pages))
    passages = split(text, Profile())
    assert "".join("".join(words(p.text)) for p in passages[HEADLINES:]) == "".join(words(text.text))
    assert all(len(words(p.text)) <= MOST_WORDS and len(p.text) <= MOST_LETTERS for p in passages)
