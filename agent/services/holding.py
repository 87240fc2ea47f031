"""The learner's side of an offer: review, accept or reject, keep.

Accepting is a small state machine that reads where ACA-Py's exchange stands and takes the next step; every
step is safe to repeat, so recovery after a crash of either side is calling `_advance` again. What is stored
at the end is compared with what was reviewed at the start: the attributes of the credential must be those
of the signed record, or nothing is kept.
"""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta

import structlog

from agent.acapy.events import Event
from agent.acapy.records import CredentialExchange
from agent.core.attributes import ATTRIBUTE_NAMES, check_attributes
from agent.core.limits import LIMITS
from agent.core.record import Record, text
from agent.core.verdict import Result
from agent.errors import CairnError, ConflictError, NotFoundError, UntrustedError
from agent.formats.registry import envelope_of
from agent.services import checking, clock, links, second_copy, summaries, views
from agent.services.node import Node, is_away
from agent.services.second_copy import SecondCopy
from agent.store import history
from agent.store.vault import Document, Put

log = structlog.get_logger(__name__)

OFFER = "offer"
CREDENTIAL = summaries.CREDENTIAL
POLL_SECONDS = 2.0  # a webhook wakes us at once; this is for the one that got lost
KEPT_UNANSWERED = timedelta(
    days=7
)  # how long a quiet recheck that gets no answer leaves what was found before
RETRY_SECONDS = 15.0  # no progress for so long: ask the issuer for a fresh exchange
RESUMED_SECONDS = 5.0  # the same after a start: what lay in ACA-Py's queues is gone, here as likely as there


