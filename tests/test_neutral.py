"""A woman's words and a man's come out the same, so that nobody can tell; what is said of things stays."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmatcher import neutral

Pair = tuple[str, str]


def _pairs(written: str) -> list[Pair]:
    return [(woman, man) for woman, _, man in (pair.partition("/") for pair in written.split())]


# written out by hand, apart from the lists of the code
NOUNS = _pairs(
    """Cheffe/Chef Avocate/Avocat Technicienne/Technicien Comptable/Comptable Développeuse/Développeur
    Directrice/Directeur Infirmière/Infirmier Conseillère/Conseiller Ingénieure/Ingénieur
    Professeure/Professeur Assistante/Assistant Responsable/Responsable Agente/Agent Apprentie/Apprenti
    Employée/Employé Chargée/Chargé Attachée/Attaché Commerciale/Commercial Consultante/Consultant
    Secrétaire/Secrétaire Couturière/Couturier Hôtesse/Hôte Livreuse/Livreur Opératrice/Opérateur
    Maçonne/Maçon Vigneronne/Vigneron Électricienne/Électricien Adjointe/Adjoint Vendeuse/Vendeur
    Serveuse/Serveur Caissière/Caissier Juriste/Juriste Formatrice/Formateur Écrivaine/Écrivain
    Experte/Expert Magistrate/Magistrat Monteuse/Monteur Soudeuse/Soudeur Gérante/Gérant"""
)
ADJECTIVES = _pairs(
    """générale/général associée/associé référente/référent principale/principal confirmée/confirmé
    commerciale/commercial financière/financier administrative/administratif indépendante/indépendant
    qualifiée/qualifié adjointe/adjoint senior/senior polyvalente/polyvalent régionale/régional
    diplômée/diplômé technique/technique immobilière/immobilier sportive/sportif remplaçante/remplaçant
    itinérante/itinérant"""
)
SAID = _pairs(
    """habituée/habitué passionnée/passionné formée/formé rigoureuse/rigoureux curieuse/curieux
    organisée/organisé attentive/attentif sérieuse/sérieux soucieuse/soucieux courageuse/courageux
    seule/seul spontanée/spontané réfléchie/réfléchi investie/investi prête/prêt ponctuelle/ponctuel
    travailleuse/travailleur respectueuse/respectueux créative/créatif autonome/autonome nommée/nommé
    promue/promu discrète/discret"""
)
AFTER = ("", " à Lyon", " chez Acme", " de la région", " systèmes", " et bilingue", ", 39 ans", "\nAcme")


@settings(max_examples=400, deadline=None)
@given(
    noun=st.sampled_from(NOUNS), more=st.lists(st.sampled_from(ADJECTIVES), max_size=2), after=st.sampled_from(AFTER)
)
def test_a_title_tells_nobody_whose_it_is(noun: Pair, more: list[Pair], after: str) -> None:
    for shout in (str, str.upper, str.lower):
        woman, man = (shout(" ".join([noun[one], *(pair[one] for pair in more)]) + after) for one in (0, 1))
        assert neutral.title(woman, "fr") == man
        assert neutral.title(man, "fr") == man
        assert neutral.prose(woman, "fr") == man
        assert neutral.prose(f"2016 - 2019 : {woman}", "fr") == f"2016 - 2019 : {man}"


@settings(max_examples=300, deadline=None)
@given(
    said=st.sampled_from(SAID),
    noun=st.sampled_from(NOUNS),
    frame=st.sampled_from(
        (
            ("{s}", "{s}"),
            ("{s} à travailler en équipe", "{s} à travailler en équipe"),
            ("Je suis {s} et dynamique.", "Je suis {s} et dynamique."),
            ("très {s}, {s}", "très {s}, {s}"),
            ("Une {n} {s} depuis 2010", "Un {n} {s} depuis 2010"),
            ("la {n} {s}", "le {n} {s}"),
            ("• {s}\n• {n}", "• {s}\n• {n}"),
        )
    ),
)
def test_prose_tells_nobody_whose_it_is(said: Pair, noun: Pair, frame: Pair) -> None:
    woman, man = (frame[one].format(s=said[one], n=noun[one].lower()) for one in (0, 1))
    assert neutral.prose(woman, "fr") == neutral.prose(man, "fr")
    assert neutral.prose(man, "fr") == man


@pytest.mark.parametrize(
    "thing",
    [
        "Tenue de la comptabilité générale et analytique",
        "Gestion commerciale et administrative",
        "gestion comptable et financière",
        "Excellente maîtrise d'Excel",
        "Représente la société à l'étranger",
        "Entrée en fonction immédiate",
        "Ressources humaines, administration générale",
        "Soins intensifs, santé maternelle et infantile",
        "prise de commandes, mise en place",
        "nombreuses missions en médecine",
        "École nationale supérieure, première année",
    ],
)
def test_what_is_said_of_things_stays(thing: str) -> None:
    assert neutral.prose(thing, "fr") == thing


def test_what_hangs_on_a_thing_stays_in_a_title() -> None:
    assert neutral.title("Directrice de la communication externe", "fr") == "Directeur de la communication externe"
    assert neutral.title("Responsable administration générale", "fr") == "Responsable administration générale"


def test_pronouns_names_of_before_a_marriage_and_leave() -> None:
    assert neutral.prose("Elle a dirigé", "fr") == neutral.prose("Il a dirigé", "fr")
    assert "Dupont" not in neutral.prose("Claire Martin née Dupont-Aubry", "fr")
    assert neutral.prose("Congé maternité", "fr") == neutral.prose("Congé paternité", "fr") == "Congé parental"
    assert neutral.title("Femme de ménage", "fr") == neutral.title("Homme de ménage", "fr")


@pytest.mark.parametrize(
    ("woman", "man"),
    [
        ("Saleswoman", "Salesman"),
        ("Waitress, Hostess", "Waiter, Host"),
        ("maternity leave", "paternity leave"),
        ("Chairwoman and actress", "Chairman and actor"),
        ("Stewardess", "Steward"),
    ],
)
def test_english_words_that_hold_a_gender(woman: str, man: str) -> None:
    assert neutral.prose(woman, "en") == neutral.prose(man, "en")
    assert neutral.title(woman, "en") == neutral.title(man, "en")


def test_english_text_is_not_read_as_french() -> None:
    assert neutral.prose("Creative lead, private initiative, native speaker", "en").startswith("Creative lead, private")
