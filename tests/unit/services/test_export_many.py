"""Several credentials as one file, and back into an empty wallet: the same records, and said not to be bound to it."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from typing import Any

import pytest

from agent.core.record import Record
from agent.errors import InputError, NotFoundError
from agent.services import export_many as export_many_module
from agent.services import importing as importing_module
from agent.services.export_many import ExportMany
from agent.services.exporting import Exported
from agent.services.importing import Importing
from agent.services.shelf import Shelf
from agent.store.vault import Put
from agent.vc.edition import badge_edition
from tests.simulators.town import Member, Town
from tests.unit.services.test_deleting import UNFINISHED

TEMPLATES = ("sustainable-energy", "data-literacy", "sustainable-energy")


async def holding_some(place: Town, university: Member, learner: Member) -> list[dict[str, Any]]:
    """Three credentials with badges, the last one without: its issuer gave none."""
    found = []
    for template in TEMPLATES:
        offer = await learner.receive((await university.offer(template))["link"])
        await place.world.settled()
        found.append(await learner.agent.holding.credential(str(offer["credential_id"])))
    last = {name: value for name, value in found[-1].items() if name != "also"}
    await learner.agent.node.vault.put(Put("credential", last["id"], last))
    return [*found[:-1], last]


async def export(learner: Member, form: str, ids: list[str] | None = None) -> Exported:
    return await ExportMany(learner.agent.node, learner.agent.holding).export(ids, form)


def records(held: list[dict[str, Any]]) -> list[str]:
    """As another wallet can have them: the badge's edition, without a date of birth or the learner's number."""
    found = [
        badge_edition(Record.from_json(each["record"]), each["also"]["ldp_vc"]["holder"])
        for each in held
        if "also" in each
    ]
    return sorted(record.digest() for record in found)


async def taken_in(place: Town, data: bytes, refused: int) -> list[dict[str, Any]]:
    """What an empty wallet has after importing it, twice."""
    name = f"wallet{len(place.members)}"
    other = await place.learner(name)
    answer = await Importing(other.agent.node).take(data, "export")
    assert answer["import"] == "bundle"
    outcomes = [part["import"] for part in answer["parts"]]
    assert outcomes.count("refused") == refused, answer
    assert {part["code"] for part in answer["parts"] if part["import"] == "refused"} <= {"not_importable"}
    again = await Importing(other.agent.node).take(data, "export")
    assert {part["import"] for part in again["parts"]} <= {"known", "refused"}
    return await other.agent.holding.credentials()


@pytest.mark.parametrize("form", ["json", "zip"])
async def test_everything_goes_to_an_empty_wallet_and_says_that_it_is_not_bound_to_it(
    place: Town, university: Member, learner: Member, form: str
) -> None:
    held = await holding_some(place, university, learner)
    await Shelf(learner.agent.node, learner.agent.holding).put(
        held[0]["id"], {"note": "Zxqv7Marker", "tags": ["Zxqv7Marker"], "archived": True}
    )
    file = await export(learner, form)
    assert b"Zxqv7Marker" not in (file.content if form == "json" else _unzipped(file.content))
    assert any("1 of them can only be read elsewhere" in remark for remark in file.remarks)
    assert any("has not the keys" in remark for remark in file.remarks)
    found = await taken_in(place, file.content, refused=1)
    assert sorted(Record.from_json(each["record"]).digest() for each in found) == records(held)
    for each in found:
        rows = {check["code"]: (check["result"], check["reason"]) for check in each["checks"]}
        assert rows["binding"] == ("unknown", "subject_not_ours")
        assert rows["signature"][0] == rows["issuer_key"][0] == rows["status"][0] == "pass"
    # And back into the wallet that it came from, nothing is new.
    back = await Importing(learner.agent.node).take(file.content, "export")
    assert [part["import"] for part in back["parts"]].count("known") == 2
    assert len(await learner.agent.holding.credentials()) == 3


def _unzipped(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


async def test_a_zip_has_every_form_and_a_list_for_people(
    place: Town, university: Member, learner: Member
) -> None:
    held = await holding_some(place, university, learner)
    await Importing(learner.agent.node).take(json.dumps(UNFINISHED).encode(), "club.json")
    file = await export(learner, "zip")
    assert file.media_type == "application/zip"
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        index = json.loads(archive.read("index.json"))
        for row in (*index["credentials"], *index["badges"]):
            for each in row["files"]:
                assert hashlib.sha256(archive.read(each["name"])).hexdigest() == each["sha256"]
        page = archive.read("index.html").decode()
    assert all(name.isascii() and ".." not in name and not name.startswith("/") for name in names)
    assert [row["id"] for row in index["credentials"]] == [row["id"] for row in _in_order(held, index)]
    forms = [{each["form"] for each in row["files"]} for row in index["credentials"]]
    assert sorted(map(sorted, forms)) == [["anoncreds"], ["anoncreds", "ldp_vc"], ["anoncreds", "ldp_vc"]]
    assert len(index["badges"]) == 1
    assert all(each["record"]["title"]["en"] in page for each in held)
    assert "<script" not in page
    # A visual badge is one again.
    other = await place.learner("other")
    await Importing(other.agent.node).take(file.content, "all.zip")
    assert len(await Importing(other.agent.node).visual_badges()) == 1


def _in_order(held: list[dict[str, Any]], index: dict[str, Any]) -> list[dict[str, Any]]:
    by_id = {each["id"]: each for each in held}
    assert set(by_id) == {row["id"] for row in index["credentials"]}
    return [by_id[row["id"]] for row in index["credentials"]]


async def test_one_document_for_reading_with_every_chosen_credential(
    place: Town, university: Member, learner: Member
) -> None:
    held = await holding_some(place, university, learner)
    chosen = [held[1]["id"][:8], held[0]["id"], held[0]["id"][:10]]  # by beginnings, and twice is once
    page = (await export(learner, "html", chosen)).content.decode()
    assert page.count("<main>") == 3  # a list of them, then each
    assert page.index("Collection of a learner") < page.index("Micro-credential")
    for each in held[:2]:
        assert each["record"]["title"]["en"] in page
        # What the one-credential page has: the digest of the record, in words and in the QR code.
        assert Record.from_json(each["record"]).digest() in page
    assert {"badge-001.json", "badge-002.json"} <= set(re.findall(r"badge-[0-9]+.json", page))
    document = await export(learner, "pdf", chosen)
    assert document.content.startswith(b"%PDF")
    assert document.content.count(b"/Type /Filespec") >= 2
    assert any("not signed" in remark for remark in document.remarks)


async def test_a_bundle_of_the_badges_is_taken_in_one_by_one(
    place: Town, university: Member, learner: Member
) -> None:
    held = await holding_some(place, university, learner)
    file = await export(learner, "clr")
    assert "1 of them are not held as badges and are not in it." in file.remarks
    document = json.loads(file.content)
    assert "ClrCredential" in document["type"]
    found = await taken_in(place, file.content, refused=0)
    assert sorted(Record.from_json(each["record"]).digest() for each in found) == records(held)
    with pytest.raises(InputError, match="no_badge"):
        await export(learner, "clr", [held[2]["id"]])


async def test_what_cannot_be_exported(
    place: Town, learner: Member, monkeypatch: pytest.MonkeyPatch, university: Member
) -> None:
    for form in ("json", "zip", "html", "pdf"):
        with pytest.raises(InputError, match="no_credentials"):
            await export(learner, form)
    with pytest.raises(InputError, match="unknown_format"):
        await export(learner, "docx")
    held = await holding_some(place, university, learner)
    with pytest.raises(NotFoundError, match="no_such_credential"):
        await export(learner, "json", [held[0]["id"], "nobody"])
    monkeypatch.setattr(export_many_module, "MAX_PRINTED", 2)
    with pytest.raises(InputError, match="too_many"):
        await export(learner, "pdf")
    async with learner.http() as http:
        for body in (
            {},
            {"all": True, "ids": ["x"]},
            {"all": "yes"},
            {"ids": "x"},
            {"ids": [1]},
            {"ids": ["x"] * 20_001},
            {"all": True, "as": 7},
            {"all": True, "as": "docx"},
        ):
            answer = await http.post("/v1/wallet/export", json=body)
            assert answer.status_code == 422, body
        answer = await http.post("/v1/wallet/export", json={"ids": [held[0]["id"][:8]], "as": "json"})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        assert len(json.loads(answer.content)) == 1
        assert json.loads(answer.headers["x-cairn-remarks"])
        await learner.agent.node.relock()
        answer = await http.post("/v1/wallet/export", json={"all": True, "as": "zip"})
        assert answer.json()["code"] == "locked"


async def test_one_bad_part_does_not_stop_the_others(
    place: Town, university: Member, learner: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    await holding_some(place, university, learner)
    good = json.loads((await export(learner, "json")).content)
    badges = [each for each in good if "proof" in each]
    other = await place.learner("other")
    answer = await Importing(other.agent.node).take(
        json.dumps([{"a": 1}, badges[0], "no token", *badges]).encode()
    )
    assert [part["import"] for part in answer["parts"]] == [
        "refused",
        "imported",
        "refused",
        "known",
        "imported",
    ]
    # A list in a list is not taken apart again.
    assert len(await other.agent.holding.credentials()) == 2
    monkeypatch.setattr(importing_module, "MAX_COLLECTED", 1)
    answer = await Importing(other.agent.node).take(json.dumps(badges).encode())
    assert [part.get("code", "") for part in answer["parts"]] == ["", "too_many_parts"]
