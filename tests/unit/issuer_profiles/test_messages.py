"""Whatever is wrong in a file: where it is, what is wrong, and what was probably meant."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from issuer_profiles import ProfileError, load_profile, load_target
from issuer_profiles.errors import ProfileContentError
from issuer_profiles.explain import PATTERNS
from issuer_profiles.loader import KINDS, ROOT, schema_text

PROFILE = (ROOT / "munster-tu" / "profile.toml").read_text("utf-8")


def spoil(file: Path, old: str, new: str) -> int:
    """Replaces ``old`` once and gives the line on which ``new`` starts."""
    text = file.read_text("utf-8")
    assert old in text
    at = text.index(old)
    file.write_text(text.replace(old, new, 1), "utf-8")
    return text.count("\n", 0, at) + 1


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "munster-tu").mkdir()
    return tmp_path


# A target with one of everything, each spoilt in turn below.
RICH = """\
format = 1
id = "rich"
kind = "certificate"
illustrative = true
notice = "An invention."
unit = "ects"
total = "12"
cluster = "iberia"

[title]
en = "Rich"

[awarded_by]
name = "Somebody"

[accepts]
registry_assured = true
[[accepts.predecessors]]
institution = "A"
successor = "B"
until = "2020-01-01"
source = "synthetic"

[[required]]
id = "first"
title = { en = "First" }
match = { templates = ["a/b"], issuers = ["A"] }

[[required]]
id = "second"
title = { en = "Second" }
[required.match]
languages = ["en"]
minimum_eqf = 6

[[elective]]
id = "pool"
title = { en = "Pool" }
at_most = 2
match = { skills = [
  "https://esco.example/1",
], minimum_credit = "2" }

[[clusters]]
id = "iberia"
title = { en = "Spanish" }
languages = ["es"]

[[routes]]
kind = "automatic"
text = "Agreed."
source = "002:1814"
parties = ["A"]

