"""What users write of a crate: licences, names and ids, ORCIDs, `NAME=VALUE`."""

from __future__ import annotations

import pytest

from tests.crates import CC0, CC_BY
from zarrlift.crate.words import assignments, crate_words
from zarrlift.errors import UsageError
from zarrlift.plan.crate import CrateWords, crate_from_json


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("license", "cc-by", CC_BY),
        ("license", "CC0", CC0),
        ("license", "https://example.org/terms", "https://example.org/terms"),
        ("organism", "Homo sapiens", ("NCBI:txid9606",)),
        ("organism", "zebrafish", ("NCBI:txid7955",)),
        ("organism", "9606", ("NCBI:txid9606",)),
        ("organism", "NCBI:txid122636", ("NCBI:txid122636",)),
        ("organism", "obo:NCBITaxon_10117", ("NCBI:txid10117",)),
        ("organism", "http://purl.obolibrary.org/obo/NCBITaxon_4932", ("NCBI:txid4932",)),
        ("modality", "light sheet", ("obo:FBbi_00000369",)),
        ("modality", "Light-Sheet Microscopy", ("obo:FBbi_00000369",)),
        ("modality", "obo:FBbi_00000369", ("obo:FBbi_00000369",)),
        ("modality", "FBbi:00000243", ("obo:FBbi_00000243",)),
        ("modality", "obo:FBbi:00000246", ("obo:FBbi_00000246",)),
        ("author", "0000-0002-1825-0097", ("https://orcid.org/0000-0002-1825-0097",)),
        (
            "author",
            "Josiah Carberry <https://orcid.org/0000-0002-1825-0097>",
            ("https://orcid.org/0000-0002-1825-0097 Josiah Carberry",),
        ),
        ("author", "0000-0002-1694-233x", ("https://orcid.org/0000-0002-1694-233X",)),
        ("keyword", " mitosis ", ("mitosis",)),
    ],
)
def test_words_are_understood(name: str, text: str, value: object) -> None:
    """Each way to write a value gives the form that the crate has."""
    words = crate_words({name: text})

    assert words is not None
    assert getattr(words, name) == value
    assert words.given == (name,)


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("license", "free", "cc-by, cc0"),
        ("organism", "Homo", "Homo sapiens (NCBI:txid9606)"),
        ("organism", "unicorn", "zarrlift crate terms"),
        ("organism", "zebra fish", "Danio rerio (NCBI:txid7955)"),
        ("organism", "Drosophilla", "Drosophila melanogaster (NCBI:txid7227)"),
        ("modality", "light sheat", "SPIM (obo:FBbi_00000369)"),
        ("modality", "confocal light", "obo:FBbi_00000369"),
        ("modality", "FBbi_369", "zarrlift crate terms"),
        ("author", "Josiah Carberry", "has no ORCID"),
        ("author", "0000-0002-1825-0098", "wrong check digit"),
        ("name", "  ", "empty"),
        ("keyword", 3, "no text"),
    ],
)
def test_other_words_are_refused(name: str, text: object, part: str) -> None:
    """What is not understood is refused, with what could be meant or how to find it."""
    with pytest.raises(UsageError) as refused:
        crate_words({name: text})

    assert part in str(refused.value)


def test_nothing_given_is_no_crate() -> None:
    """Empty lists, as the command line gives them, ask for no crate."""
    assert crate_words({"organism": (), "license": None}) is None


def test_values_are_kept_once_and_in_order() -> None:
    """Several values of one name stay in their order, equal ones count once."""
    words = crate_words({"organism": ["mouse", "human", "10090"]})

    assert words == CrateWords(organism=("NCBI:txid10090", "NCBI:txid9606"))


def test_assignments_are_gathered_by_name() -> None:
    """`NAME=VALUE` may be repeated; the value may hold further signs of equality."""
    found = assignments(["organism=human", "license=https://a.org/?x=1", "organism=mouse"])

    assert found == {"organism": ["human", "mouse"], "license": ["https://a.org/?x=1"]}


@pytest.mark.parametrize("pair", ["license", "colour=red", "license=", "=cc-by"])
def test_odd_assignments_are_refused(pair: str) -> None:
    """What is no `NAME=VALUE` of a known name is refused with all names."""
    with pytest.raises(UsageError, match="license, organism, modality, name"):
        assignments([pair])


def test_single_member_is_set_once() -> None:
    """A dataset has one licence: two are refused."""
    with pytest.raises(UsageError, match="2 times"):
        assignments(["license=cc0", "license=cc-by"])


def test_words_go_into_a_plan_and_back() -> None:
    """A saved plan keeps what the crate is to say, and nothing that was not given."""
    words = CrateWords(license=CC0, keyword=("a", "b"))

    assert words.to_json() == {"license": CC0, "keyword": ["a", "b"]}
    assert crate_from_json(words.to_json()) == words


@pytest.mark.parametrize("held", [3, {"colour": "red"}, {"license": ["a"]}, {"keyword": "a"}])
def test_odd_crate_of_a_plan_is_refused(held: object) -> None:
    """A plan edited into something else is refused, not guessed at."""
    with pytest.raises(UsageError, match="plan's crate"):
        crate_from_json(held)
