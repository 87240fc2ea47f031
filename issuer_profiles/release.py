"""Release versions of templates, and begin new ones: what writes into a folder of profiles."""

from __future__ import annotations

import re
from pathlib import Path

from issuer_profiles import versions
from issuer_profiles.errors import ProfileContentError, ProfileVersionError, ProfileWriteError
from issuer_profiles.lint import placeholders
from issuer_profiles.loader import (
    ROOT,
    load_template,
    load_versions,
    released_versions,
    template_files,
)
from issuer_profiles.positions import scan
from issuer_profiles.reading import read_toml


def release(profile_id: str, root: Path = ROOT) -> tuple[str, ...]:
    """Record the digest of every draft of one issuer; gives what was released now, as ``id@version``.

    What has been released is never recorded anew. Raises `ProfileError`: for anything that cannot be loaded,
    for `ProfileVersionError` see `issuer_profiles.versions`.
    """
    held = load_versions(profile_id, root)
    released = released_versions(profile_id, root)
    for code, sentence, file in versions.problems(held, released):
        raise ProfileVersionError(code, sentence, file=file)
    for each in held:
        if each.state == "draft" and placeholders(each.template):
            raise ProfileVersionError(
                "placeholder", "It still says TODO; nothing was released.", file=each.file
            )
    drafts = {versions.key(each.template): versions.digest(each.template) for each in held}
    fresh = {name: value for name, value in drafts.items() if name not in released}
    if fresh:
        versions.write(root / profile_id, f"{profile_id}/{versions.FILE}", {**released, **fresh})
    return tuple(sorted(fresh, key=versions.by_number))


def revise(profile_id: str, template_id: str, root: Path = ROOT) -> str:
    """Begin the next version of a released template; gives its ``id@version``, a draft as yet.

    The released file stays beside it, byte by byte, as ``<id>@<n>.toml``. Raises `ProfileError`, with code
    ``not_released`` for a draft, which can simply be edited.
    """
    template = load_template(profile_id, template_id.partition("@")[0], root)
    file = template_files(profile_id, root)[template.id]
    name = f"{profile_id}/templates/{file.name}"
    if versions.key(template) not in released_versions(profile_id, root):
        raise ProfileVersionError(
            "not_released", "This version was never released; edit it as it is.", file=name
        )
    _, text = read_toml(file, name)
    lines = text.split("\n")
    number = scan(text)[("version",)]
    line, found = re.subn(
        rf"=(\s*){template.version}\b", rf"=\g<1>{template.version + 1}", lines[number - 1], count=1
    )
    if not found:
        raise ProfileContentError(
            "bad_content", "Write the version as a plain number.", file=name, line=number
        )
    lines[number - 1] = line
    kept, fresh = file.with_name(f"{versions.key(template)}.toml"), file.with_name(f".{file.name}.new")
    try:
        with kept.open("x", encoding="utf-8", newline="") as stream:
            try:
                stream.write(text)
                fresh.write_text("\n".join(lines), "utf-8", newline="")
                fresh.replace(file)
            except OSError:  # as it was before: nothing is released twice, and nothing is in the way
                kept.unlink(missing_ok=True)
                raise
            finally:
                fresh.unlink(missing_ok=True)
    except FileExistsError as error:
        raise ProfileWriteError("exists", f"{kept.name} is there already.", file=name) from error
    except OSError as error:
        raise ProfileWriteError("not_written", "The file cannot be written.", file=name) from error
    return f"{template.id}@{template.version + 1}"
