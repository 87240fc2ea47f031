"""Stacks and pathways at the command line: what counts towards a target, and what to earn next."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli.io import As, Home, Json, client, out, out_json, run
from agent.core.stacks import Member, Target, plan
from agent.core.vocabularies import CREDIT_SYSTEMS
from agent.errors import InputError
from agent.services import clock, record_files, stacking
from issuer_profiles import ProfileError, load_target

app = typer.Typer(help="What counts towards a target, what does not and why.", no_args_is_help=True)

Goal = Annotated[str, typer.Option("--target", help="A target's id, or a file that declares one.")]
Folder = Annotated[
    Path | None, typer.Option("--records", help="A folder of record files, instead of the wallet.")
]
Wallet = Annotated[bool, typer.Option("--wallet", help="The wallet's credentials and offers; the default.")]
Assume = Annotated[
    bool,
    typer.Option(
        "--assume-issuers", help="With --records: take what they say of their issuers for true, as a what-if."
    ),
]
Named = Annotated[
    str | None, typer.Argument(metavar="TARGET", help="A target's id, or a file that declares one.")
]
Wanted = Annotated[str | None, typer.Option("--target", help="The same, as an option.")]
Without = Annotated[
    list[str] | None,
    typer.Option("--without", metavar="ID", help="Leave this member out, as a what-if; may be given again."),
]
Explain = Annotated[bool, typer.Option("--explain", help="Say which rule and source each answer rests on.")]

UNCHECKED = (
    "From files: no signature, status or issuer was checked. This says what would count if they are authentic"
)


@app.command("targets")
def targets(*, json_: Json = False) -> None:
    """The targets that are known here, with who awards them."""
    found = stacking.targets()
    if json_:
        out_json({"targets": found})
        return
    for each in found:
        out(
            f"{each['id']}  {each['title']}  ·  {each['total']} {unit_of(each['unit'])}  ·  {each['awarded_by']}"
        )


@app.command("plan")
def plan_(
    name: Named = None,
    *,
    target: Wanted = None,
    without: Without = None,
    records: Folder = None,
    wallet: Wallet = False,
    assume_issuers: Assume = False,
    explain: Explain = False,
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """What counts towards a target, what is missing, and why."""
    goal = one_target(name, target)
    _one_source(records, wallet=wallet, assume_issuers=assume_issuers)

    async def work() -> dict[str, Any]:
        if records is not None:
            members, left_out = _members(records, assume_issuers), frozenset(without or ())
            found = plan(_target(goal), members, today=clock.today(), without=left_out).to_json()
            return found | {"unchecked": _unchecked(assume_issuers)}
        async with client(home, as_) as api:
            return await api.post("/v1/wallet/stacks", asked(goal, without))

    document = run(work)
    out_json(document) if json_ else show_plan(document, explain=explain)


@app.command("compare")
def compare(
    *,
    target: Annotated[
        list[str] | None, typer.Option("--target", help="A target's id or file; all without it.")
    ] = None,
    records: Folder = None,
    wallet: Wallet = False,
    assume_issuers: Assume = False,
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """Several targets beside one another: counted, missing, met; the nearest first."""
    _one_source(records, wallet=wallet, assume_issuers=assume_issuers)

    async def work() -> dict[str, Any]:
        names = target or [each["id"] for each in stacking.targets()]
        if records is not None:
            members = _members(records, assume_issuers)
            plans = [plan(_target(name), members, today=clock.today()).to_json() for name in names]
            return {"plans": plans, "unchecked": _unchecked(assume_issuers)}
        async with client(home, as_) as api:
            posted = [await api.post("/v1/wallet/stacks", {"target": _document(name)}) for name in names]
            return {"plans": posted, "unchecked": ""}

    document = run(work)
    document["plans"].sort(key=lambda each: (_share(each), each["target"]["id"]))
    if json_:
        out_json(document)
        return
    _say_unchecked(document)
    for each in document["plans"]:
        unit, state = unit_of(each["unit"]), "✓ met" if each["met"] else "– open"
        out(
            f"{state:<7} {each['counted']:>6} of {each['required']} {unit}, {each['missing']} missing  "
            f"{each['target']['title']}  ·  {each['target']['id']}"
        )


def pathway_(
    *,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", help="A target's id or file; without it, the nearest ones."),
    ] = None,
    records: Folder = None,
    wallet: Wallet = False,
    assume_issuers: Assume = False,
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """What to earn next: the fewest credentials that would close a target, at what credit and level."""
    _one_source(records, wallet=wallet, assume_issuers=assume_issuers)

    async def work() -> list[dict[str, Any]]:
        names = target or [each["id"] for each in stacking.targets() if each["kind"] != "degree"]
        if records is not None:
            members = _members(records, assume_issuers)
            return [stacking.guide(_target(name)).pathway(members).to_json() for name in names]
        async with client(home, as_) as api:
            return [await api.post("/v1/wallet/pathways", {"target": _document(n)}) for n in names]

    found = run(work)
    if not target:
        found = sorted(found, key=lambda each: (_share(each), each["target"]["id"]))[:NEAREST]
    if json_:
        out_json({"pathways": found, "unchecked": _unchecked(assume_issuers) if records else ""})
        return
    if records:
        _say_unchecked({"unchecked": _unchecked(assume_issuers)})
    for each in found:
        for line in pathway_tree(each):
            out(line)


NEAREST = 3


def one_target(name: str | None, target: str | None) -> str:
    """The target, given in one of two ways."""
    if (name is None) == (target is None):
        raise typer.BadParameter("give one target")
    return name or target or ""


def asked(target: str, without: list[str] | None) -> dict[str, Any]:
    """What the agent service is asked for a plan or a pathway."""
    return {"target": _document(target)} | ({"without": without} if without else {})


def show_plan(document: dict[str, Any], *, explain: bool = False) -> None:
    """A plan as text: one line a member, places, then what to do."""
    unit = unit_of(document["unit"])
    _say_unchecked(document)
    out(f"{document['target']['title']}  ·  {document['target']['awarded_by']}")
    out(
        f"{document['counted']} of {document['required']} {unit} counted, {document['offered']} offered, "
        f"{document['missing']} missing{': met' if document['met'] else ''}"
    )
    for member in document["members"]:
        credit = (
            f" of {member['credit']} {unit_of(member['credit_system'])}"
            if member["credit"]
            else ", no credit"
        )
        out(
            f"  {member['state']:<9}  {member['counts']} {unit}{credit}  {member['title']}: {member['reason']}"
        )
        if explain:
            out(f"             rule {member['code'] or 'counts'}, source {member['source']}")
    for place in document["places"]:
        kind = "required" if place["required"] else "elective"
        out(f"  {kind:<9}  {place['title']}: {place['missing'] or 'filled'}")
    for sentence in (document["route"], *document["next"], document["note"]):
        if sentence:
            out(f"  {sentence}")
    if complaint := document["complaint"]:
        out(f"  To complain: {complaint['how']} {complaint['process']} {complaint['expected_resolution']}")


def pathway_tree(document: dict[str, Any]) -> list[str]:
    """The graph as lines of text: the target, its places, and under each what is held and what would come."""
    unit = unit_of(document["unit"])
    target = document["target"]
    lines = [f"{target['title']}  ·  {document['required']} {unit}  ·  {target['awarded_by']}"]
    nodes = {node["id"]: node for node in document["graph"]["nodes"]}
    steps = {step["id"]: step for step in document["steps"]}
    into: dict[str, list[dict[str, Any]]] = {}
    for edge in document["graph"]["edges"]:
        into.setdefault(edge["to"], []).append(edge)

    def draw(node: str, indent: str) -> None:
        edges = into.get(node, [])
        for at, edge in enumerate(edges):
            last = at == len(edges) - 1
            child = nodes[edge["from"]]
            lines.append(f"{indent}{'└─' if last else '├─'} {_node(child, edge, unit, steps)}")
            deeper = indent + ("   " if last else "│  ")
            others = steps.get(child["id"], {}).get("alternatives", [])
            lines.extend(f"{deeper}   or  {each['title']}  ·  {each['issuer']}" for each in others)
            draw(child["id"], deeper)

    draw(f"target:{target['id']}", "")
    if document["met"]:
        lines.append(f"   ✓ met: ask {target['awarded_by']} for recognition.")
    elif document["closes"]:
        lines.append(f"   {len(document['steps'])} to go, then the declared amount is reached.")
    else:
        lines.append(
            f"   – {document['remaining']} {unit} would still be missing: nothing known here closes it."
        )
    lines.append(f"   {document['note']}")
    return lines


def _node(node: dict[str, Any], edge: dict[str, Any], unit: str, steps: dict[str, Any]) -> str:
    words = {"held": "✓ held", "offered": "… offered", "next": "+ next", "place": "□"}[node["kind"]]
    amount = f"  {edge['counts']} {unit_of(unit, edge['counts'])}" if edge["counts"] else ""
    step = steps.get(node["id"])
    level = f", EQF {step['eqf']}" if step and step["eqf"] else ""
    condition = f", {step['condition']}" if step and step["condition"] else ""
    issuer = f"  ·  {step['issuer']}" if step else ""
    return f"{words}  {node['title']}{amount}{level}{condition}{issuer}"


def unit_of(name: str, amount: str = "2") -> str:
    return "credential" if name == "credentials" and amount == "1" else CREDIT_SYSTEMS.get(name, name)


def _share(document: dict[str, Any]) -> Decimal:
    """How much of the target is open, for sorting only."""
    if document["met"]:
        return Decimal(-1)
    required = _amount(document["required"])
    return max(1 - _amount(document["counted"]) / required, Decimal(0)) if required else Decimal(1)


def _amount(text: str) -> Decimal:
    """0 for what is no number: it comes from a service."""
    return Decimal(text) if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,6})?", text, re.ASCII) else Decimal(0)


def _one_source(records: Path | None, *, wallet: bool, assume_issuers: bool) -> None:
    if records is not None and wallet:
        raise typer.BadParameter("--records and --wallet cannot be given together")
    if assume_issuers and records is None:
        raise typer.BadParameter("--assume-issuers goes with --records")


def _target(name: str) -> Target:
    """By id, or from a file when the name looks like one. Raises `InputError` or `NotFoundError`."""
    if not _is_file(name):
        return stacking.find_target(name)
    try:
        return load_target(Path(name))
    except ProfileError as error:
        raise InputError("bad_target", error.diagnostics()) from error


def _document(name: str) -> Any:
    """What the agent service is asked: an id, or the whole target from a file."""
    return stacking.target_document(_target(name)) if _is_file(name) else name


def _is_file(name: str) -> bool:
    return name.endswith(".toml") or "/" in name


def _members(folder: Path, assume_issuers: bool) -> list[Member]:
    return record_files.members(folder, assume_issuers=assume_issuers)


def _unchecked(assume_issuers: bool) -> str:
    return (
        f"{UNCHECKED}{' and their issuers are who they say, and quality-assured' if assume_issuers else ''}."
    )


def _say_unchecked(document: dict[str, Any]) -> None:
    if document.get("unchecked"):
        out(f"? {document['unchecked']}")


@app.command("export")
def export(
    *,
    target: Goal,
    without: Without = None,
    format_: Annotated[str, typer.Option("--as", metavar="FORMAT", help="pdf, html or clr.")] = "pdf",
    to: Annotated[Path, typer.Option("--to", help="Write here.")],
    home: Home = None,
    from_: Annotated[
        str, typer.Option("--from", metavar="NAME", help="Which agent of the data folder.")
    ] = "learner",
) -> None:
    """What the wallet has towards a target, as a transcript (pdf, html) or as one signed bundle of badges (clr)."""
    from agent.cli.documents import put_file
    from agent.cli.io import say

    async def work() -> tuple[bytes, list[str]]:
        async with client(home, from_) as api:
            body = {**asked(target, without), "as": format_}
            return await api.file("POST", "/v1/wallet/stacks/file", body=body)

    data, remarks = run(work)
    put_file(data, to, text=format_ != "pdf")
    for remark in remarks:
        say(f"! {remark}")


def register(parent: typer.Typer) -> None:
    from agent.cli import stack_drafts, stack_path

    for each in (stack_path, stack_drafts):
        each.add_to(app)
    parent.add_typer(app, name="stack")
    parent.command("pathway")(pathway_)
