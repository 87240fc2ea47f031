"""Credentials from elsewhere, taken into a wallet; given out again; and verified by anybody, with the reasons."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.core.verdict import Result
from agent.errors import CairnError, InputError, NotFoundError
from agent.printing import picture
from agent.services import checking, documents, views
from agent.services.exporting import Exported, Exporting
from agent.services.importing import Importing
from agent.vc import baking
from tests.simulators.internet import raw_answer
from tests.simulators.town import Member, Town
from tests.unit.core_domain.builders import record
from tests.unit.services.hostile import serve


async def badge_of(place: Town, university: Member, learner: Member) -> dict[str, Any]:
    """A credential of the learner, with its badge."""
    made = await university.offer()
    offer = await learner.receive(made["link"])
    await place.world.settled()
    return await learner.agent.holding.credential(str(offer["credential_id"]))


async def exported(learner: Member, credential: dict[str, Any], form: str, **more: str) -> Exported:
    holding = learner.agent.holding
    return await Exporting(learner.agent.node, holding).export(credential, form, **more)


def results(checks: list[dict[str, Any]]) -> dict[str, str]:
    return {
        check["code"]: check["result"] + (f" {check['reason']}" if check["reason"] else "")
        for check in checks
    }


async def parts(member: Member, data: bytes, **more: str) -> dict[str, dict[str, str]]:
    found = (await documents.examine(member.agent.node, data, **more)).to_json()
    return {part["name"]: results(part["checks"]) for part in found["verdict"]["parts"]}


async def test_a_badge_goes_to_another_wallet_and_is_checked_there_before_it_is_kept(
    place: Town, university: Member, learner: Member
) -> None:
    credential = await badge_of(place, university, learner)
    file = (await exported(learner, credential, "open-badge")).content
    other = await place.learner("other")
    answer = await Importing(other.agent.node).take(file, "badge.json")
    assert answer["import"] == "imported"
    assert (
        answer["title"] == (await learner.agent.holding.credential(credential["id"]))["record"]["title"]["en"]
    )
    held = await other.agent.holding.credential(answer["id"])
    found = results(held["checks"])
    assert {found[name] for name in ("signature", "issuer_key", "status", "dates", "record")} == {"pass"}
    assert found["binding"] == "unknown subject_not_ours"
    assert (await other.history())[-1]["kind"] == "imported"
    assert answer["state"] == "unknown"
    # The same file again is the same credential.
    again = await Importing(other.agent.node).take(file, "copy.json")
    assert (again["import"], again["id"]) == ("known", answer["id"])
    assert len(await other.agent.holding.credentials()) == 1


async def test_every_export_of_a_credential(place: Town, university: Member, learner: Member) -> None:
    credential = await badge_of(place, university, learner)
    for form, start in (("png", b"\x89PNG"), ("svg", b"<"), ("open-badge", b"{"), ("json", b"{")):
        data = (await exported(learner, credential, form)).content
        assert data.startswith(start), form
        found = await parts(learner, data)
        assert found["quality_assured"]["accreditation"] == "pass", form
        assert "fail" not in repr(found["authentic"]), (form, found["authentic"])
    for form, start in (("pdf", b"%PDF"), ("html", b"<!"), ("elm", b"{")):
        file = await exported(learner, credential, form)
        assert file.content.lower().startswith(start.lower()), form
        assert any("not signed" in remark for remark in file.remarks)
    with pytest.raises(InputError, match="unknown_format"):
        await exported(learner, credential, "docx")


async def test_what_an_anoncreds_export_shows_and_what_only_its_holder_can(
    place: Town, university: Member, learner: Member
) -> None:
    credential = await badge_of(place, university, learner)
    file = (await exported(learner, credential, "json")).content
    document = json.loads(file)
    assert credential["referent"] not in file.decode()
    found = await parts(learner, file)
    assert found["authentic"]["signature"] == "unknown only_by_presentation"
    assert {found["authentic"][name] for name in ("issuer_key", "status", "record", "dates")} == {"pass"}
    document["record"]["title"] = {"en": "Doctor of Everything"}
    found = await parts(learner, json.dumps(document).encode())
    assert found["authentic"]["record"] == "fail record_differs"
    document["record"]["issuer"]["did"] = "did:web:localhost%3A9999"
    found = await parts(learner, json.dumps(document).encode())
    assert found["authentic"]["issuer"] == "fail wrong_issuer"
    for broken in ({"attributes": 7}, {"cred_def_id": None}, {"rev_reg_id": []}):
        found = await parts(learner, json.dumps(document | broken).encode())
        assert any(value.startswith("fail") for value in found["authentic"].values()), broken


async def test_a_presentation_is_for_one_challenge_and_one_verifier(
    place: Town, university: Member, learner: Member
) -> None:
    credential = await badge_of(place, university, learner)
    asked = {"challenge": "n-0S6", "domain": "employer.example"}
    file = (await exported(learner, credential, "presentation", **asked)).content
    found = await parts(learner, file, **asked)
    assert set(found["authentic"].values()) == {"pass"}, found["authentic"]
    assert (await parts(learner, file))["authentic"]["freshness"].startswith("unknown")
    stale = await parts(learner, file, challenge="another", domain="employer.example")
    assert stale["authentic"]["freshness"].startswith("fail")
    elsewhere = await parts(learner, file, challenge="n-0S6", domain="thief.example")
    assert elsewhere["authentic"]["freshness"].startswith("fail")
    with pytest.raises(InputError, match="no_challenge"):
        await exported(learner, credential, "presentation")
    # A thief has the badge's file, and no key: what they can make is a presentation of their own.
    thief = await place.learner("thief")
    await Importing(thief.agent.node).take((await exported(learner, credential, "open-badge")).content)
    (stolen,) = await thief.agent.holding.credentials()
    with pytest.raises(InputError, match="not_ours_to_present"):
        await exported(thief, stolen, "presentation", **asked)


async def test_nothing_counts_before_and_unlike_its_checks(
    place: Town, university: Member, learner: Member
) -> None:
    credential = await badge_of(place, university, learner)
    document = json.loads((await exported(learner, credential, "open-badge")).content)
    document["credentialSubject"]["achievement"]["name"] = "Doctor of Everything"
    other = await place.learner("other")
    with pytest.raises(CairnError):  # it says two things: the visible title, and the embedded record
        await Importing(other.agent.node).take(json.dumps(document).encode())
    assert await other.agent.holding.credentials() == []
    assert await other.history() == []
    # Without the embedded record it reads well, and its signature does not hold.
    del document["relatedResource"]
    document["evidence"] = [{"id": "https://work.example/1", "type": ["Evidence"], "name": "A report"}]
    answer = await Importing(other.agent.node).take(json.dumps(document).encode())
    held = await other.agent.holding.credential(answer["id"])
    assert answer["state"] == "fail"
    assert results(held["checks"])["signature"].startswith("fail")


CLUB = {
    "@context": [
        "https://www.w3.org/ns/credentials/v2",
        "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
    ],
    "type": ["VerifiableCredential", "OpenBadgeCredential"],
    "issuer": {"id": "did:web:club.example", "type": ["Profile"], "name": "A club"},
    "validFrom": "2026-01-01T00:00:00Z",
    "credentialSubject": {"type": ["AchievementSubject"]},
}


async def test_a_visual_badge_counts_for_nothing(place: Town, learner: Member) -> None:
    importing = Importing(learner.agent.node)
    answer = await importing.take(json.dumps(CLUB).encode(), "club.json")
    assert answer["import"] == "visual_badge"
    assert "state" not in answer
    assert answer["missing"]
    assert await learner.agent.holding.credentials() == []
    assert [each["id"] for each in await importing.visual_badges()] == [answer["id"]]


async def test_an_issuer_that_is_away_is_unknown_and_fails_nothing(
    place: Town, university: Member, learner: Member
) -> None:
    credential = await badge_of(place, university, learner)
    file = (await exported(learner, credential, "open-badge")).content
    assert (await parts(learner, file))["authentic"]["issuer_key"] == "pass"
    learner.agent.node.dids.forget(university.did)
    del place.internet.apps[university.place]
    found = (await parts(learner, file))["authentic"]
    assert found["status"].startswith("unknown")
    # No registry pinned its key here, so nothing is established (with a pinned key: tests/integration/test_badges.py).
    assert (found["signature"], found["issuer_key"]) == ("unknown no_key", "unknown unreachable")
    assert not any(value.startswith("fail") for value in found.values()), found


async def test_did_documents_that_lead_elsewhere_are_not_followed(
    place: Town, university: Member, learner: Member
) -> None:
    credential = await badge_of(place, university, learner)
    file = (await exported(learner, credential, "open-badge")).content
    learner.agent.node.dids.forget(university.did)
    target = "/.well-known/did.json"
    serve(university, target, raw_answer(b"", 302, location="http://10.0.0.1/did.json"))
    found = (await parts(learner, file))["authentic"]
    assert found["issuer_key"] == "unknown redirect"
    assert ("10.0.0.1", 80) not in place.internet.connected
    serve(university, target, raw_answer(b'{"id": "did:web:evil.example"}', content_type="application/json"))
    assert (await parts(learner, file))["authentic"]["issuer_key"].startswith("fail")


BAD_FILES = {
    "not JSON": (b"hello there", "not_json"),
    "duplicate members": (b'{"type": "VerifiableCredential", "type": "x"}', "duplicate_member"),
    "NaN": (b'{"type": ["VerifiableCredential"], "x": NaN}', "not_json"),
    "10 MB": (b'{"x": "' + b"a" * 10_000_000 + b'"}', "too_large"),
    "2,000 levels": (b"[" * 2000 + b"]" * 2000, "too_deep"),
    "empty": (b"", "empty"),
}


@pytest.mark.parametrize("name", BAD_FILES)
async def test_bad_files_have_a_code_and_leave_the_wallet_as_it_is(shared: Town, name: str) -> None:
    data, code = BAD_FILES[name]
    learner = shared.members["learner"]
    for attempt in (Importing(learner.agent.node).take, lambda it: documents.examine(learner.agent.node, it)):
        with pytest.raises(InputError) as caught:
            await attempt(data)
        assert caught.value.code == code
        assert caught.value.hint
    assert await learner.agent.holding.credentials() == []


async def test_four_answers_and_no_policy_asked(place: Town, university: Member, learner: Member) -> None:
    credential = await badge_of(place, university, learner)
    file = (await exported(learner, credential, "open-badge")).content
    found = await documents.examine(learner.agent.node, file)
    assert found.result is Result.PASS
    assert [part.checks == () for part in found.verdict.parts] == [False, False, False, True]
    assert [check.code for check in found.beside] == ["holder"]
    place.registry.outcomes.clear()
    learner.agent.node.forget_answers()
    found = await documents.examine(learner.agent.node, file)
    assert found.result is Result.UNKNOWN


async def test_the_badge_that_is_held_beside_a_credential_is_not_taken_twice(
    place: Town, university: Member, learner: Member
) -> None:
    credential = await badge_of(place, university, learner)
    for form in ("png", "open-badge"):
        file = (await exported(learner, credential, form)).content
        answer = await Importing(learner.agent.node).take(file)
        assert (answer["import"], answer["id"]) == ("known", credential["id"]), form
    assert len(await learner.agent.holding.credentials()) == 1


async def test_a_bundle_is_taken_apart_and_says_who_put_it_together(
    place: Town, university: Member, learner: Member
) -> None:
    await badge_of(place, university, learner)
    target = "certificate-sustainable-process-industries"
    bundle = (await Exporting(learner.agent.node, learner.agent.holding).stack(target, "clr")).content
    found = await documents.examine(learner.agent.node, bundle)
    assert found.words.startswith("a bundle of one credential ")
    assert [check.code for check in found.beside] == ["bundle_by", "holder"]
    assert {check.result for check in found.beside} == {Result.UNKNOWN}
    other = await place.learner("other")
    answer = await Importing(other.agent.node).take(bundle, "bundle.json")
    assert answer["import"] == "bundle"
    assert [part["import"] for part in answer["parts"]] == ["imported"]
    changed = json.loads(bundle)
    changed["credentialSubject"]["verifiableCredential"][0]["name"] = "Doctor of Everything"
    third = await place.learner("third")
    answer = await Importing(third.agent.node).take(json.dumps(changed).encode())
    assert [(part["import"], part.get("code")) for part in answer["parts"]] == [("refused", "record_differs")]
    assert await third.agent.holding.credentials() == []


async def test_a_picture_that_is_a_visual_badge_is_kept_as_it_came(place: Town, learner: Member) -> None:
    image = baking.bake(picture.svg(record(), issuer_host="club.example"), json.dumps(CLUB))
    importing = Importing(learner.agent.node)
    answer = await importing.take(image, "club.svg")
    assert (answer["import"], answer["carrier"]) == ("visual_badge", "svg")
    assert await importing.picture(answer["id"][:6]) == (image, "image/svg+xml")
    with pytest.raises(NotFoundError):
        await importing.visual_badge("ffff")


async def test_what_is_not_stated_is_not_stated_for_it(
    place: Town, university: Member, learner: Member
) -> None:
    credential = await badge_of(place, university, learner)
    document = json.loads((await exported(learner, credential, "open-badge")).content)
    del document["relatedResource"]
    del document["credentialSubject"]["creditsEarned"]
    achievement = document["credentialSubject"]["achievement"]
    del achievement["creditsAvailable"]
    achievement["alignment"] = [
        each for each in achievement["alignment"] if each["targetFramework"] != "ECTS"
    ]
    (item,) = (await documents.examine(learner.agent.node, json.dumps(document).encode())).items
    claims = {row["name"]: row["value"] for row in item["claims"]}
    assert claims["credit"] == claims["assessment"] == "not stated"
    assert "profiles_met" not in claims


async def test_what_is_suspended_counts_towards_nothing(place: Town, learner: Member) -> None:
    university = await place.university(badge_suspension=True)
    credential = await badge_of(place, university, learner)
    assert checking.currency(credential) == (Result.PASS, "")
    (offer,) = await university.agent.issuing.offers()
    await university.agent.issuing.suspend(offer["id"], suspended=True)
    result, why = checking.currency(await learner.agent.holding.recheck(credential["id"]))
    assert result is Result.FAIL
    assert "suspended" in why


async def test_the_detail_of_what_was_imported(place: Town, university: Member, learner: Member) -> None:
    credential = await badge_of(place, university, learner)
    other = await place.learner("other")
    taken = await Importing(other.agent.node).take((await exported(learner, credential, "svg")).content)
    for member, id, forms in (
        (learner, credential["id"], ["AnonCreds credential", "Open Badge"]),
        (other, taken["id"], ["Open Badge"]),
    ):
        detail = views.credential_detail(await member.agent.holding.credential(id), [])
        assert (detail["forms"], detail["form"], detail["not_understood"]) == (forms, forms[0], [])