class Holding:
    def __init__(self, node: Node) -> None:
        self._node = node
        self._accepting: dict[str, asyncio.Lock] = {}
        self._turns: dict[
            str, asyncio.Lock
        ] = {}  # by link: looking at an offer and deciding on it take turns
        self._second_copy = SecondCopy(node, OFFER, CREDENTIAL)
        self.summaries, self.shares = summaries.Summaries(node), summaries.Shares(node)
        node.on_open.append(lambda _: node.spawn(self._prepare(), "prepare the list"))
        node.webhooks.subscribe(self._on_event)

    # ------------------------------------------------------------------ offers

    async def review(self, link_text: str) -> Document:
        """Fetch, verify and check an offer; nothing is accepted. Idempotent per link."""
        link = links.parse_link(link_text, "o")
        async with self._turn(link.url):
            return await self._review(link)

    async def _review(self, link: links.Link) -> Document:
        known = await self._offer_by_link(link.url)
        if known is not None and known["state"] in ("accepting", "accepted", "rejected"):
            return known
        steps: list[Document] = []
        document = await links.open_link(self._node, link, steps)
        record = Record.from_json(document.payload.get("record"))
        if record.issuer.did != document.iss:
            raise UntrustedError("wrong_issuer", "The offer is signed by another DID than its record names.")
        cred_def_id = str(document.payload.get("cred_def_id", ""))
        if not cred_def_id.startswith(f"{document.iss}/"):
            raise UntrustedError(
                "wrong_issuer", "The offer would be secured under another DID than its issuer's."
            )
        with views.step(self._node.bus, link.code, "asking the trust registry", steps):
            checks, institution_id = await checking.offer_checks(self._node, record, document)
        offer: Document = {
            "id": known["id"] if known else uuid.uuid4().hex,
            "link": link.url,
            "state": "open",
            "issuer": views.party(document.iss, text(record.issuer.name)),
            "identity": {
                "how": f"signed with the key that {record.issuer.host} publishes",
                "key": document.key,
            },
            "received_at": clock.stamp(clock.now()),
            "expires_at": clock.stamp(clock.from_unix(document.payload["exp"])),
            "record": record.to_json(),
            "cred_def_id": cred_def_id,
            "checks": [check.to_json() for check in checks],
            "institution_id": institution_id,
            "steps": steps,
            "thread_id": "",
            "credential_id": None,
            "badge": second_copy.wanted(document.payload),
            "error": None,
        }
        await self._save(offer)
        return offer

    async def offers(self) -> list[Document]:
        offers = [_aged(offer) for offer in await self._node.vault.all(OFFER)]
        return sorted(offers, key=lambda offer: str(offer["received_at"]), reverse=True)

    async def offer(self, id: str) -> Document:
        offer = await self._node.vault.get(OFFER, id)
        if offer is None:
            raise NotFoundError("no_such_offer", "There is no such offer.")
        return _aged(offer)

    async def reject(self, id: str, reason: str) -> Document:
        """Tell the issuer, then note it. Raises when the issuer cannot be told; the offer then stays open."""
        async with self._turn((await self.offer(id))["link"]):
            offer = await self.offer(id)
            if offer["state"] not in ("open", "failed"):
                raise ConflictError("not_open", f"This offer is {offer['state']}.")
            link = links.parse_link(offer["link"], "o")
            await links.call(self._node, link, "reject", {"reason": reason[:500]})
            offer |= {"state": "rejected", "error": None}
            async with self._node.history_lock:
                entry = await self._entry(offer, "rejected", outcome="rejected")
                await self._node.vault.put(Put(OFFER, id, offer), entry)
            self._node.bus.publish("offer", id=id, state="rejected")
            return offer

    async def accept(self, id: str) -> Document:
        """Accept and wait until the credential is stored, at most `LIMITS.exchange_seconds`.

        After the deadline the offer stays ``accepting`` and recovery goes on in the background.
        """
        async with self._turn((await self.offer(id))["link"]):
            offer = await self.offer(id)
            if offer["state"] == "accepted":
                await self._second_copy.fetch(id)
                return await self.offer(id)
            if offer["state"] not in ("open", "accepting", "failed"):
                raise ConflictError("not_open", f"This offer is {offer['state']}.")
            await self._node.admin()
            if offer["state"] != "accepting":
                offer |= {"state": "accepting", "error": None, "accepted_at": clock.stamp(clock.now())}
                await self._save(offer)
        try:
            async with asyncio.timeout(LIMITS.exchange_seconds):
                offer = await self._drive(id)
                await self._second_copy.fetch(id)
                return await self.offer(id) if offer["state"] == "accepted" else offer
        except TimeoutError:
            self._node.spawn(self._drive_on(id), f"accept {id[:6]}")
            return await self.offer(id)

    async def resume(self) -> None:
        """After an unlock or a restart of ACA-Py: go on with what was accepted."""
        for offer in await self._node.vault.all(OFFER):
            if offer["state"] == "accepting":
                self._node.spawn(self._drive_on(offer["id"], resumed=True), f"resume {offer['id'][:6]}")
        await self._second_copy.resume()

    async def _drive_on(self, id: str, *, resumed: bool = False) -> None:
        await self._drive(id, resumed=resumed)
        await self._second_copy.fetch(id)

    async def _drive(self, id: str, *, resumed: bool = False) -> Document:
        """Advance until the offer is accepted or has failed; one driver per offer."""
        async with self._accepting.setdefault(id, asyncio.Lock()):
            loop = asyncio.get_running_loop()
            moved, last = loop.time(), ""
            patience = min(RETRY_SECONDS, RESUMED_SECONDS) if resumed else RETRY_SECONDS
            while True:
                offer = await self.offer(id)
                if offer["state"] != "accepting":
                    return offer
                heard = self._node.changes.count(offer["thread_id"])
                try:
                    state = await self._advance(offer, stuck=loop.time() - moved > patience)
                except CairnError as error:
                    if not is_away(error):
                        return await self._failed(offer, error)
                    state = "away"
                if state != last:
                    moved, last = loop.time(), state
                    if state.startswith("begun"):  # a fresh exchange gets the usual time
                        patience = RETRY_SECONDS
                if state == "done":
                    continue
                await self._node.changes.wait(offer["thread_id"], heard, seconds=POLL_SECONDS)

    async def _advance(self, offer: Document, *, stuck: bool) -> str:
        """One step. Answers the state it found, so that the caller sees whether anything moved."""
        admin = await self._node.admin()
        if not offer["thread_id"]:
            return await self._begin(offer)
        found = await admin.credential_records(thread_id=offer["thread_id"])
        state = found[0].state if found else "waiting"  # the invitation is under way
        # Only where it is the issuer's turn: what is in our hands already is taken on, however late.
        if stuck and state in ("waiting", "request-sent", "proposal-sent"):
            return await self._begin(offer)
        if not found:
            return state
        exchange, cred_ex_id = found[0], found[0].cred_ex_id
        if state == "offer-received":
            with views.step(self._node.bus, offer["id"], "comparing the offer with what you reviewed"):
                self._require_same(offer, exchange.cred_def_id, exchange.preview)
            await admin.send_credential_request(cred_ex_id)
        elif state == "credential-received":
            with views.step(self._node.bus, offer["id"], "checking the signature and storing"):
                stored = await admin.store_credential(cred_ex_id)
            if stored.state == "done" and stored.credential_id:
                await self._keep(offer, stored)
                return "done"
        elif state == "done":
            await self._keep(offer, exchange)
        elif state in ("abandoned", "deleted"):
            raise ConflictError(
                "exchange_abandoned", "The issuer ended the exchange.", "Accept again, or ask the issuer."
            )
        return state

    async def _begin(self, offer: Document) -> str:
        """Ask the issuer for the invitation that carries the credential offer, and take it."""
        admin = await self._node.admin()
        with views.step(self._node.bus, offer["id"], "asking the issuer for the credential"):
            answer = await links.call(self._node, links.parse_link(offer["link"], "o"), "accept", {})
        invitation, thread_id = answer.get("invitation"), answer.get("thread_id")
        if not isinstance(invitation, dict) or not isinstance(thread_id, str):
            raise UntrustedError("unexpected_answer", "The issuer's answer is not an invitation.")
        offer["thread_id"] = thread_id
        await self._save(offer)  # before the invitation is used: a crash must not lose the thread
        with views.step(self._node.bus, offer["id"], "connecting to the issuer's agent"):
            await admin.receive_invitation(invitation)
        return f"begun {thread_id}"

    def _require_same(self, offer: Document, cred_def_id: str, values: dict[str, str]) -> None:
        """It must say exactly what the reviewed record says, under the reviewed issuer's definition."""
        if cred_def_id != offer["cred_def_id"]:
            raise UntrustedError("offer_changed", "The credential is not under the reviewed issuer's key.")
        record = Record.from_json(offer["record"])
        if set(values) != set(ATTRIBUTE_NAMES) or (different := check_attributes(record, values)):
            names = ", ".join(different) if set(values) == set(ATTRIBUTE_NAMES) else "the list of attributes"
            raise UntrustedError("offer_changed", f"The credential differs from what you reviewed: {names}.")

    async def _keep(self, offer: Document, exchange: CredentialExchange) -> None:
        admin = await self._node.admin()
        stored = await admin.get_credential(exchange.credential_id)
        try:
            self._require_same(offer, stored.cred_def_id, stored.attributes)
        except UntrustedError:
            await admin.delete_credential(stored.credential_id)
            raise
        credential: Document = {
            "id": uuid.uuid4().hex,
            "referent": stored.credential_id,
            "record": offer["record"],
            "issuer": offer["issuer"],
            "attributes": stored.attributes,
            "schema_id": stored.schema_id,
            "cred_def_id": stored.cred_def_id,
            "rev_reg_id": stored.rev_reg_id,
            "cred_rev_id": stored.cred_rev_id,
            "received_at": clock.stamp(clock.now()),
        }
        credential |= await checking.credential_checks(self._node, credential)
        offer |= {"state": "accepted", "credential_id": credential["id"], "error": None}
        async with self._node.history_lock:
            entry = await self._entry(offer, "received", outcome="stored")
            await self._node.vault.put(
                Put(CREDENTIAL, credential["id"], credential), Put(OFFER, offer["id"], offer), entry
            )
        self._node.bus.publish("credential", id=credential["id"])
        self._node.bus.publish("offer", id=offer["id"], state="accepted")

    async def _failed(self, offer: Document, error: CairnError) -> Document:
        log.warning("accepting failed", offer=offer["id"][:6], code=error.code)
        offer |= {
            "state": "failed",
            "thread_id": "",
            "error": {"code": error.code, "detail": error.detail, "hint": error.hint},
        }
        await self._save(offer)
        return offer

    async def _entry(self, offer: Document, kind: str, *, outcome: str) -> Put:
        record = Record.from_json(offer["record"])
        return await history.next_entry(
            self._node.vault,
            at=clock.stamp(clock.now()),
            kind=kind,
            party=offer["issuer"],
            title=text(record.title),
            outcome=outcome,
        )

    async def _offer_by_link(self, url: str) -> Document | None:
        for offer in await self._node.vault.all(OFFER):
            if offer["link"] == url:
                return offer
        return None

    def _turn(self, url: str) -> asyncio.Lock:
        return self._turns.setdefault(url, asyncio.Lock())

    async def _save(self, offer: Document) -> None:
        await self._node.vault.put(Put(OFFER, offer["id"], offer))
        self._node.bus.publish("offer", id=offer["id"], state=offer["state"])

    # ------------------------------------------------------------------ credentials

    async def credentials(self) -> list[Document]:
        """All that is held, whole, oldest first. For a list there are the summaries, which are much quicker."""
        going = {each["id"] for each in await self._node.vault.all(summaries.DELETING)}
        found = [each for each in await self._node.vault.all(CREDENTIAL) if each["id"] not in going]
        return sorted(found, key=lambda credential: str(credential["received_at"]))

    async def credential(self, id: str) -> Document:
        """By id, or by a beginning of it that fits only one; what is being deleted is gone already."""
        exact = await self._node.vault.get(CREDENTIAL, id)
        if exact is not None and await self._node.vault.get(summaries.DELETING, id) is None:
            return exact
        fitting = [each for each in await self.summaries.ids() if id and each.startswith(id)]
        found = await self._node.vault.get(CREDENTIAL, fitting[0]) if len(fitting) == 1 else None
        if found is None:
            raise NotFoundError(
                "no_such_credential",
                "More than one credential fits." if len(fitting) > 1 else "There is no such credential.",
            )
        return found

    async def _prepare(self) -> None:
        """After each unlock, while ACA-Py starts."""
        await self.summaries.compare()
        await self.shares.prepare()

    async def detail(self, credential: Document) -> Document:
        """One credential as it is shown: with whom it was shown to, and what its holder added."""
        shared = await self.shares.of(credential["id"])
        shelf = await self._node.vault.get(summaries.SHELF, credential["id"])
        return views.credential_detail(credential, shared, shelf)

    async def recheck(self, id: str) -> Document:
        """Run every check of one credential again, now."""
        return await self._recheck(await self.credential(id), checking.Round(self._node))

    async def recheck_all(self, *, for_requests: bool = False) -> list[Document]:
        """All that is held. ``for_requests``: what cannot answer one, and other forms, keep the checks they have."""
        shared = checking.Round(self._node)
        held = await self.credentials()
        wanted = [each for each in held if not for_requests or envelope_of(each).answers_requests]
        checked = await asyncio.gather(
            *(self._recheck(each, shared, others=not for_requests) for each in wanted)
        )
        anew = {each["id"]: each for each in checked}
        return [anew.get(each["id"], each) for each in held]

    async def recheck_quietly(self, id: str, shared: checking.Round) -> None:
        """The same for one, in the background: nobody is told of it where nothing has changed."""
        known = await self._node.vault.get(CREDENTIAL, id)
        if known is not None:
            await self._recheck(known, shared, quiet=True)

    async def _recheck(
        self, credential: Document, shared: checking.Round, *, others: bool = True, quiet: bool = False
    ) -> Document:
        before, looked = _results(credential), clock.parse(credential["checked_at"])
        checked = await checking.credential_checks(self._node, credential, shared, others=others)
        if quiet and clock.now() - looked < KEPT_UNANSWERED and _less_is_known(before, _results(checked)):
            return credential  # nobody asked, and somebody did not answer: what was found last stands, with its age
        async with self._node.history_lock:
            # As it is now: several may be rechecking, a list may have been out of reach in between, and a badge may
            # have come or the credential have gone.
            known = await self._node.vault.get(CREDENTIAL, credential["id"])
            if known is None:
                return credential | checked
            if known.get("also") != credential.get("also"):
                checked |= _with_rows_of_others(known, checked)
            credential = known | checked | {"revocation_noted": known.get("revocation_noted", False)}
            puts = [Put(CREDENTIAL, credential["id"], credential)]
            if checking.is_revoked(credential) and not credential["revocation_noted"]:
                credential["revocation_noted"] = True
                record = Record.from_json(credential["record"])
                puts.append(
                    await history.next_entry(
                        self._node.vault,
                        at=clock.stamp(clock.now()),
                        kind="revoked",
                        party=credential["issuer"],
                        title=text(record.title),
                        outcome="revoked by the issuer",
                    )
                )
            await self._node.vault.put(*puts)
        if not quiet or _results(credential) != before:
            self._node.bus.publish("credential", id=credential["id"])
        return credential

    def _on_event(self, event: Event) -> None:
        """The issuer's agent says something was revoked: believe the published list, not the message."""
        if event.topic.startswith("revocation-notification"):
            self._node.objects.forget_lists()
            self._node.spawn(self._recheck_all(), "recheck after a revocation notice")

    async def _recheck_all(self) -> None:
        await self.recheck_all()


def _with_rows_of_others(known: Document, checked: Document) -> Document:
    """The new rows, and those about another form that came while they were being made."""
    made = {check["code"] for place in ("checks", "beside") for check in checked[place]}
    return {
        place: [
            *checked[place],
            *(
                check
                for check in known.get(place, [])
                if check["code"].startswith("also_") and check["code"] not in made
            ),
        ]
        for place in ("checks", "beside")
    }


def _results(credential: Document) -> dict[str, tuple[str, str]]:
    return {check["code"]: (check["result"], check["reason"]) for check in credential["checks"]}


def _less_is_known(before: dict[str, tuple[str, str]], after: dict[str, tuple[str, str]]) -> bool:
    return any(
        result == Result.UNKNOWN and before.get(code, (Result.UNKNOWN, ""))[0] != Result.UNKNOWN
        for code, (result, _) in after.items()
    )


def _aged(offer: Document) -> Document:
    if offer["state"] == "open" and clock.now() >= clock.parse(offer["expires_at"]):
        return offer | {"state": "expired"}
    return offer
