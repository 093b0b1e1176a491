"""What every WordIndex promises, over tantivy and the fake; and the analysis that only tantivy has."""

import threading
from datetime import UTC, datetime

import pytest

from cvmatcher.adapters.word_index import FIELDS, TantivyIndex
from cvmatcher.domain import Candidate, Education, Experience, Profile, SpokenLanguage
from cvmatcher.ports import WordIndex, WordQuery
from tests.fakes import FakeWordIndex


def cv(key: str, text: str = "", content: str = "v1", **profile: object) -> Candidate:
    return Candidate(
        id=key,
        content_hash=content,
        file_key=f"folder:{key}",
        file_name=f"{key}.pdf",
        profile=Profile.model_validate(profile),
        pages=(text,),
        ingested_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def ask(*terms: str, field: str = "", among: tuple[str, ...] = ()) -> WordQuery:
    return WordQuery(tuple((term, 1.0) for term in terms), field, frozenset(among))


def found(index: WordIndex, *terms: str, field: str = "", among: tuple[str, ...] = ()) -> list[str]:
    return [hit.candidate_id for hit in index.search(ask(*terms, field=field, among=among), 10)]


@pytest.fixture(params=[TantivyIndex, FakeWordIndex])
def index(request: pytest.FixtureRequest) -> WordIndex:
    made: WordIndex = request.param()
    return made


@pytest.fixture
def words() -> TantivyIndex:
    return TantivyIndex()


def test_any_term_may_match_and_more_terms_are_better(index: WordIndex) -> None:
    index.apply([cv("a", "Java and Kafka"), cv("b", "Java only"), cv("c", "cooking")], [])
    assert found(index, "java", "kafka") == ["a", "b"]
    assert found(index, "nothing of that") == []
    assert found(index) == []


def test_a_whole_value_is_not_words_inside_one(index: WordIndex) -> None:
    index.apply([cv("a", "load testing", skills=["load testing", "Java"]), cv("b", "testing", skills=["testing"])], [])

    def whole(term: str) -> list[str]:
        return [hit.candidate_id for hit in index.search(WordQuery(((term, 1.0),), "skills", whole=True), 10)]

    assert whole("testing") == ["b"]
    assert whole("Load testing") == ["a"]
    assert whole("testing Java") == []


def test_boost_decides(index: WordIndex) -> None:
    index.apply([cv("a", "java"), cv("b", "kafka")], [])
    assert index.search(WordQuery((("java", 1.0), ("kafka", 5.0))), 2)[0].candidate_id == "b"


def test_k_bounds_the_answer(index: WordIndex) -> None:
    index.apply([cv(name, "java") for name in "abcd"], [])
    assert len(index.search(ask("java"), 3)) == 3


def test_counts_all_that_a_search_finds(index: WordIndex) -> None:
    index.apply([cv(f"c{number}", "comptable Nantes") for number in range(12)], [])
    assert index.count(ask("comptable")) == 12
    assert index.count(ask("comptable", among=("c1", "c2"))) == 2
    assert index.count(ask("plombier")) == 0


def test_fields_are_apart(index: WordIndex) -> None:
    job = Experience(title="Accountant", employer="Ferrand", place="Nantes")
    school = Education(degree="Master", school="INSA")
    index.apply(
        [
            cv("a", "x", experiences=[job], education=[school], skills=["Sage"], location="Lyon", sectors=["audit"]),
            cv("b", "Ferrand Nantes INSA Sage Lyon audit accountant", name="Master Ferrand"),
        ],
        [],
    )
    for field, term in [
        ("title", "accountant"),
        ("employers", "ferrand"),
        ("places", "nantes"),
        ("places", "lyon"),
        ("education", "insa"),
        ("skills", "sage"),
        ("sectors", "audit"),
    ]:
        assert found(index, term, field=field) == ["a"], field
    assert found(index, "ferrand", field="name") == ["b"]


def test_a_phrase_is_a_phrase(index: WordIndex) -> None:
    index.apply([cv("a", "project manager in Paris"), cv("b", "manager of a small project")], [])
    assert found(index, "project manager") == ["a"]


def test_restricted_to_some(index: WordIndex) -> None:
    index.apply([cv("a", "java"), cv("b", "java"), cv("c", "php")], [])
    assert found(index, "java", among=("b", "c", "unknown")) == ["b"]


def test_replaced_and_removed(index: WordIndex) -> None:
    index.apply([cv("a", "java"), cv("b", "java")], [])
    index.apply([cv("a", "php", "v2")], ["b", "never there"])
    assert found(index, "java") == []
    assert [(hit.candidate_id, hit.content_hash, hit.passage) for hit in index.search(ask("php"), 5)] == [
        ("a", "v2", 0)
    ]
    assert index.stats().candidates == {"a": "v2"}


def test_removed_and_put_back_in_one_call_is_there(index: WordIndex) -> None:
    index.apply([cv("a", "java")], [])
    index.apply([cv("a", "php", "v2")], ["a"])
    assert index.stats().candidates == {"a": "v2"}


def test_readers_see_a_change_whole(index: WordIndex) -> None:
    seen, done = set[tuple[str, ...]](), threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(tuple(found(index, "java")))

    index.apply([cv("a", "java", "0")], [])
    reader = threading.Thread(target=read)
    reader.start()
    for number in range(50):
        index.apply([cv("a", "java", str(number))], [])
    done.set()
    reader.join()
    assert seen <= {("a",)}


# ----------------------------------------------------------------------------------------------------- analysis


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("Développeuse expérimentée", "developpeuse"),
        ("comptables confirmés", "comptable"),
        ("infirmières", "infirmière"),
        ("managed several accountants", "accountant"),
        ("managing a team", "managed"),
        ("maîtrise d’œuvre", "maitrise d'oeuvre"),
        ("de\u0301veloppeur", "développeur"),
        ("Node.js et CI/CD", "node.js"),
        ("Node.js et CI/CD", "ci/cd"),
        ("C/C++ and C#", "c++"),
        ("C/C++ and C#", "C#"),
        ("C/C++ and C#", "c"),
        ("ASP.NET Core", ".net"),
        ("statistics in R, Python", "R"),
        ("responsable R&D", "r&d"),
        ("Java 17", "java 17"),
    ],
)
def test_a_word_is_found_under_its_forms(words: TantivyIndex, text: str, term: str) -> None:
    words.apply([cv("a", text), cv("b", "something else")], [])
    assert found(words, term) == ["a"]


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("C++", "c"),
        ("C", "c++"),
        ("c'est un plus", "c"),
        ("responsable R&D", "r"),
        ("salaire net", ".net"),
        ("JavaScript", "java"),
        ("project delivery manager", "project manager"),
    ],
)
def test_what_only_looks_alike_is_not_found(words: TantivyIndex, text: str, term: str) -> None:
    words.apply([cv("a", text)], [])
    assert found(words, term) == []


