"""Read the folder of issuer profiles. Errors name the file, the line if it can be told, and the nearest key.

``<issuer>/profile.toml``, ``<issuer>/templates/<template>.toml``, ``<issuer>/targets/<target>.toml``.
``python -m issuer_profiles`` writes ``schema/*.json`` from `issuer_profiles.models`.
"""

from __future__ import annotations

import json
import re
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from issuer_profiles.errors import ProfileContentError, ProfileNotFoundError, ProfileSyntaxError
from issuer_profiles.models import Profile, Template
from issuer_profiles.targets import Target

ROOT: Final = Path(__file__).parent
MAX_FILE_BYTES: Final = 256 * 1024
KINDS: Final[dict[str, type]] = {"profile": Profile, "template": Template, "target": Target}


def list_profiles(root: Path = ROOT) -> tuple[str, ...]:
    """Ids of all issuers that have a profile, sorted."""
    return tuple(sorted(file.parent.name for file in root.glob("*/profile.toml")))


def load_profile(profile_id: str, root: Path = ROOT) -> Profile:
    """Raises `ProfileNotFoundError` with the nearest id in the hint, or another `ProfileError`."""
    known = list_profiles(root)
    if profile_id not in known:
        raise ProfileNotFoundError(
            "no_profile", "There is no issuer profile of that name.", _nearest(profile_id, known)
        )
    file = root / profile_id / "profile.toml"
    return _checked_id(_load(Profile, file, root), profile_id, file, root)


def load_templates(profile: Profile | str, root: Path = ROOT) -> tuple[Template, ...]:
    """All templates of one issuer, sorted by id."""
    folder = root / _known_id(profile, root) / "templates"
    return tuple(
        _checked_id(_load(Template, file, root), file.stem, file, root) for file in _toml_files(folder)
    )


def load_template(profile: Profile | str, template_id: str, root: Path = ROOT) -> Template:
    """Raises `ProfileNotFoundError` with the nearest id in the hint."""
    templates = {template.id: template for template in load_templates(profile, root)}
    if template_id not in templates:
        hint = _nearest(template_id, tuple(templates))
        raise ProfileNotFoundError("no_template", "The issuer has no template of that name.", hint)
    return templates[template_id]


def load_targets(root: Path = ROOT) -> tuple[Target, ...]:
    """The stack targets of all issuers, sorted by id, which no two may share."""
    files: dict[str, Path] = {}
    for profile_id in list_profiles(root):
        for file in _toml_files(root / profile_id / "targets"):
            if file.stem in files:
                raise ProfileContentError(
                    "duplicate_id",
                    "Another issuer has a target of that name.",
                    file=str(file.relative_to(root)),
                )
            files[file.stem] = file
    return tuple(
        _checked_id(load_target(file, root), name, file, root) for name, file in sorted(files.items())
    )


def load_target(file: Path, root: Path = ROOT) -> Target:
    """One target from any file."""
    return _load(Target, file, root)


def write_schemas(folder: Path = ROOT / "schema") -> None:
    """``profile.json``, ``template.json`` and ``target.json`` (JSON Schema 2020-12)."""
    for name in KINDS:
        (folder / f"{name}.json").write_text(schema_text(name), "utf-8")


def schema_text(name: str) -> str:
    schema = TypeAdapter(KINDS[name]).json_schema()
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"


# Building one costs more than reading a file with it.
_ADAPTERS: Final[dict[type, TypeAdapter[Any]]] = {kind: TypeAdapter(kind) for kind in KINDS.values()}


def _load[T](model: type[T], file: Path, root: Path) -> T:
    name = str(file.relative_to(root)) if file.is_relative_to(root) else file.name
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ProfileNotFoundError("no_file", "The file cannot be read.", file=name) from error
    if len(data) > MAX_FILE_BYTES:
        raise ProfileSyntaxError("too_large", f"The file is larger than {MAX_FILE_BYTES} bytes.", file=name)
    try:
        text = data.decode()
        parsed = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        line = re.search(r"at line (\d+)", str(error))
        raise ProfileSyntaxError(
            "not_toml", f"The file is not TOML: {error}.", file=name, line=int(line[1]) if line else 0
        ) from error
    try:
        # Through JSON, because only there does pydantic's strict mode take a list for a tuple.
        loaded: T = _ADAPTERS[model].validate_json(json.dumps(parsed, default=str))
        return loaded
    except ValidationError as error:
        raise _explain(model, error, text, name) from error


def _explain(model: type, error: ValidationError, text: str, file: str) -> ProfileContentError:
    """The first complaint, as one error; unknown keys first, since they often cause the others."""
    first = min(error.errors(), key=lambda item: item["type"] != "unexpected_keyword_argument")
    path = [part for part in first["loc"] if part != "[key]"]
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    hint = ""
    message = first["msg"].lower()
    if first["type"] == "unexpected_keyword_argument":
        message = "unknown key"
        hint = _nearest(str(path[-1]), _known_keys(model, path))
    return ProfileContentError(
        "bad_content", f"{where}: {message}.", hint, file=file, line=_line_of(path, text)
    )


def _known_keys(model: type, path: list[int | str]) -> tuple[str, ...]:
    """The keys that may stand where ``path`` ends, read from the model's JSON Schema."""
    root: dict[str, Any] = TypeAdapter(model).json_schema()

    def resolve(part: dict[str, Any]) -> dict[str, Any]:
        for option in (part, *part.get("anyOf", ())):
            if "$ref" in option:
                return resolve(root["$defs"][option["$ref"].rpartition("/")[2]])
        return part

    place = resolve(root)
    for step in path[:-1]:
        child = place.get("items", {}) if isinstance(step, int) else place.get("properties", {}).get(step, {})
        place = resolve(child)
    return tuple(place.get("properties", ()))


def _line_of(path: list[int | str], text: str) -> int:
    """The line on which the deepest key of ``path`` that occurs in the file stands; 0 if none does.

    A search, not a parse: with the n-th table of an array (``[[outcomes]]``) it starts at that table.
    """
    lines = text.splitlines()
    start = found = 0
    for position, part in enumerate(path):
        if isinstance(part, int):
            heads = [
                n
                for n, line in enumerate(lines)
                if re.match(rf"\s*\[\[{re.escape(str(path[position - 1]))}\]\]", line)
            ]
            start = heads[part] if part < len(heads) else start
            found = start + 1 if heads else found
            continue
        key = re.compile(rf"""(^|[\[\s{{,."']){re.escape(part)}["']?\s*([=\]]|\.\w)""")
        hit = next((n for n in range(start, len(lines)) if key.search(lines[n].split("#")[0])), None)
        if hit is not None:
            start, found = hit, hit + 1
    return found


def _checked_id[T: (Profile, Template, Target)](item: T, expected: str, file: Path, root: Path) -> T:
    if item.id != expected:
        raise ProfileContentError(
            "wrong_id",
            "The id is not the one that the file's name says.",
            f"Expected {expected}.",
            file=str(file.relative_to(root)),
        )
    return item


def _known_id(profile: Profile | str, root: Path) -> str:
    return profile.id if isinstance(profile, Profile) else load_profile(profile, root).id


def _toml_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.toml"))


def _nearest(name: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(name[:100], known, n=1, cutoff=0.4)
    return f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."
