"""What the pages of a credential and of a stack say, whatever they are printed as."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.core.verdict import Check, Evidence, Result
from agent.errors import InputError
from agent.printing.credential import Group
from agent.printing.model import Checks, Facts, Sentences, Table, attach
from agent.printing.transcript import MAX_ROWS, transcript_page
from tests.unit.core_domain.builders import record
from tests.unit.core_stacks.test_stacks import member, target

from .samples import EVIL, FILE, HOST, NOW, page, stack, texts


def facts(sections: object, title: str) -> dict[str, tuple[str, ...]]:
    return {
        row.label: row.values
        for each in sections  # type: ignore[attr-defined]
        if isinstance(each, Facts) and each.title.startswith(title)
        for row in each.rows
    }


def test_every_claim_is_there_in_the_wallets_words() -> None:
    said = facts(page().sections, "What it says")
    assert said["Credit"] == ("5 ECTS",)
    assert said["Date of award"] == ("1 June 2025",)
    assert said["Issuer"] == ("Munster Technological University (localhost:8301)",)
    assert facts(page().sections, "More")["Description"] == ("Five weeks.",)


def test_the_four_parts_stand_apart_and_unknown_is_neither() -> None:
    groups = [each for each in page().sections if isinstance(each, Checks)]
    assert [group.mark for group in groups] == ["unknown", "pass", "fail", "unknown"]
    assert groups[0].rows[1].detail == "The list could not be had."
    assert groups[3].note == "No check of this kind was made."
    assert page().by[2] == "Checked 15 January 2026, 11:58 UTC: 1 pass, 1 fail, 2 unknown"


def test_without_checks_it_says_that_nothing_is_known() -> None:
    unchecked = page(checks=(), checked_at="")
    assert unchecked.by[2] == "Not checked"
    said = next(each for each in unchecked.sections if isinstance(each, Sentences))
    assert said.strong
    assert said.lines == (
        "No check was made for this page. What it says is not known to be authentic, or to be in force.",
    )


def test_it_says_how_to_check_it() -> None:
    said = texts(page())
    assert "cairn verify data-literacy.json" in said
    assert FILE.sha256 in said
    assert record().digest() in said
    assert page().qr == f"sha256:{record().digest()}"
    linked = page(link="https://verify.example/c/1")
    assert (linked.qr, linked.qr_label) == ("https://verify.example/c/1", "Check it here")


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "https://a b", "ftp://x", "https://" + "x" * 500, "https://ö"]
)
def test_an_address_that_is_none_is_refused(link: str) -> None:
    with pytest.raises(InputError) as caught:
        page(link=link)
    assert caught.value.code == "bad_address"


def test_a_page_needs_a_host() -> None:
    with pytest.raises(InputError) as caught:
        page(issuer_host=" ")
    assert caught.value.code == "no_host"


@pytest.mark.parametrize("name", ["", "../x.json", "a/b", "a b", ".hidden", "x" * 101, "ä.json"])
def test_the_attached_file_has_a_plain_name(name: str) -> None:
    with pytest.raises(InputError) as caught:
        attach(name, b"x", "application/json", "")
    assert caught.value.code == "bad_file_name"


@pytest.mark.parametrize("content", [b"", b"x" * (16 * 1024 * 1024 + 1)])
def test_the_attached_file_has_a_size(content: bytes) -> None:
    with pytest.raises(InputError) as caught:
        attach("a.json", content, "application/json", "")
    assert caught.value.code == "too_large"


def test_counts_are_limited_and_what_is_left_out_is_said() -> None:
    rows = [{"name": "x", "label": "L", "value": "v"}] * 150
    assert facts(page(claims=rows).sections, "What it says")["More"] == (
        "50 more statements are in the file.",
    )
    check = Check("c", "C", Result.PASS, evidence=(Evidence("k", "K", "v" * 900),) * 20)
    many = page(checks=(Group("Many", (check,) * 250),))
    group = next(each for each in many.sections if isinstance(each, Checks))
    assert (len(group.rows), group.note) == (200, "50 more checks are not printed.")
    assert len(group.rows[0].sources) == 8
    links = [{"url": f"https://a.example/{at}"} for at in range(30)]
    assert facts(page(record(evidence=links)).sections, "More")["Evidence"][-1] == "10 more are in the file."


def test_hostile_text_is_harmless_before_it_is_printed() -> None:
    sample = record(
        title={"en": EVIL},
        issuer={"did": "did:web:a.example", "name": {"en": EVIL}},
        description={"en": EVIL},
    )
    said = repr(page(sample, checked_at=EVIL, checks=(Group(EVIL, (Check("c", EVIL, Result.PASS),)),)))
    assert "\\x1b" not in said
    assert "\\u202e" not in said
    assert "\\u2028" not in said


def test_a_transcript_says_that_it_is_no_award() -> None:
    first = transcript_page(stack(), now=NOW)
    said = first.sections[0]
    assert isinstance(said, Sentences)
    assert said.strong
    assert said.lines[0].startswith("This is not an award.")
    assert "Testing University" in said.lines[0]
    assert first.title == "Towards: A certificate"
    assert "earned" not in texts(first)


def test_it_lists_what_is_held_and_what_is_offered_apart() -> None:
    tables = {
        each.title: each for each in transcript_page(stack(), now=NOW).sections if isinstance(each, Table)
    }
    held, offered = tables["Credentials held"], tables["Offered, not accepted yet"]
    assert [row[0].text for row in offered.rows] == ["Energy"]
    by_title = {row[0].text: row for row in held.rows}
    assert set(by_title) == {"Data Literacy", "Ceramics", "Blockchain", "Old Welding", "Attendance"}
    assert (by_title["Data Literacy"][3].mark, by_title["Data Literacy"][3].text) == ("counted", "5 ECTS")
    assert by_title["Ceramics"][3].mark == "excluded"
    assert "cannot be added" in by_title["Ceramics"][3].below[0]
    assert [state.mark for state in by_title["Blockchain"][3].states] == ["pass", "unknown"]
    assert [state.mark for state in by_title["Old Welding"][3].states] == ["fail", "pass"]
    assert by_title["Data Literacy"][0].below[0].endswith(f"({HOST})")


def test_credits_of_different_systems_are_never_added() -> None:
    said = facts(transcript_page(stack(), now=NOW).sections, "Credit held")
    assert said == {
        "CEU": ("3 in 1 credential",),
        "ECTS": ("15 in 2 credentials",),
        "No credit stated": ("1 credential",),
        "Left out": ("1 credential not authentic or not in force",),
    }


def test_sums_towards_the_target_are_the_plans() -> None:
    plan = stack()
    said = facts(transcript_page(plan, now=NOW).sections, "Towards")
    assert said["Counted"] == (f"{plan.counted} ECTS",)
    assert said["Missing"] == (f"{plan.missing} ECTS",)
    assert said["By the rules as read here"] == ("Not everything that the target asks for is there.",)


def test_a_degree_is_never_reached() -> None:
    """002:643-645, whatever a plan says."""
    from agent.core.stacks import plan

    degree = plan(target(kind="degree", total="5"), [member("a", "180")], today=NOW.date())
    said = texts(transcript_page(degree, now=NOW))
    assert "Nothing is missing" not in said
    assert "This is not an award" in said


def test_whose_it_is_stands_once_or_at_each() -> None:
    def names(plan_members: list[str]) -> str:
        one = stack()
        members = tuple(
            replace(
                each,
                member=replace(each.member, record=record(learner={"given_name": name} if name else None)),
            )
            for each, name in zip(one.members, plan_members, strict=False)
        )
        return texts(transcript_page(replace(one, members=members), now=NOW))

    assert names(["Ada", "Ada"]).count("Ada") == 1
    assert "see each" in names(["Ada", "Eve"])
    assert "Learner: Eve" in names(["Ada", "Eve"])
    assert "Learner: not named" in names(["Ada", "Eve", ""])


def test_a_stack_has_its_limit() -> None:
    one = stack()
    too_many = replace(one, members=one.members[:1] * (MAX_ROWS + 1))
    with pytest.raises(InputError) as caught:
        transcript_page(too_many, now=NOW)
    assert caught.value.code == "too_many"


def test_hosts_that_were_verified_come_first() -> None:
    said = transcript_page(
        stack(), now=NOW, hosts={"Ceramics": "verified.example"}, checked={"Ceramics": "2026-01-15T11:58:02Z"}
    )
    assert "(verified.example)" in texts(said)
    assert "Checked 15 January 2026, 11:58 UTC" in texts(said)
