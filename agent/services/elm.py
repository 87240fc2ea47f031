"""The European Learning Model's files, and holding a document against them.

The files are the European Commission's and do not come with this software: `install` obtains them from an address
or a folder. What they must be is part of the software (`FILES`), so it does not matter whose address it is; other
content is refused and nothing is changed. They lie under ``target/<commit>``, written aside and renamed: what
was installed before stays until the whole is there.

`validate` runs in a process of its own (`agent.services.elm_worker`), with limits on time and memory and without
a network: applying the shapes is slow, and the document is a stranger's.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from agent.core.verdict import Check, Evidence, Result
from agent.errors import (
    CairnError,
    ConflictError,
    InputError,
    NotFoundError,
    UnreachableError,
    UntrustedError,
)
from agent.net.fetch import Fetched
from agent.vc.elm_codes import COMMIT, VERSION
from agent.vc.elm_shapes import Finding, violations
from agent.vc.elm_values import Accreditation
from trust_registry.models import ASSURED, Decision

DEFAULT_URL: Final = (
    f"https://raw.githubusercontent.com/european-commission-empl/European-Learning-Model/{COMMIT}"
)
MAX_DOCUMENT_BYTES: Final = 4 * 1024 * 1024  # pictures are inside
MAX_DEPTH: Final = 64
SECONDS: Final = 60.0
MEMORY_BYTES: Final = 1024 * 1024 * 1024
_MAX_ANSWER_BYTES: Final = 2 * 1024 * 1024
_HINT: Final = "Get the files with 'cairn elm install'."


@dataclass(frozen=True, slots=True)
class File:
    """``path`` in the model's repository, ``size`` in bytes."""

    path: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]


FILES: Final = (
    File(
        "rdf/ap/edc/edc-ap-context.jsonld",
        22601,
        "528f8a0e86dbbec7db2216c61806e6311feedac77a51d1a38b0a1d49e4c337fb",
    ),
    File(
        "rdf/ap/edc/EDC-generic-no-cv.ttl",
        203082,
        "14e691293cad67283301f032b946fdf104687547327bfd0eef747afa3316115d",
    ),
    File(
        "rdf/ap/edc/EDC-generic-full.ttl",
        20312,
        "5e409f5bb79e0013867f63b8e5174ae4013bb971a0d729fd77ba2fb531e1be8b",
    ),
    File("rdf/ontology/ELM.ttl", 82807, "92fb48856865e15c0d50fdce1ec3f4a3635a6e82cd081d94267d94ecea7f7d3c"),
    File(
        "rdf/samples/credential-sample.jsonld",
        4843,
        "f88c6e5856b39cd7ddcb0a190e82bb586873fb0550c85871189c58029e822ea5",
    ),
    File(
        "rdf/samples/credential-sample-turtle.ttl",
        2917,
        "fb370cd4b133f454972d9ee10f32a54431300e974eb80637167e4e20379b71b0",
    ),
)


class Fetcher(Protocol):
    """`agent.net.fetch.SafeFetcher`."""

    async def get(self, url: str, *, max_bytes: int) -> Fetched: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """``result``: pass when the shapes hold, fail when a finding is a violation, unknown with ``reason``.

    ``dropped``: members of the document that no context defines, so that no reader of the model sees them.
    """

    result: Result
    reason: str = ""
    detail: str = ""
    hint: str = ""
    findings: tuple[Finding, ...] = ()
    dropped: tuple[str, ...] = ()

    @property
    def beyond(self) -> tuple[Finding, ...]:
        """The violations that the official sample does not have itself."""
        return tuple(each for each in violations(self.findings) if not each.known)

    def check(self) -> Check:
        """As one row of a verdict."""
        findings = tuple(Evidence("finding", each.path, value=each.message) for each in self.findings)
        return Check("elm", VERSION, self.result, self.reason, self.detail, evidence=findings)

    def to_json(self) -> dict[str, Any]:
        return {
            "result": str(self.result),
            "reason": self.reason,
            "detail": self.detail,
            "hint": self.hint,
            "model": VERSION,
            "findings": [each.to_json() for each in self.findings],
            "beyond_the_official_sample": len(self.beyond),
            "dropped": list(self.dropped),
        }


async def install(source: str | Path, target: Path, fetcher: Fetcher | None = None) -> Path:
    """Obtain the files from an address (as the model's repository lays them out) or a folder (likewise, or flat).

    Returns the folder they are in. Raises `UntrustedError` wrong_digest, `UnreachableError`, `InputError` no_file
    or too_large, `ConflictError` not_written, and what the fetcher raises; nothing is changed then.
    """
    contents: dict[str, bytes] = {}
    for file in FILES:
        if isinstance(source, Path):
            data = _from_folder(source, file)
        elif fetcher is not None:
            data = await _from_address(source, file, fetcher)
        else:
            raise InputError("bad_url", "An address needs something that fetches.")
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise UntrustedError(
                "wrong_digest",
                f"{file.name} is not the published file.",
                f"Expected is the file of commit {COMMIT[:8]} of the model's repository.",
            )
        contents[file.name] = data
    try:
        _put(target, contents)
    except OSError as error:
        raise ConflictError("not_written", f"{target} cannot be written: {error.strerror}.") from None
    return folder_of(target)


def folder_of(target: Path) -> Path:
    """Where the files of this version lie, installed or not."""
    return target / COMMIT[:8]


