"""A held credential, or a stack of them, as a file that others can read.

What leaves is what was received (the credential as it was signed), or something that is made from the record and
says that it is not signed (a printable page, a European Learning Model document). Nothing of another credential, of
the wallet's keys or of its history is in any of them. A badge is one document: whoever gets it gets all of it, and
two people who get it can tell that they have the same.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.core.claims import CLAIMS
from agent.core.consent import SIGNED_BADGE
from agent.core.record import Record, host_of, text
from agent.core.stacks import plan
from agent.core.verdict import PART_LABELS, Check, PartName
from agent.errors import InputError
from agent.formats.leaves import leaves
from agent.formats.registry import envelope_of
from agent.formats.signed import SignedDocument, SignedToken
from agent.services import checking, clock, signing, stacking, views
from agent.services.holding import Holding
from agent.services.node import Node
from agent.store import history
from agent.store.vault import Document

if TYPE_CHECKING:  # printing loads fonts and shaping, which most uses of the service never need
    from agent.printing.credential import Group
    from agent.printing.model import Page
    from trust_registry.models import Decision

UNSIGNED = "This file is for reading: it is not signed, so it cannot be verified by itself."
ATTACHED = "The signed badge is attached to it, for who wants to verify."
ATTACHED_SEVERAL = "The signed badges are attached to it, for who wants to verify."
NOT_BAKED = "There is no signed badge of this credential, so the picture has none inside: it proves nothing."
ALL_OF_IT = "Whoever gets this file sees all of it, and can tell it from any other."
MAX_DOMAIN = 300
_MEDIA_TYPES = {SignedDocument.name: "application/vc", SignedToken.name: "application/vc+jwt"}
_PARTS = {
    "institution": PartName.QUALITY_ASSURED,
    "accreditation": PartName.QUALITY_ASSURED,
    "registry_list": PartName.QUALITY_ASSURED,
    "complete": PartName.COMPLETE,
}


@dataclass(frozen=True, slots=True)
class Exported:
    """``remarks`` are for the learner: what the file does not have, or is not."""

    content: bytes
    media_type: str
    remarks: tuple[str, ...] = ()


class Exporting:
    def __init__(self, node: Node, holding: Holding) -> None:
        self._node = node
        self._holding = holding

    async def export(
        self, credential: Document, format_: str, *, challenge: str = "", domain: str = ""
    ) -> Exported:
        """Raises `InputError` unknown_format, or no_badge where there is no signed document of it.

        A presentation is made for somebody, so it is in the history, whether its file is used or not.
        """
        made = await self._made(credential, format_, challenge, domain)
        if format_ == "presentation":
            await self._note(credential, domain)
        return made

    async def preview(
        self, credential: Document, format_: str, *, challenge: str = "", domain: str = ""
    ) -> Document:
        """What such a file says, read from the bytes of one that is made for looking at and then dropped.

        ``claims`` lists every path in it with its value. A presentation is signed anew each time: only its own
        ``/id`` and ``/proof`` will differ. Raises as `export`, and `InputError` no_paths for pictures and pages.
        """
        made = await self._made(credential, format_, challenge, domain)
        found = await asyncio.to_thread(leaves, made.content)
        return {
            "as": format_,
            "media_type": made.media_type,
            "bytes": len(made.content),
            "remarks": list(made.remarks),
            "claims": [leaf.to_json() for leaf in found],
        }

    async def _note(self, credential: Document, domain: str) -> None:
        """For the history: claim names, never values; of a signed document everything it states was shown."""
        record = Record.from_json(credential["record"])
        stated = {row["name"] for row in views.claim_rows(record, stated=False)}
        names = [name for claim in CLAIMS.values() if claim.name in stated for name in claim.attributes]
        async with self._node.history_lock:
            entry = await history.next_entry(
                self._node.vault,
                at=clock.stamp(clock.now()),
                kind="presented",
                party={"did": "", "host": domain[:MAX_DOMAIN], "name": ""},
                title=text(record.title),
                claims=[f"c0.{name}" for name in names],
                outcome="signed for them, as a file",
                credentials=[credential["id"]],
                form=SIGNED_BADGE,
            )
            await self._node.vault.put(entry)

    async def _made(self, credential: Document, format_: str, challenge: str, domain: str) -> Exported:
        record = Record.from_json(credential["record"])
        if format_ == "json":
            return Exported(file_of(credential), _media_type(credential))
        if format_ == "open-badge":
            badge = credential if "secured" in credential else _badge(credential)  # as it came
            return Exported(file_of(badge), _media_type(badge), (ALL_OF_IT,))
        if format_ == "presentation":
            return await self._presentation(_badge(credential), challenge, domain)
        if format_ in ("pdf", "html"):
            return await asyncio.to_thread(_page, credential, record, format_)
        if format_ in ("png", "svg"):
            return await asyncio.to_thread(_picture, credential, record, format_)
        if format_ == "elm":
            answer = await checking.decide(self._node, credential)
            return await asyncio.to_thread(_elm, credential, record, answer.decision)
        raise InputError("unknown_format", "There is no such format.")

    async def _presentation(self, badge: Document, challenge: str, domain: str) -> Exported:
        """The badge, signed once more by whom it is about: for one challenge, and one verifier."""
        holder = badge.get("holder", "")
        if not holder:
            raise InputError(
                "not_ours_to_present", "This credential is about nobody whose key is in this wallet."
            )
        if not challenge or not domain:
            raise InputError(
                "no_challenge",
                "A presentation is made for one challenge and one verifier.",
                "Give what the other side told you: --challenge and --domain.",
            )
        signed = await signing.sign(
            self._node,
            {
                "@context": ["https://www.w3.org/ns/credentials/v2"],
                "id": f"urn:uuid:{uuid.uuid4()}",
                "type": ["VerifiablePresentation"],
                "holder": holder,
                "verifiableCredential": [badge["secured"]],
            },
            did=holder,
            purpose="authentication",
            challenge=challenge,
            domain=domain,
            now=clock.now(),
        )
        return Exported(_json(signed), "application/vp", (ALL_OF_IT,))

    # ------------------------------------------------------------------ stacks

    async def stack(self, target: Any, format_: str, without: Collection[str] = ()) -> Exported:
        """A stack as a printable transcript (``pdf``, ``html``) or as one CLR 2.0 bundle (``clr``), without the
        members that the learner leaves out (ids).
        """
        held = await self._holding.credentials()
        found = await stacking.members(self._holding)
        goal, today = stacking.read_target(target), clock.today()
        planned = await asyncio.to_thread(plan, goal, found, today=today, without=without)
        if format_ == "clr":
            return await self._bundle(held, planned)
        if format_ not in ("pdf", "html"):
            raise InputError("unknown_format", "A stack is written as pdf, html or clr.")
        from agent.printing.transcript import transcript_page

        checked = {each["id"]: str(each["checked_at"]) for each in held}
        page = transcript_page(planned, now=clock.now(), checked=checked)
        words = json.dumps([each.record.to_json() for each in found], ensure_ascii=False)
        return await asyncio.to_thread(printed, words, format_, (UNSIGNED,), page)

    async def _bundle(self, held: list[Document], planned: Any) -> Exported:
        """One Comprehensive Learner Record of the badges that count, signed by a new key of this wallet: the
        learner's own collection, and no award."""
        from agent.vc import clr

        counted = {each.member.id for each in planned.members if each.counts}
        target = planned.target
        return await self._signed_bundle(
            text(target.title),
            [credential for credential in held if credential["id"] in counted],
            whole=clr.Whole(id=f"urn:cairn:target:{target.id}", title=text(target.title)),
            none="No credential that counts here is held as a signed badge.",
            lacking="{} of the credentials that count are not held as badges and are not in it.",
        )

    async def collection(self, held: list[Document]) -> Exported:
        """One bundle of the badges among these, whatever they build. Raises `InputError` no_badge, too_many_badges."""
        return await self._signed_bundle(
            "Credentials of a learner",
            held,
            none="None of these credentials is held as a signed badge.",
            lacking="{} of them are not held as badges and are not in it.",
        )

    async def _signed_bundle(
        self, title: str, held: list[Document], *, none: str, lacking: str, whole: Any = None
    ) -> Exported:
        from agent.vc import clr

        badges = [badge["secured"] for badge in map(find_badge, held) if badge is not None]
        if not badges:
            raise InputError("no_badge", none)
        holder = await (await self._node.admin()).create_did_key()
        bundle = clr.to_clr(
            title,
            badges,
            issuer_id=holder,
            holder_id=holder,
            credential_id=f"urn:uuid:{uuid.uuid4()}",
            valid_from=clock.now(),
            whole=whole,
        )
        signed = await signing.sign(self._node, bundle, did=holder, now=clock.now(), as_list=True)
        remarks = [
            "This is your own collection, signed with a key of your wallet. It is no award.",
            ALL_OF_IT,
        ]
        if len(badges) < len(held):
            remarks.append(lacking.format(len(held) - len(badges)))
        return Exported(_json(signed), "application/vc", tuple(remarks))


