"""A record as a European Digital Credential: European Learning Model 3, EDC application profile, JSON-LD.

What a document says is what the record says, and nothing else: a member that the model asks for and the record
lacks is left out and named by `missing`; what the record says and the model has no place for is named by
`not_carried`. The model's documents are data model 1.1 (its context imports it), and unsigned as they leave here.

Three choices run through everything (docs/decisions/0022-elm.md):

* A text that has no language in the record (a name, a grade) is tagged ``und``, undetermined (BCP 47, 4.1): the
  shapes want every text tagged, and which language a name is in is not ours to say.
* Days become the first second of the day in UTC, and an expiry its last: the record knows days only.
* A word without a concept in the European lists keeps a ``urn:cairn:`` concept, and a body whose country is not
  stated is an Agent, of which the model asks nothing, instead of an Organisation, which must have a place.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from agent.core.record import Record
from agent.errors import InputError
from agent.vc import elm_codes as codes
from agent.vc.elm_codes import Json
from agent.vc.elm_nodes import Maker
from agent.vc.elm_reading import from_elm
from agent.vc.elm_values import (
    Accreditation,
    LegalIdentifier,
    is_iri,
    last_second,
    place_of,
    places_of,
    said,
    tags_of,
)

__all__ = ["Accreditation", "LegalIdentifier", "from_elm", "missing", "not_carried", "to_elm"]

_PNG = b"\x89PNG\r\n\x1a\n"


def to_elm(
    record: Record,
    *,
    issuer_did: str,
    credential_id: str,
    subject_id: str,
    issued: datetime,
    accreditation: Accreditation | None = None,
    legal_identifier: LegalIdentifier | None = None,
    picture: bytes | None = None,
) -> Json:
    """The unsigned credential. ``picture`` is a PNG of it, which the profile asks for.

    Raises `InputError`: bad_id for an identifier that is no absolute address, bad_time for a time without zone,
    bad_picture for something else than a PNG.
    """
    for name, value in (("credential", credential_id), ("subject", subject_id), ("issuer", issuer_did)):
        if ":" not in value or not is_iri(value) or (name == "credential" and "#" in value):
            raise InputError("bad_id", f"The {name}'s identifier cannot be used in a European credential.")
    if issued.tzinfo is None:
        raise InputError("bad_time", "The time of issue has no time zone.")
    if picture is not None and not picture.startswith(_PNG):
        raise InputError("bad_picture", "The picture of the credential is not a PNG.")
    make = Maker(record, credential_id)
    issuer = make.issuer(issuer_did, accreditation, legal_identifier)
    moment = issued.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    until = last_second(record.expires_on)
    return said(
        {
            "@context": [codes.VC_CONTEXT, codes.EDC_CONTEXT],
            "id": credential_id,
            "type": ["VerifiableCredential", "EuropeanDigitalCredential"],
            "credentialProfiles": codes.listed(codes.GENERIC),
            "displayParameter": make.display(picture),
            "credentialSchema": {"id": codes.PROFILE, "type": "ShaclValidator2017"},
            "issuer": issuer,
            "issuanceDate": moment,
            "issued": moment,
            "validFrom": moment,
            "validUntil": until,
            "expirationDate": until,
            "credentialSubject": make.person(subject_id, make.achievement(issuer, accreditation)),
        }
    )


def missing(
    record: Record,
    accreditation: Accreditation | None = None,
    legal_identifier: LegalIdentifier | None = None,
    picture: bytes | None = None,
) -> tuple[str, ...]:
    """What the profile requires and the export cannot say, in words for people. Each is a violation of the shapes,
    except those about a body's or an agency's country, whose absence is said in a weaker form instead.
    """
    lacks = (
        (not record.title, "title"),
        (not tags_of(record), "a language of the credential that the European list has"),
        (not record.issuer.name, "name of the issuer"),
        (not places_of(record.issuer.countries), "country of the issuer"),
        (legal_identifier is None, "eIDAS legal identifier of the issuer"),
        (not record.awarding_bodies, "awarding body"),
        (
            any(place_of(body, record) is None for body in record.awarding_bodies),
            "country of an awarding body",
        ),
        (picture is None, "picture of the credential"),
        (
            accreditation is not None and codes.country(accreditation.agency_country) is None,
            "country of the agency that reviewed",
        ),
    )
    return tuple(what for lacking, what in lacks if lacking)


def not_carried(record: Record) -> tuple[str, ...]:
    """The members of the record that the document does not hold, as paths such as ``provision.starts_on``."""
    quality, recognition, provision = record.quality_assurance, record.recognition, record.provision
    beside: dict[str, Any] = {
        "articulates_with": record.articulates_with,
        "evidence.sha256": any(each.sha256 for each in record.evidence),
        "outcomes.esco": any(each.esco and not is_iri(each.esco) for each in record.outcomes),
        "issuer.countries": len(places_of(record.issuer.countries)) < len(record.issuer.countries),
        "learning_type": record.learning_type is not None
        and record.learning_type not in codes.LEARNING_SETTING,
    }
    if quality is not None:
        for name in ("accreditation", "standard", "assurance"):
            beside[f"quality_assurance.{name}"] = getattr(quality, name)
    if recognition is not None:
        for name in ("stackability", "credit_only_when_stacked_with", "leads_to", "supersedes"):
            beside[f"recognition.{name}"] = getattr(recognition, name)
    if provision is not None:
        for name in ("starts_on", "ends_on", "self_paced", "jurisdiction"):
            beside[f"provision.{name}"] = getattr(provision, name)
    return tuple(name for name, value in beside.items() if value)
