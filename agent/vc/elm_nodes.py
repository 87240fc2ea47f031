"""The nodes of a European Digital Credential, made of a record. `agent.vc.elm` puts them together.

Each node has an address below the credential's own, so that one that stands in two places is one.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any, Final

from agent.core import vocabularies as words
from agent.core.grammar import LangMap
from agent.core.record import AwardingBody, Level, Outcome, Record
from agent.vc import elm_codes as codes
from agent.vc.elm_codes import Json, own
from agent.vc.elm_values import (
    UNDETERMINED,
    Accreditation,
    LegalIdentifier,
    distinct,
    duration,
    first_second,
    is_iri,
    last_second,
    many,
    place_of,
    places_of,
    said,
    tags_of,
    untagged,
)

_NO_LEVEL: Final = own("level", "not-applicable", label="level")


class Maker:
    """Makes the nodes of one document; each has an address below the credential's own."""

    def __init__(self, record: Record, base: str) -> None:
        self._record = record
        self._base = base

    def _node(self, kind: str, name: str, **members: object) -> Json:
        return said({"id": f"{self._base}#{name}", "type": kind, **members})

    def _note(self, name: str, text: LangMap, subject: Json | None = None) -> Json | None:
        return self._node("Note", name, noteLiteral=dict(text), subject=subject) if text else None

    def _identifier(self, name: str, scheme: str, notation: str | None) -> Json | None:
        return self._node("Identifier", name, notation=notation, schemeName=scheme) if notation else None

    def _location(self, name: str, place: Json) -> Json:
        address = self._node("Address", f"{name}-address", countryCode=place)
        return self._node("Location", name, address=address)

    # The credential and the people

    def display(self, picture: bytes | None) -> Json:
        tags = tags_of(self._record)
        known = [language for tag in tags if (language := codes.language(tag))]
        primary = known[0] if known else None
        return self._node(
            "DisplayParameter",
            "display",
            title=dict(self._record.title),
            primaryLanguage=primary,
            language=many(distinct(known)),
            individualDisplay=self._picture(picture, primary) if picture and primary else None,
        )

    def _picture(self, picture: bytes, language: Json) -> Json:
        image = self._node(
            "MediaObject",
            "display-image",
            contentType=codes.file_type("PNG"),
            contentEncoding=codes.listed(codes.BASE64),
            content=base64.b64encode(picture).decode(),
        )
        detail = self._node("DisplayDetail", "display-page", image=image, page=1)
        return self._node("IndividualDisplay", "display-view", language=language, displayDetail=detail)

    def person(self, subject_id: str, achievement: Json) -> Json:
        learner = self._record.learner
        return said(
            {
                "id": subject_id,
                "type": "Person",
                "givenName": untagged(learner.given_name),
                "familyName": untagged(learner.family_name),
                "fullName": untagged(learner.full_name),
                "dateOfBirth": first_second(learner.birth_date),
                "identifier": self._identifier("learner-id", "Cairn learner", learner.id),
                "hasClaim": achievement,
            }
        )

    def issuer(
        self, did: str, accreditation: Accreditation | None, legal_identifier: LegalIdentifier | None
    ) -> Json:
        issuer = self._record.issuer
        legal = None
        if legal_identifier is not None:
            legal = self._node(
                "LegalIdentifier",
                "issuer-eidas",
                notation=legal_identifier.number,
                spatial=codes.country(legal_identifier.country),
            )
        places = places_of(issuer.countries)
        located = bool(issuer.name and places)
        about = accreditation if accreditation is not None and accreditation.scope == "institution" else None
        return self._party(
            did,
            "issuer",
            issuer.name,
            places,
            eIDASIdentifier=legal,
            identifier=self._identifier("issuer-id", "Cairn registry", issuer.registry_id),
            **self._reviewed(about, {"id": did} if located else None),
        )

    def _party(self, id: str, key: str, name: LangMap, places: list[Json], **members: object) -> Json:
        """An Organisation has a name and a place (the shapes); a body without either is an Agent."""
        whole = bool(name and places)
        locations = [self._location(f"{key}-location-{number}", each) for number, each in enumerate(places)]
        return said(
            {
                "id": id,
                "type": "Organisation" if whole else "Agent",
                "legalName" if whole else "prefLabel": dict(name),
                "location": many(locations),
                **members,
            }
        )

    def _reviewed(self, found: Accreditation | None, organisation: Json | None) -> Json:
        """The member that says who reviewed: a whole accreditation, else a note."""
        if found is None:
            return {}
        kind = codes.ACCREDITATION["institution" if found.scope == "institution" else "programme"]
        place = codes.country(found.agency_country)
        report = None
        if found.report:
            report = self._node("WebResource", "review-report", contentURL=found.report)
        if place is None:
            text = (
                f"Quality assurance, {found.scope}: {found.title}, by {found.agency}. {found.report}".strip()
            )
            return {"additionalNote": self._note("review", {"en": text}, codes.listed(kind))}
        agency = self._node(
            "Organisation",
            "review-agency",
            legalName=untagged(found.agency),
            location=self._location("review-agency-location", place),
        )
        review = self._node(
            "Accreditation",
            "review",
            title={"en": found.title},
            dcType=codes.listed(kind),
            identifier=self._identifier("review-id", "registry", found.id),
            organisation=organisation,
            accreditingAgent=agency,
            dateIssued=first_second(found.valid_from),
            expiryDate=last_second(found.valid_until),
            report=report,
        )
        return {"accreditation": review}

    # The achievement

    def achievement(self, issuer: Json, accreditation: Accreditation | None) -> Json:
        record = self._record
        awarded = self._node(
            "AwardingProcess",
            "awarding",
            awardingBody=many(
                self._body(number, body, issuer) for number, body in enumerate(record.awarding_bodies)
            ),
            awardingDate=first_second(record.awarded_on),
        )
        notes = self._notes(codes.ACHIEVEMENT_NOTES)
        specified = self._assessment_specification()
        return self._node(
            "LearningAchievement",
            "achievement",
            title=dict(record.title),
            description=dict(record.description),
            identifier=self._identifier("record-id", "Cairn record", record.id),
            awardedBy=awarded,
            provenBy=self._assessment(awarded, specified),
            specifiedBy=self._specification(specified, accreditation),
            supplementaryDocument=many(
                self._node(
                    "WebResource", f"evidence-{number}", title=dict(each.description), contentURL=each.url
                )
                for number, each in enumerate(record.evidence)
            ),
            additionalNote=many(notes),
        )

    def _body(self, number: int, body: AwardingBody, issuer: Json) -> Json:
        status = None
        if body.status:
            label = words.PROVIDER_STATUS.get(body.status, body.status)
            status = own("provider-status", body.status, label=label)
        place = place_of(body, self._record)
        same = body.name in self._record.issuer.name.values() and issuer["type"] == "Organisation"
        if same and place in places_of(self._record.issuer.countries):
            return said({**issuer, "dcType": status})
        name = {UNDETERMINED: body.name}
        key = f"body-{number}"
        return self._party(f"{self._base}#{key}", key, name, [place] if place else [], dcType=status)

    def _specification(self, assessment: Json | None, accreditation: Accreditation | None) -> Json:
        record = self._record
        level = record.level or Level()
        stated = [_cycle(level), _national(level, record)]
        listed = [each for each in stated if each and "inScheme" in each]
        # EQF and national levels belong to a Qualification and to nothing else (ELM.ttl, their domain), also for a
        # micro-credential: the model's own sample of one is a Qualification.
        # So does an accreditation of a programme.
        about = accreditation if accreditation is not None and accreditation.scope != "institution" else None
        reviewed = self._reviewed(about, None)
        qualifies = level.eqf or listed or "accreditation" in reviewed
        notes = [*self._notes(codes.SPECIFICATION_NOTES), *self._more_notes(level)]
        if "additionalNote" in reviewed:
            notes.append(reviewed.pop("additionalNote"))
        hours, category = record.workload_hours, record.category
        setting = codes.LEARNING_SETTING.get(record.learning_type or "")
        return self._node(
            "Qualification" if qualifies else "LearningAchievementSpecification",
            "specification",
            title=dict(record.title),
            identifier=self._identifier("template", "Cairn template", record.template),
            category={"en": words.CATEGORIES.get(category, category)} if category else None,
            eqfLevel=codes.eqf(level.eqf) if level.eqf else None,
            nqfLevel=many(listed),
            educationLevel=many(each for each in stated if each and "inScheme" not in each),
            creditPoint=self._credit(),
            volumeOfLearning=duration(hours) if hours else None,
            mode=many(
                _concept(codes.PARTICIPATION, "participation", words.PARTICIPATION, each)
                for each in record.participation
            ),
            learningSetting=codes.listed(setting) if setting else None,
            language=many(distinct(language for tag in record.language if (language := codes.language(tag)))),
            entryRequirement=self._note("prerequisites", record.prerequisites),
            learningOutcome=many(self._outcome(number, each) for number, each in enumerate(record.outcomes)),
            provenBy=assessment,
            additionalNote=many(notes),
            **reviewed,
        )

    def _more_notes(self, level: Level) -> Iterable[Json]:
        """What has words of ours: no level, what it rests on, how its quality is assured."""
        if level.not_applicable:
            yield self._node("Note", "level-note", noteLiteral={"en": "No level applies."}, subject=_NO_LEVEL)
        basis, quality = self._record.assessment.basis, self._record.quality_assurance
        if basis:
            label = words.EVIDENCE_GRADES[basis]
            yield self._node(
                "Note", "basis", noteLiteral={"en": label}, subject=own("basis", basis, label=label)
            )
        if quality is None:
            return
        label = words.QUALITY_ASSURANCE.get(quality.type, quality.type)
        yield self._node(
            "Note",
            "quality-assurance",
            noteLiteral=dict(quality.statement) or {"en": f"Quality assurance: {label}"},
            subject=own("quality-assurance", quality.type, label=label),
        )
        if quality.agency:
            subject = own("quality-assurance-agency", quality.type, label="agency, as the issuer states it")
            yield self._node("Note", "agency", noteLiteral=untagged(quality.agency), subject=subject)

    def _outcome(self, number: int, outcome: Outcome) -> Json:
        skill: Json = {}
        if outcome.esco and is_iri(outcome.esco):
            if outcome.esco.startswith(codes.ESCO_SKILL):
                skill["relatedESCOSkill"] = codes.concept(outcome.esco, codes.ESCO_SCHEME)
            else:
                skill["relatedSkill"] = codes.concept(outcome.esco)
        note = None
        if outcome.dublin:
            label = words.DUBLIN[outcome.dublin]
            note = self._note(
                f"outcome-{number}-note", {"en": label}, own("dublin", outcome.dublin, label=label)
            )
        return self._node(
            "LearningOutcome", f"outcome-{number}", title=dict(outcome.text), additionalNote=note, **skill
        )

    def _credit(self) -> Json | None:
        credit = self._record.credit
        if credit is None:
            return None
        framework = _concept(codes.CREDIT, "credit", words.CREDIT_SYSTEMS, credit.system)
        return self._node("CreditPoint", "credit", framework=framework, point=credit.value)

    def _assessment_specification(self) -> Json | None:
        assessment, grade = self._record.assessment, self._record.grade
        if not (assessment.types or assessment.criteria or assessment.supervision or grade):
            return None
        kinds = [
            _concept(codes.ASSESSMENT, "assessment", words.ASSESSMENT_TYPES, each)
            for each in assessment.types
        ]
        labels = [words.ASSESSMENT_TYPES.get(each, each) for each in assessment.types]
        # One kind is the whole; of several, each is a part, since a specification has one type at most.
        parts = [
            self._node(
                "LearningAssessmentSpecification", f"assessed-{number}", title={"en": label}, dcType=kind
            )
            for number, (kind, label) in enumerate(zip(kinds, labels, strict=True))
        ]
        scheme = self._node("GradingScheme", "grading", title=untagged(grade.scale)) if grade else None
        return self._node(
            "LearningAssessmentSpecification",
            "assessed",
            title={"en": ", ".join(labels) or "assessment"},
            description=dict(assessment.criteria),
            dcType=kinds[0] if len(kinds) == 1 else None,
            hasPart=many(parts) if len(parts) > 1 else None,
            gradingScheme=scheme,
            additionalNote=self._supervision(),
        )

    def _supervision(self) -> Json | None:
        """The model has a place for it beside a grade only (`_assessment`)."""
        supervision = self._record.assessment.supervision
        if not supervision or self._record.grade is not None:
            return None
        label = words.SUPERVISION[supervision]
        return self._note("supervision", {"en": label}, own("supervision", supervision, label=label))

    def _assessment(self, awarded: Json, specified: Json | None) -> Json | None:
        """What was achieved in it: the model allows none without a grade."""
        record = self._record
        if record.grade is None:
            return None
        supervision = record.assessment.supervision
        checked = None
        if supervision:
            checked = _concept(codes.SUPERVISION, "supervision", words.SUPERVISION, supervision)
        return self._node(
            "LearningAssessment",
            "assessment",
            title=specified["title"] if specified else None,
            awardedBy=awarded,
            grade=self._note("grade", {UNDETERMINED: record.grade.value}),
            idVerification=checked,
            specifiedBy=specified,
        )

    def _notes(self, kinds: Mapping[str, str]) -> list[Json]:
        """The prose that the model has no member for, each under a subject of ours."""
        return [
            self._node("Note", f"note-{path}", noteLiteral=dict(text), subject=own("note", path, label=label))
            for path, label in kinds.items()
            if (text := _prose(self._record, path))
        ]


def _prose(record: Record, path: str) -> LangMap:
    found: Any = record
    for name in path.split("."):
        found = getattr(found, name) if found is not None else {}
    text: LangMap = found
    return text


def _concept(
    listed: Mapping[str, tuple[str, str, str]], vocabulary: str, labels: Mapping[str, str], word: str
) -> Json:
    if word in listed:
        return codes.listed(listed[word])
    return own(vocabulary, word, label=labels.get(word, word))


def _cycle(level: Level) -> Json | None:
    if level.qf_ehea is None:
        return None
    return own("qf-ehea", level.qf_ehea, label=f"QF-EHEA {words.QF_EHEA[level.qf_ehea]}")


def _national(level: Level, record: Record) -> Json | None:
    if level.nqf is None:
        return None
    framework, name = level.nqf.framework, level.nqf.level
    found = codes.national(framework, name, record.issuer.countries)
    return found or own("nqf", framework, name, label=f"{framework} {name}", language=UNDETERMINED)
