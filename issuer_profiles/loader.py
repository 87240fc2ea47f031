"""Read the folder of issuer profiles. Errors name the file, the line and the nearest key.

``<issuer>/profile.toml``, ``<issuer>/templates/<template>.toml`` (earlier versions beside it, as
``<template>@<n>.toml``), ``<issuer>/targets/<target>.toml`` and ``<issuer>/versions.json``. Everything here
takes ``root``, the folder of profiles, and raises nothing but `ProfileError`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from issuer_profiles import versions
from issuer_profiles.errors import ProfileContentError, ProfileNotFoundError
from issuer_profiles.explain import explain, nearest
from issuer_profiles.models import Profile, Template
from issuer_profiles.positions import scan
from issuer_profiles.reading import LIMITS, read_toml
from issuer_profiles.targets import Target
from issuer_profiles.versions import Version

ROOT: Final = Path(__file__).parent
MAX_FILE_BYTES: Final = LIMITS.file_bytes
KINDS: Final[dict[str, type]] = {"profile": Profile, "template": Template, "target": Target}
_VERSIONED: Final = re.compile(r"(?P<id>[a-z][a-z0-9-]*)(@(?P<version>[1-9][0-9]{0,8}))?")


def list_profiles(root: Path = ROOT) -> tuple[str, ...]:
    """Ids of all issuers that have a profile, sorted."""
    return tuple(sorted(file.parent.name for file in root.glob("*/profile.toml")))


def is_id(name: str) -> bool:
    """Whether an issuer, a template or a target may be called so."""
    return len(name) <= 64 and re.fullmatch(r"[a-z][a-z0-9-]*", name) is not None


def load_profile(profile_id: str, root: Path = ROOT) -> Profile:
    """Raises `ProfileNotFoundError` with the nearest id in the hint, or another `ProfileError`."""
    known = list_profiles(root)
    if profile_id not in known:
        hint = nearest(profile_id, known)
        raise ProfileNotFoundError("no_profile", "There is no issuer profile of that name.", hint)
    file = root / profile_id / "profile.toml"
    return _checked_id(_load(Profile, file, root)[0], profile_id, file, root)


def load_templates(profile: Profile | str, root: Path = ROOT) -> tuple[Template, ...]:
    """The current version of each template of one issuer, sorted by id.

    Raises `ProfileVersionError` if one is not what was released under its version.
    """
    profile_id = _known_id(profile, root)
    released = released_versions(profile_id, root)
    files = template_files(profile_id, root)
    return tuple(load_file(file, root, released) for name, file in files.items() if "@" not in name)


def load_template(profile: Profile | str, template_id: str, root: Path = ROOT) -> Template:
    """``data-literacy``, or an earlier version of it: ``data-literacy@1``.

    Raises `ProfileNotFoundError` with the nearest id in the hint.
    """
    profile_id = _known_id(profile, root)
    released = released_versions(profile_id, root)
    files = template_files(profile_id, root)
    name, _, number = template_id.partition("@")
    if name not in files and template_id not in files:  # a withdrawn template has earlier versions only
        hint = nearest(name, sorted({each.partition("@")[0] for each in files}))
        raise ProfileNotFoundError("no_template", "The issuer has no template of that name.", hint)
    if template_id in files:
        return load_file(files[template_id], root, released)
    template = load_file(files[name], root, released)
    if number != str(template.version):
        earlier = sorted(each.partition("@")[2] for each in files if each.startswith(f"{name}@"))
        hint = f"There are: {', '.join([*earlier, str(template.version)])}."
        raise ProfileNotFoundError("no_version", "The template has no such version.", hint)
    return template


def load_versions(profile: Profile | str, root: Path = ROOT) -> tuple[Version, ...]:
    """Every version of every template of one issuer; of each the current one first, then the newest."""
    profile_id = _known_id(profile, root)
    released = released_versions(profile_id, root)
    found = []
    for name, file in template_files(profile_id, root).items():
        template = load_file(file, root, released)
        found.append(
            Version(
                template=template,
                state="released" if versions.key(template) in released else "draft",
                current="@" not in name,
                file=_name(file, root),
            )
        )
    return tuple(sorted(found, key=lambda each: (each.template.id, not each.current, -each.template.version)))


def load_targets(root: Path = ROOT) -> tuple[Target, ...]:
    """The stack targets of all issuers, sorted by id, which no two may share."""
    files: dict[str, Path] = {}
    for profile_id in list_profiles(root):
        for file in target_files(profile_id, root):
            if file.stem in files:
                raise ProfileContentError(
                    "duplicate_id", "Another issuer has a target of that name.", file=_name(file, root)
                )
            files[file.stem] = file
    return tuple(
        _checked_id(load_target(file, root), name, file, root) for name, file in sorted(files.items())
    )


def load_target(file: Path, root: Path = ROOT) -> Target:
    """One target from any file."""
    return _load(Target, file, root)[0]


def load_issuer_targets(profile_id: str, root: Path = ROOT) -> tuple[Target, ...]:
    """The stack targets of one issuer, sorted by id."""
    return tuple(
        _checked_id(load_target(file, root), file.stem, file, root)
        for file in target_files(_known_id(profile_id, root), root)
    )


def load_file(file: Path, root: Path, released: dict[str, str]) -> Template:
    """One template file whose name has been listed, held against what was ``released``."""
    template, text = _load(Template, file, root)
    named = _VERSIONED.fullmatch(file.stem)
    name = _name(file, root)
    if named is None:
        raise ProfileContentError(
            "bad_name", "The file's name is neither a template's id nor id@version.", file=name
        )
    _checked_id(template, named["id"], file, root)
    if named["version"] not in (None, str(template.version)):
        raise ProfileContentError(
            "wrong_version",
            "The version is not the one that the file's name says.",
            f"Expected {named['version']}.",
            file=name,
            line=scan(text).get(("version",), 0),
        )
    if not versions.unchanged(template, released):
        raise versions.changed_without_version(template, name, scan(text).get(("version",), 0))
    return template


def released_versions(profile_id: str, root: Path = ROOT) -> dict[str, str]:
    """What `issuer_profiles.versions.read` finds for one issuer."""
    return versions.read(root / profile_id, f"{profile_id}/{versions.FILE}")


def template_files(profile_id: str, root: Path) -> dict[str, Path]:
    """By what stands before ``.toml``, sorted by it; earlier versions have an ``@``."""
    return {file.stem: file for file in sorted((root / profile_id / "templates").glob("*.toml"))}


def target_files(profile_id: str, root: Path) -> list[Path]:
    return sorted((root / profile_id / "targets").glob("*.toml"))


def write_schemas(folder: Path = ROOT / "schema") -> None:
    """``profile.json``, ``template.json`` and ``target.json`` (JSON Schema 2020-12)."""
    for name in KINDS:
        (folder / f"{name}.json").write_text(schema_text(name), "utf-8")


def schema_text(name: str) -> str:
    schema = TypeAdapter(KINDS[name]).json_schema()
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"


# Building one costs more than reading a file with it.
_ADAPTERS: Final[dict[type, TypeAdapter[Any]]] = {}


def _adapter(model: type) -> TypeAdapter[Any]:
    if model not in _ADAPTERS:
        _ADAPTERS[model] = TypeAdapter(model)
    return _ADAPTERS[model]


def _load[T](model: type[T], file: Path, root: Path) -> tuple[T, str]:
    name = _name(file, root)
    parsed, text = read_toml(file, name)
    try:
        # Through JSON, because only there does pydantic's strict mode take a list for a tuple. Strict is said
        # here, too: pydantic forgets the models' own word where one of them is used in several places.
        loaded: T = _adapter(model).validate_json(json.dumps(parsed, default=str), strict=True)
    except ValidationError as error:
        raise explain(model, error, text, name) from error
    return loaded, text


def _name(file: Path, root: Path) -> str:
    """For messages: below ``root`` the path from there, elsewhere the last part; nothing of this machine."""
    return str(file.relative_to(root)) if file.is_relative_to(root) else file.name


def _checked_id[T: (Profile, Template, Target)](item: T, expected: str, file: Path, root: Path) -> T:
    if item.id != expected:
        raise ProfileContentError(
            "wrong_id",
            "The id is not the one that the file's name says.",
            f"Expected {expected}.",
            file=_name(file, root),
        )
    return item


def _known_id(profile: Profile | str, root: Path) -> str:
    return profile.id if isinstance(profile, Profile) else load_profile(profile, root).id