def find_badge(credential: Document) -> Document | None:
    """The W3C credential with its proof inside: the credential itself, or the one held beside it."""
    both = (credential, *credential.get("also", {}).values())
    return next((each for each in both if each.get("envelope") == SignedDocument.name), None)


def _badge(credential: Document) -> Document:
    found = find_badge(credential)
    if found is None:
        raise InputError(
            "no_badge",
            "This credential is not held as a signed badge.",
            "Its issuer may not give any; --as json and --as pdf can be had.",
        )
    return found


def file_of(held: Document) -> bytes:
    return envelope_of(held).export(held)


def _media_type(held: Document) -> str:
    if "token" in held:
        return "application/jose"
    return _MEDIA_TYPES.get(envelope_of(held).name, "application/json")


def _json(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=2).encode()


def host_shown(record: Record) -> str:
    return host_of(record.issuer.did) or record.issuer.did


def _picture(credential: Document, record: Record, format_: str) -> Exported:
    from agent.printing import picture
    from agent.vc import baking

    if format_ == "png":
        image, media_type = _png(record), "image/png"
    else:
        image, media_type = picture.svg(record, issuer_host=host_shown(record)), "image/svg+xml"
    badge = find_badge(credential)
    if badge is None:
        return Exported(image, media_type, (NOT_BAKED,))
    return Exported(baking.bake(image, json.dumps(badge["secured"])), media_type, (ALL_OF_IT,))