def read(target: Path) -> Mapping[str, bytes]:
    """The installed files by name. Raises `NotFoundError` not_installed, `UntrustedError` wrong_digest."""
    folder = folder_of(target)
    contents = {}
    for file in FILES:
        try:
            with (folder / file.name).open("rb") as stream:
                data = stream.read(file.size + 1)
        except OSError:
            raise NotFoundError(
                "not_installed", "The European Learning Model's files are not installed.", _HINT
            ) from None
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise UntrustedError("wrong_digest", f"The installed {file.name} was changed.", _HINT)
        contents[file.name] = data
    return contents


def validate(document: dict[str, Any], target: Path, *, seconds: float = SECONDS) -> Report:
    """Hold a document against the installed shapes; see `validate_bytes`."""
    return validate_bytes(json.dumps(document).encode(), target, seconds=seconds)


def validate_bytes(data: bytes, target: Path, *, seconds: float = SECONDS) -> Report:
    """Hold a document, as it came, against the installed shapes.

    What prevents an answer is unknown: not_installed, wrong_digest, too_long, validator_failed. Raises `InputError`
    when the document cannot be read: too_large, not_json, too_deep, duplicate_member, not_elm, not_jsonld,
    unknown_context, context_override, too_complex.
    """
    if len(data) > MAX_DOCUMENT_BYTES:
        raise InputError("too_large", f"The document has more than {MAX_DOCUMENT_BYTES} bytes.")
    try:
        read(target)
    except CairnError as error:
        return Report(result=Result.UNKNOWN, reason=error.code, detail=error.detail, hint=error.hint)
    # -P: nothing is imported from the folder that the user happens to be in.
    command = [sys.executable, "-P", "-m", "agent.services.elm_worker", str(target.absolute())]
    environment = {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
    }
    try:
        done = subprocess.run(
            command,
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # the libraries' warnings quote the document
            timeout=seconds,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _failed("too_long", f"Holding the document against the shapes took more than {seconds:g} s.")
    except OSError:
        return _failed("validator_failed", "The validator could not be started.")
    return _report(done.returncode, done.stdout)


def accreditation_of(decision: Decision | None) -> Accreditation | None:
    """What a registry's decision says of who reviewed; None when it does not say that somebody did.

    A decision does not hold the agency's country, so that the export says it in a note.
    """
    if decision is None or decision.outcome not in ASSURED:
        return None
    chain = {link.role: link for link in decision.authority_chain}
    if "report" not in chain or "agency" not in chain:
        return None
    report = chain["report"]
    return Accreditation(
        title=", ".join(
            filter(None, (report.name, report.note))
        ),  # the note says when a report is illustrative
        agency=chain["agency"].name,
        scope=str(decision.scope),
        id=report.id,
        report=report.url,
    )


def _failed(reason: str, detail: str) -> Report:
    return Report(result=Result.UNKNOWN, reason=reason, detail=detail)


def _report(code: int, answer: bytes) -> Report:
    crashed = _failed("validator_failed", "The validator ended without an answer.")
    if code != 0 or len(answer) > _MAX_ANSWER_BYTES:
        return crashed
    try:
        found = json.loads(answer)
        if "error" in found:
            error = found["error"]
            if error["kind"] == "input":
                raise InputError(error["code"], error["detail"], error["hint"])
            return _failed("validator_failed", error["detail"])
        findings = tuple(Finding(**each) for each in found["findings"])
        dropped = tuple(found["dropped"])
    except (ValueError, TypeError, KeyError):
        return crashed
    broken = violations(findings)
    beyond = sum(1 for each in broken if not each.known)
    if not broken:
        return Report(result=Result.PASS, detail="The shapes hold.", findings=findings, dropped=dropped)
    return Report(
        result=Result.FAIL,
        reason="violations" if beyond else "violations_of_the_sample",
        detail=f"{len(broken)} violations, {beyond} of them beyond those of the official sample.",
        findings=findings,
        dropped=dropped,
    )


def _from_folder(folder: Path, file: File) -> bytes:
    for path in (folder / file.name, folder / file.path):
        try:
            with path.open("rb") as stream:
                return stream.read(file.size + 1)  # one more shows that it is another file
        except OSError:
            continue
    raise InputError("no_file", f"{file.name} is not in {folder}, or cannot be read.")


async def _from_address(address: str, file: File, fetcher: Fetcher) -> bytes:
    answer = await fetcher.get(f"{address.rstrip('/')}/{file.path}", max_bytes=file.size)
    if answer.status != 200:
        host = urlsplit(address).hostname
        raise UnreachableError(
            "not_there", f"{host} does not have {file.name} (status {answer.status}).", "Try --from ADDRESS."
        )
    return answer.content


def _put(target: Path, contents: Mapping[str, bytes]) -> None:
    """Write aside, then rename: whoever looks sees all the files or, as before, none."""
    folder = folder_of(target)
    target.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=target, prefix=".", suffix=".part"))
    try:
        draft.chmod(0o755)
        for name, data in contents.items():
            with (draft / name).open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
        aside = None
        if folder.exists():  # of the same version: damaged, or equal to what replaces it
            aside = Path(tempfile.mkdtemp(dir=target, prefix=".", suffix=".old"))
            folder.rename(aside / folder.name)
        draft.rename(folder)
        if aside is not None:
            shutil.rmtree(aside, ignore_errors=True)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
