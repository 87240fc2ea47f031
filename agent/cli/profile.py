"""What whoever prepares an issuer does: look at profiles, check them, begin one, release its templates.

No agent and no network: the commands read a folder of profiles, the package's own unless ``--root`` says another.
Exit codes: 0 nothing wrong, 1 an error in the files, 2 what was asked for is not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli.io import Json, out, out_json, say, show_error, usage
from agent.core.record import text
from agent.errors import EXIT_FAILED, CairnError, InputError, NotFoundError
from issuer_profiles import checklist as points
from issuer_profiles import lint as files
from issuer_profiles import loader, release, skeleton, versions
from issuer_profiles.errors import ProfileError, ProfileNotFoundError
from issuer_profiles.models import Profile, Template
from issuer_profiles.targets import Target

app = typer.Typer(
    help="Issuer profiles: look at them, check them, begin one, release templates.", no_args_is_help=True
)

Root = Annotated[
    Path,
    typer.Option(
        "--root",
        metavar="DIR",
        exists=True,
        file_okay=False,
        show_default=False,
        help="The folder of profiles; default: those of this program.",
    ),
]
One = Annotated[str, typer.Argument(help="A profile's id, or its folder.", metavar="ID")]

MARKS = {"error": "✗ error", "warning": "! warning", "information": "· information"}
ANSWERS = {"met": "✓ met", "not met": "✗ not met", "cannot be told": "? cannot be told"}


@contextmanager
def _told() -> Iterator[None]:
    """Errors of the files as every other error of this command line."""
    try:
        yield
    except ProfileError as error:
        kind = NotFoundError if isinstance(error, ProfileNotFoundError) else InputError
        detail = f"{error.where}: {error.detail}" if error.where else error.detail
        show_error(kind(error.code, detail, error.hint))
        raise typer.Exit(kind.exit_code) from None
    except CairnError as error:
        show_error(error)
        raise typer.Exit(error.exit_code) from None


def _found(id_or_folder: str, root: Path) -> tuple[str, Path]:
    """(id, the folder of profiles that it is in). Raises `ProfileNotFoundError`, `typer.Exit`."""
    if id_or_folder in loader.list_profiles(root):
        return id_or_folder, root
    folder = Path(id_or_folder)
    if folder.is_dir():
        if (folder / "profile.toml").exists():
            folder = folder.resolve()  # "." has a name, too
            return folder.name, folder.parent
        raise usage(f"There is no profile.toml in {id_or_folder}.", "A profile is a folder with that file.")
    loader.load_profile(id_or_folder, root)
    return id_or_folder, root


@app.command("list")
def list_(*, root: Root = loader.ROOT, json_: Json = False) -> None:
    """All profiles: who, where, how many templates and targets."""
    broken = False
    documents: list[dict[str, Any]] = []
    for id in loader.list_profiles(root):
        try:
            documents.append(_summary(loader.load_profile(id, root), root))
        except ProfileError as error:
            broken = True
            documents.append({"id": id, "error": error.diagnostics()})
    if json_:
        out_json({"profiles": documents})
    for each in [] if json_ else documents:
        if "error" in each:
            out(f"{each['id']}  {MARKS['error']}: {each['error']}")
            continue
        counts = f"{_many(each['templates'], 'template')}, {_many(each['targets'], 'target')}"
        marker = "  ·  illustrative" if each["illustrative"] else ""
        out(f"{each['id']}  {each['name']}  ·  {', '.join(each['countries'])}  ·  {counts}{marker}")
    if not documents and not json_:
        out("No profiles. Begin one: cairn profile new ID")
    if broken:
        raise typer.Exit(EXIT_FAILED)


def _summary(profile: Profile, root: Path) -> dict[str, Any]:
    return {
        "id": profile.id,
        "name": text(profile.name),
        "countries": list(profile.countries),
        "illustrative": profile.illustrative,
        "templates": sum("@" not in name for name in loader.template_files(profile.id, root)),
        "targets": len(loader.target_files(profile.id, root)),
    }


@app.command("show")
def show(
    id: One,
    *,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also say where each statement is from, and what was invented.")
    ] = False,
    root: Root = loader.ROOT,
    json_: Json = False,
) -> None:
    """One profile: all that its files say."""
    with _told():
        id, root = _found(id, root)
        profile = loader.load_profile(id, root)
        held = loader.load_versions(profile, root)
        targets = loader.load_issuer_targets(id, root)
    differing = files.contradictions(profile.facts)
    if json_:
        document = {
            "profile": versions.plain(profile),
            "contradictions": [topic for topic, _ in differing],
            "templates": [
                {
                    "state": each.state,
                    "current": each.current,
                    "sha256": versions.digest(each.template),
                    **versions.plain(each.template),
                }
                for each in held
            ],
            "targets": [versions.plain(target) for target in targets],
        }
        out_json(document)
        return
    _show_profile(profile)
    _show_facts(profile, explain=explain)
    out()
    out(f"{_many(len(held), 'version')} of templates")
    for version in held:
        template = version.template
        earlier = "" if version.current else ", an earlier version"
        out(f"  {versions.key(template)}  {_sized(template)}  ·  {version.state}{earlier}")
        _show_sources(template, explain=explain)
    out()
    out(_many(len(targets), "target"))
    for target in targets:
        out(f"  {target.id}  {text(target.title)}  ·  {target.total} {target.unit}  ·  {target.kind}")
        _show_sources(target, explain=explain)


def _show_profile(profile: Profile) -> None:
    out(f"{text(profile.name)}  ({profile.id})")
    for tag, name in profile.name.items():
        if name != text(profile.name):
            out(f"  {tag}: {name}")
    out(f"  {'illustrative: ' if profile.illustrative else ''}{profile.notice}")
    out(f"  countries        {', '.join(profile.countries)}")
    out(f"  languages        {', '.join(profile.language)}")
    if profile.registry_id:
        out(f"  registry id      {profile.registry_id} (its own word, until a registry confirms it)")
    if profile.website:
        out(f"  website          {profile.website}")
    for body in profile.awarding_bodies:
        out(
            f"  awarding body    {', '.join(part for part in (body.name, body.status, body.country) if part)}"
        )
    out(f"  credit system    {profile.credit_system}")
    out(f"  grading scale    {profile.grading_scale or 'none: no grades are given'}")
    quality = profile.quality_assurance
    agency = f", by {quality.agency}" if quality.agency else ""
    out(f"  quality          {quality.type}{agency}. {text(quality.statement or {})}")
    out(f"  complaints       {profile.complaint.how}")
    out(f"                   {profile.complaint.process}")
    out(f"                   Expected resolution: {profile.complaint.expected_resolution}")
    out(f"  privacy          {profile.privacy}")


def _show_facts(profile: Profile, *, explain: bool) -> None:
    """By topic; what the sources differ on stands side by side, and is marked."""
    if profile.facts:
        out()
        out("What the sources say")
    differing = {topic for topic, _ in files.contradictions(profile.facts)}
    for topic in dict.fromkeys(fact.topic for fact in profile.facts):
        said = [fact for fact in profile.facts if fact.topic == topic]
        mark = "  ·  the sources differ" if topic in differing else ""
        out(f"  {topic}: {' | '.join(f'{fact.value} ({fact.source})' for fact in said)}{mark}")
        for fact in said if explain else ():
            quote = f'"{fact.quote}" ' if fact.quote else ""
            out(f"      {fact.source}  {quote}{fact.note or ''}".rstrip())
    if explain:
        out()
    _show_sources(profile, explain=explain)


def _show_sources(item: Profile | Template | Target, *, explain: bool) -> None:
    for source in item.sources if explain else ():
        out(f"      {source.source}  {source.fact}")
    if explain and item.synthetic:
        out(f"      invented: {', '.join(item.synthetic)}")


def _sized(template: Template) -> str:
    credit = f"{template.credit.value} {template.credit.system}" if template.credit else ""
    hours = f"{template.workload_hours} h" if template.workload_hours else ""
    level = f"EQF {template.level.eqf}" if template.level and template.level.eqf else ""
    return "  ·  ".join(part for part in (text(template.title), credit, hours, level) if part)


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


@app.command("lint")
def lint(
    which: Annotated[
        list[str] | None, typer.Argument(help="Ids or folders; without any, all.", metavar="[ID|FOLDER]...")
    ] = None,
    *,
    root: Root = loader.ROOT,
    json_: Json = False,
) -> None:
    """Check profiles: errors and warnings, with file and line. Exit 1 if there is an error."""
    from agent.core.profile_lint import (
        lint_profile,
    )  # reads the validation profiles, which others do not need

    with _told():
        chosen: list[tuple[str, Path]] = []
        for each in which or [str(root)]:
            inside = loader.list_profiles(Path(each)) if Path(each).is_dir() else ()
            chosen += [(id, Path(each)) for id in inside] or [_found(each, root)]
        today = date.today()  # noqa: DTZ011 - any day will do
        remarks = {id: lint_profile(id, today, where) for id, where in dict.fromkeys(chosen)}
    everything = [remark for found in remarks.values() for remark in found]
    if json_:
        out_json(
            {"profiles": {id: [versions.plain(each) for each in found] for id, found in remarks.items()}}
        )
    else:
        for remark in everything:
            _show_remark(remark)
        tally = [sum(each.severity == severity for each in everything) for severity in MARKS]
        out(
            f"{_many(len(remarks), 'profile')}: {_many(tally[0], 'error')}, {_many(tally[1], 'warning')}, "
            f"{tally[2]} for information"
        )
    if any(remark.severity == "error" for remark in everything):
        raise typer.Exit(EXIT_FAILED)


def _show_remark(remark: files.Remark) -> None:
    where = ":".join(str(part) for part in (remark.file, remark.line) if part)
    source = f" ({remark.source})" if remark.source else ""
    out(f"{MARKS[remark.severity]}  {where}  {remark.text}{source} [{remark.code}]")
    if remark.hint:
        out(f"    {remark.hint}")


@app.command("new")
def new(
    id: Annotated[str, typer.Argument(help="A word of small letters, digits and hyphens.")],
    *,
    folder: Annotated[
        Path, typer.Option("--folder", metavar="DIR", help="Where to make the profile's folder.")
    ] = Path(),
    json_: Json = False,
) -> None:
    """Begin a profile: files with a comment at each member, and what is to be settled."""
    with _told():
        written = skeleton.write_skeleton(id, folder)
    if json_:
        out_json({"folder": str(folder / id), "files": list(written), "checklist": _points()})
        return
    for name in written:
        out(f"written: {folder / name}")
    out()
    out("To be settled before you issue, in the manner of Digital Promise:")
    for point in points.POINTS:
        out(f"  [ ] {point.text} ({point.source})")
        out(f"      {point.where or 'outside the files'}")
    out()
    out(f"Then: cairn profile lint {folder / id}")


def _points() -> list[dict[str, str]]:
    return [{"text": each.text, "source": each.source, "where": each.where} for each in points.POINTS]


@app.command("checklist")
def checklist(id: One, *, root: Root = loader.ROOT, json_: Json = False) -> None:
    """Which points of the onboarding checklist the files meet. Exit 1 if one is not met."""
    with _told():
        answers = points.checklist(files.load_contents(*_found(id, root)))
    if json_:
        out_json(
            {
                "points": [
                    point | {"state": each.state, "detail": each.detail}
                    for point, each in zip(_points(), answers, strict=True)
                ]
            }
        )
    for each in () if json_ else answers:
        out(f"{ANSWERS[each.state]:<16}  {each.point.text} ({each.point.source})")
        if each.state != "met":
            place = f" It belongs into {each.point.where}." if each.point.where else ""
            out(f"{'':<16}  {each.detail}{place}")
    if not json_:
        say('"met" means that the files state it, not that it is true.')
    if any(each.state == "not met" for each in answers):
        raise typer.Exit(EXIT_FAILED)


@app.command("release")
def release_(id: One, *, root: Root = loader.ROOT, json_: Json = False) -> None:
    """Fix the criteria of every template that is still a draft: from now on, a change is a new version."""
    with _told():
        fresh: Sequence[str] = release.release(*_found(id, root))
    if json_:
        out_json({"released": list(fresh)})
        return
    for name in fresh:
        out(f"released: {name}")
    if not fresh:
        out("Nothing to release.")


@app.command("revise")
def revise(
    id: One,
    template: Annotated[str, typer.Argument(help="The id of a released template.")],
    *,
    root: Root = loader.ROOT,
    json_: Json = False,
) -> None:
    """Begin the next version of a released template; the released one stays beside it."""
    with _told():
        profile_id, where = _found(id, root)
        begun = release.revise(profile_id, template, where)
    if json_:
        out_json({"draft": begun})
    else:
        out(f"draft: {begun}  ·  edit {profile_id}/templates/{begun.partition('@')[0]}.toml, then release it")


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="profile")