[[routes]]
kind = "prior-learning"
text = "Apply."
source = "002:1820"
evidence = ["The certificate."]
"""


@pytest.mark.parametrize(
    ("old", "new", "said", "hint"),
    [
        ('id = "second"', 'idd = "second"', "required[1].idd: unknown key.", "Did you mean id?"),
        (
            "minimum_eqf = 6",
            "minimal_eqf = 6",
            "required[1].match.minimal_eqf: unk",
            "Did you mean minimum_eqf?",
        ),
        (
            "minimum_eqf = 6",
            'minimum_eqf = "6"',
            "required[1].match.minimum_eqf: must be a whole number.",
            "",
        ),
        (
            'languages = ["en"]',
            'languages = "en"',
            "required[1].match.languages: must be a list.",
            "languages = [",
        ),
        (
            'languages = ["en"]',
            'languages = ["english please"]',
            "required[1].match.languages[0]: must be a lang",
            "",
        ),
        (
            'minimum_credit = "2"',
            "minimum_credit = 2",
            "elective[0].match.minimum_credit: must be text.",
            '"2"',
        ),
        (
            'minimum_credit = "2"',
            'minimum_credt = "2"',
            "elective[0].match.minimum_credt: unknown key.",
            "minimum_credit",
        ),
        ("at_most = 2", "at_most = 0", "elective[0].at_most: ", ""),
        (
            'kind = "automatic"',
            'kind = "automatik"',
            "routes[0].kind: must be one of automatic, elec",
            "Did you mean automatic?",
        ),
        ('kind = "prior-learning"', 'kind = "rpl"', "routes[1].kind: must be one of", ""),
        ('evidence = ["', 'evidenze = ["', "routes[1].evidenze: unknown key.", "Did you mean evidence?"),
        ('parties = ["A"]', "passed = true", "routes[0]: a route of kind automatic names its parties.", ""),
        ('evidence = ["The certificate."]', 'student = "me"', "routes[1]: student goes with", ""),
        (
            'title = { en = "Spanish" }',
            'title = "Spanish"',
            "clusters[0].title: must be a table.",
            "title = { en",
        ),
        ('title = { en = "Spanish" }', "title = {}", "clusters[0].title: is empty.", ""),
        ('cluster = "iberia"', 'cluster = "nordic"', "Cluster names none of the clusters.", ""),
        ('total = "12"', 'total = "0"', "Total must be above 0.", ""),
        (
            'until = "2020-01-01"',
            "until = 2020-01-01T00:00:00",
            "accepts.predecessors[0].until: must be a date",
            "",
        ),
        ('until = "2020-01-01"', 'til = "2020-01-01"', "accepts.predecessors[0].til: unknown key.", "until"),
        (
            "registry_assured = true",
            'registry_assured = "yes"',
            "accepts.registry_assured: must be true or",
            "",
        ),
        ('unit = "ects"', 'unit = "ECTS"', "unit: must be a word of small letters", ""),
        ("format = 1", "format = 2", "format: must be 1.", ""),
    ],
)
def test_errors_in_nested_tables_of_a_target(
    tmp_path: Path, old: str, new: str, said: str, hint: str
) -> None:
    file = tmp_path / "rich.toml"
    file.write_text(RICH, "utf-8")
    assert load_target(file).id == "rich"
    line = spoil(file, old, new)
    with pytest.raises(ProfileContentError) as caught:
        load_target(file)
    assert caught.value.detail.startswith(said), caught.value.detail
    assert hint in caught.value.hint
    if said.startswith("routes[0]: "):  # what is missing has no line; its table has
        line = RICH.splitlines().index("[[routes]]") + 1
    assert (caught.value.file, caught.value.line) == ("rich.toml", line)


def test_a_table_where_a_list_of_tables_belongs(tmp_path: Path) -> None:
    file = tmp_path / "rich.toml"
    file.write_text(RICH, "utf-8")
    line = spoil(file, "[[clusters]]", "[clusters]")
    with pytest.raises(ProfileContentError) as caught:
        load_target(file)
    assert (caught.value.detail, caught.value.line) == ("clusters: must be a list.", line)
    assert caught.value.hint == "Write [[clusters]] before each of its items."


def test_what_is_missing_is_missed_in_its_own_table(tmp_path: Path) -> None:
    file = tmp_path / "rich.toml"
    file.write_text(RICH, "utf-8")
    spoil(file, 'source = "002:1814"\n', "")  # the next route still has its own
    with pytest.raises(ProfileContentError) as caught:
        load_target(file)
    assert caught.value.detail == "routes[0].source: is missing."
    assert caught.value.line == RICH.splitlines().index("[[routes]]") + 1


@pytest.mark.parametrize(
    ("fact", "said", "hint"),
    [
        (
            'value = "maybe"\nsource = "003:1"',
            "facts[1].value: must be one of yes, no, sometimes, unclear.",
            "",
        ),
        ('value = "sometime"\nsource = "003:1"', "facts[1].value: must be one of", "Did you mean sometimes?"),
        ('value = true\nsource = "003:1"', "facts[1].value: must be one of", ""),
        ('value = "yes"\nsource = "page 3"', "facts[1].source: must name a line of a source document", ""),
        ('value = "yes"\nsuorce = "003:1"', "facts[1].suorce: unknown key.", "Did you mean source?"),
    ],
)
def test_errors_in_facts(root: Path, fact: str, said: str, hint: str) -> None:
    file = root / "munster-tu" / "profile.toml"
    kept = PROFILE.split("[[facts]]")[0] + "".join(PROFILE.partition("[[sources]]")[1:])
    good = '[[facts]]\ntopic = "a"\nvalue = "no"\nsource = "003:1"\n'
    text = f'{kept.rstrip()}\n{good}[[facts]]\ntopic = "b"\n{fact}\n'
    file.write_text(text, "utf-8")
    with pytest.raises(ProfileContentError) as caught:
        load_profile("munster-tu", root)
    assert caught.value.detail.startswith(said)
    assert hint in caught.value.hint
    key = said.partition(":")[0].rpartition(".")[2]
    assert text.splitlines()[caught.value.line - 1].startswith(key)
    assert caught.value.line > text[: text.index('topic = "b"')].count("\n")


def test_every_pattern_of_the_models_has_words() -> None:
    def patterns(value: object) -> Iterator[str]:
        if isinstance(value, dict):
            yield from (item for name, item in value.items() if name == "pattern")
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from patterns(item)

    used = {pattern for name in KINDS for pattern in patterns(json.loads(schema_text(name)))}
    assert used == set(PATTERNS)


@pytest.mark.parametrize("absolute", [True, False])
def test_no_message_holds_a_path_of_this_machine(
    tmp_path: Path, absolute: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path if absolute else Path()
    (tmp_path / "bad.toml").write_text("x =", "utf-8")
    (tmp_path / "worse.toml").write_text("x = 1", "utf-8")
    (tmp_path / "folder.toml").mkdir()
    for name in (
        "bad.toml",
        "worse.toml",
        "folder.toml",
        "none.toml",
        "a\0b.toml",
        "x" * 5000,
        "sub/../bad.toml",
    ):
        for root in (ROOT, tmp_path, Path("/")):
            with pytest.raises(ProfileError) as caught:
                load_target(folder / name, root)
            for text in (str(caught.value), caught.value.diagnostics(), caught.value.file):
                assert f"/{tmp_path.name}" not in text or root == Path("/")
                assert not text.startswith("/")