def _png(record: Record) -> bytes:
    from agent.printing import picture
    from agent.services.system_fonts import fonts_for

    words = json.dumps(record.to_json(), ensure_ascii=False)
    return picture.png(record, issuer_host=host_shown(record), fonts=fonts_for(words))


def _page(credential: Document, record: Record, format_: str) -> Exported:
    page = page_of(credential, record)
    words = json.dumps(record.to_json(), ensure_ascii=False)
    remarks = (UNSIGNED,) if page.attached is None else (UNSIGNED, ATTACHED)
    return printed(words, format_, remarks, page)


def page_of(credential: Document, record: Record, *, attached_as: str = "badge.json") -> Page:
    from agent.printing.credential import credential_page
    from agent.printing.model import attach

    badge = find_badge(credential)
    attached = None
    if badge is not None:
        attached = attach(attached_as, file_of(badge), "application/vc", "The credential as it was signed")
    return credential_page(
        record,
        issuer_host=host_shown(record),
        claims=views.claim_rows(record),
        checks=_groups(credential),
        checked_at=str(credential["checked_at"]),
        now=clock.now(),
        attached=attached,
    )


def printed(words: str, format_: str, remarks: tuple[str, ...], page: Page, *more: Page) -> Exported:
    """``words``: all texts that the pages may have, for which a font is looked for."""
    if format_ == "html":
        from agent.printing.web import html

        return Exported(html(page, *more), "text/html", remarks)
    from agent.printing.pdf import pdf
    from agent.services.system_fonts import fonts_for

    return Exported(pdf(page, *more, fonts=fonts_for(words)), "application/pdf", remarks)


def _groups(credential: Document) -> tuple[Group, ...]:
    """The checks of a held credential by the question that they answer; nobody asked for a policy here."""
    from agent.printing.credential import Group

    checks = [Check.from_json(check) for check in credential["checks"]]
    names = (PartName.AUTHENTIC, PartName.QUALITY_ASSURED, PartName.COMPLETE)
    return tuple(
        Group(
            PART_LABELS[name],
            tuple(each for each in checks if _PARTS.get(each.code, PartName.AUTHENTIC) is name),
        )
        for name in names
    )


def _elm(credential: Document, record: Record, decision: Decision | None) -> Exported:
    from agent.services.elm import accreditation_of
    from agent.vc import elm

    image = _png(record)
    reviewed = None if decision is None else accreditation_of(decision)
    document = elm.to_elm(
        record,
        issuer_did=record.issuer.did,
        credential_id=record.id,
        subject_id=f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, record.id)}",
        issued=clock.parse(credential["received_at"]),
        accreditation=reviewed,
        picture=image,
    )
    remarks = [UNSIGNED]
    remarks += [
        f"The model asks for what the credential does not have: {what}."
        for what in elm.missing(record, reviewed, picture=image)
    ]
    remarks += [f"The model has no place for {what}." for what in elm.not_carried(record)]
    return Exported(_json(document), "application/ld+json", tuple(remarks))
