"""Released versions of templates: a change of criteria is a new version, and what was issued keeps its own.

``versions.json`` beside ``profile.toml`` holds the SHA-256 of every version that was ever released. It is
JSON because only ``cairn profile release`` writes it. Why, and what is not covered: docs/decisions/0011.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from issuer_profiles.errors import ProfileSyntaxError, ProfileVersionError, ProfileWriteError
from issuer_profiles.models import Template
from issuer_profiles.reading import read_bytes

FILE: Final = "versions.json"
# What explains a template without being part of what a learner is awarded; ``format`` is the file's own.
NOT_CRITERIA: Final = frozenset({"format", "sources", "synthetic"})
_KEY: Final = re.compile(r"[a-z][a-z0-9-]{0,63}@[1-9][0-9]{0,8}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """``current`` is the one that new offers are made from; a draft is in nobody's hands yet."""

    template: Template
    state: Literal["released", "draft"]
    current: bool
    file: str


def key(template: Template) -> str:
    """``data-literacy@1``."""
    return f"{template.id}@{template.version}"


def digest(template: Template) -> str:
    """SHA-256 (hex) of the criteria in canonical form: what they say, not how the file is laid out.

    Members that are absent and members at their empty default are alike, so that another optional member in
    the models changes no digest.
    """
    criteria = {name: value for name, value in plain(template).items() if name not in NOT_CRITERIA}
    canonical = json.dumps(criteria, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def read(folder: Path, name: str) -> dict[str, str]:
    """``{"data-literacy@1": sha256}``; empty if nothing was ever released. Raises `ProfileError`."""
    if not os.path.lexists(folder / FILE):
        return {}
    data = read_bytes(folder / FILE, name)
    try:
        document = json.loads(data, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise ProfileSyntaxError("not_json", "The file is not JSON.", file=name) from error
    released = document.get("released") if isinstance(document, dict) else None
    if (
        not isinstance(released, dict)
        or document.keys() != {"format", "released"}
        or document["format"] != 1
        or not all(_KEY.fullmatch(each) for each in released)
        or not all(isinstance(each, str) and _SHA256.fullmatch(each) for each in released.values())
    ):
        raise ProfileSyntaxError(
            "bad_versions",
            "The file is not a list of released versions.",
            "Only 'cairn profile release' writes it.",
            file=name,
        )
    return released


def write(folder: Path, name: str, released: Mapping[str, str]) -> None:
    """The whole file or nothing. Raises `ProfileWriteError`."""
    document = {"format": 1, "released": dict(sorted(released.items(), key=lambda item: by_number(item[0])))}
    fresh = folder / f".{FILE}.{os.getpid()}"
    try:
        try:
            with fresh.open("w", encoding="utf-8") as stream:
                stream.write(json.dumps(document, indent=2) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
            fresh.replace(folder / FILE)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise ProfileWriteError("not_written", "The file cannot be written.", file=name) from error


def unchanged(template: Template, released: Mapping[str, str]) -> bool:
    """Whether it is what was released under its version, or a draft."""
    recorded = released.get(key(template))
    return recorded is None or recorded == digest(template)


def changed_without_version(template: Template, file: str, line: int) -> ProfileVersionError:
    return ProfileVersionError(
        "changed_without_version",
        f"Version {template.version} was released with other criteria.",
        f"Undo the change, run 'cairn profile revise', and make it in version {template.version + 1}.",
        file=file,
        line=line,
    )


def by_number(name: str) -> tuple[str, int]:
    """Sorts ``a@2`` before ``a@10``."""
    id, _, number = name.partition("@")
    return id, int(number)


def problems(versions: Iterable[Version], released: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(code, sentence, file): what is wrong with the versions beside one another, each good in itself."""
    held = list(versions)
    found = []
    present = {key(each.template) for each in held}
    current = {each.template.id: each for each in held if each.current}
    for each in held:
        now = current.get(each.template.id)
        if now and not each.current and each.template.version >= now.template.version:
            found.append(("not_earlier", f"The current version is {now.template.version}.", each.file))
    for name in sorted(released.keys() - present, key=by_number):
        id, _, number = name.partition("@")
        now = current.get(id)
        if now and int(number) > now.template.version:
            found.append(
                ("version_went_back", f"Version {number} was released, this is an earlier one.", now.file)
            )
        else:
            found.append(
                (
                    "version_missing",
                    f"{name} was released, and its file is gone: templates/{name}.toml.",
                    now.file if now else "",
                )
            )
    return found


def plain(value: Any) -> Any:
    """Dataclasses as JSON values, without members that are absent or at their empty default."""
    if dataclasses.is_dataclass(value):
        pairs = ((field.name, plain(getattr(value, field.name))) for field in dataclasses.fields(value))
        return {name: item for name, item in pairs if item not in (None, False, {}, [])}
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):  # of two digests under one key, which one holds?
        raise ValueError("a key stands twice")
    return found