def test_a_name_is_found_by_the_name_only(words: TantivyIndex) -> None:
    text = "Rose  Boulanger\nrose.boulanger@example.org\nAccountant"
    words.apply([cv("a", text, name="Rose Boulanger", emails=["rose.boulanger@example.org"]), cv("b", "boulanger")], [])
    assert found(words, "boulanger") == ["b"]
    assert found(words, "rose boulanger", field="name") == ["a"]


def test_a_name_inside_another_word_is_content(words: TantivyIndex) -> None:
    words.apply([cv("a", "Ada\nBaker in Adaville", name="Ada"), cv("b", "Ada")], [])
    assert found(words, "adaville") == ["a"]
    assert found(words, "ada") == ["b"]


def test_languages_are_found_by_code_and_word(words: TantivyIndex) -> None:
    words.apply([cv("a", languages=[SpokenLanguage(code="de", text="allemand courant")])], [])
    assert found(words, "de", field="languages") == found(words, "Allemand", field="languages") == ["a"]


def test_an_unknown_field_is_an_error(words: TantivyIndex) -> None:
    with pytest.raises(ValueError, match="salary"):
        words.search(ask("x", field="salary"), 3)


@pytest.mark.parametrize("term", ["", "  ", "+++", '"', "a AND (b", "field:x", "\ud800", "x" * 70_000, "\x00"])
def test_no_term_can_break_a_query(words: TantivyIndex, term: str) -> None:
    words.apply([cv("a", "java")], [])
    for field in FIELDS:
        assert found(words, term, field=field) == []
