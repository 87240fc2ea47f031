"""Admin routes that ACA-Py lacks: signing (`agent.plugin.signing`), publishing a list that only the wallet has,
and sending a presentation again.

ACA-Py writes a revocation into its wallet first, publishes second, and answers success even when the second
step failed; asked again, it finds the credential revoked already and does nothing. `publish_list` makes the
second step repeatable.

It notes a presentation as sent first and hands it to a queue in memory second; a crash in between loses the
message and keeps the note. `resend_presentation` makes that step repeatable too: the same proof on the same thread.
"""

from __future__ import annotations

from acapy_agent.admin.decorators.auth import tenant_authentication
from acapy_agent.anoncreds.base import AnonCredsObjectNotFound, BaseAnonCredsError
from acapy_agent.anoncreds.models.revocation import RevList
from acapy_agent.anoncreds.registry import AnonCredsRegistry
from acapy_agent.anoncreds.revocation import AnonCredsRevocation
from acapy_agent.core.profile import Profile
from acapy_agent.protocols.present_proof.v2_0.messages.pres import V20Pres
from acapy_agent.protocols.present_proof.v2_0.models.pres_exchange import V20PresExRecord
from acapy_agent.storage.error import StorageNotFoundError
from aiohttp import web

from agent.plugin import signing

PUBLISH_LIST = "/cairn/revocation-lists/publish"
RESEND = "/cairn/presentations/{pres_ex_id}/resend"


async def register(app: web.Application) -> None:
    """Called by ACA-Py."""
    app.add_routes(
        [
            web.post(PUBLISH_LIST, publish_list),
            web.post(RESEND, resend_presentation),
            web.post(signing.SIGN, signing.sign),
        ]
    )


@tenant_authentication  # type: ignore[untyped-decorator]
async def publish_list(request: web.Request) -> web.Response:
    """``{"rev_reg_id"}`` → ``{"published": bool}``: false when the newest published list says it all already.

    404 for a registry that this wallet did not make, 502 when publishing failed.
    """
    profile = request["context"].profile
    rev_reg_id = (await request.json()).get("rev_reg_id")
    revocation = AnonCredsRevocation(profile)
    definition = await revocation.get_created_revocation_registry_definition(str(rev_reg_id))
    ours = await revocation.get_created_revocation_list(str(rev_reg_id))
    if definition is None or ours is None:
        raise web.HTTPNotFound(reason="No such revocation registry in this wallet")
    registry = profile.inject(AnonCredsRegistry)
    try:
        known = await _published(profile, registry, ours)
        changed = [
            index
            for index, (old, new) in enumerate(zip(known.revocation_list, ours.revocation_list, strict=True))
            if old != new
        ]
        if changed:
            await registry.update_revocation_list(profile, definition, known, ours, changed)
    except (BaseAnonCredsError, ValueError) as error:
        raise web.HTTPBadGateway(reason="The revocation list could not be published") from error
    return web.json_response({"published": bool(changed)})


async def _published(profile: Profile, registry: AnonCredsRegistry, ours: RevList) -> RevList:
    """The newest list that the service serves; one without any revocation when there is none."""
    try:
        return (await registry.get_revocation_list(profile, ours.rev_reg_def_id)).revocation_list
    except AnonCredsObjectNotFound:
        return RevList.deserialize(ours.serialize() | {"revocationList": [0] * len(ours.revocation_list)})


@tenant_authentication  # type: ignore[untyped-decorator]
async def resend_presentation(request: web.Request) -> web.Response:
    """``{}`` → ``{"sent": bool}``: the presentation that was made, once more; false when it was acknowledged.

    404 for an exchange that is not there, 400 for one in which nothing was presented from here.
    """
    profile = request["context"].profile
    try:
        async with profile.session() as session:
            exchange = await V20PresExRecord.retrieve_by_id(session, request.match_info["pres_ex_id"])
    except StorageNotFoundError:
        raise web.HTTPNotFound(reason="No such presentation exchange") from None
    made = exchange.pres
    if exchange.role != V20PresExRecord.ROLE_PROVER or made is None:
        raise web.HTTPBadRequest(reason="Nothing was presented from here")
    if exchange.state != V20PresExRecord.STATE_PRESENTATION_SENT:
        return web.json_response({"sent": False})
    message = V20Pres(formats=made.formats, presentations_attach=made.presentations_attach)
    message.assign_thread_from(exchange.pres_request)
    await request["outbound_message_router"](message, connection_id=exchange.connection_id)
    return web.json_response({"sent": True})
