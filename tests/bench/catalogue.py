"""Searching templates: the catalogue's index beside a plain scan of the same words, in the same run.

    python -m tests.bench.catalogue [--quick]

001:776-781 counts 252 courses of 25 providers; here each of the 25 has as many. Generated from a seed; nothing
asserts a time.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from issuer_profiles.catalogue import Catalogue, words_of
from issuer_profiles.loader import load_profile
from issuer_profiles.models import Assessment, Credit, Level, Outcome, Profile, Template
from issuer_profiles.versions import plain
from tests.bench.pure import Times, repeat
from tests.bench.report import table

SIZES = (10, 100, 1_000, 6_300)
ISSUERS, EACH = 25, 252
# One rare word, a beginning that fits thousands, several words, and one that nothing has.
QUERIES = ("methodik", "e", "gestion agua", "an en da", "zzz")

_STEMS = {
    "en": "energy water data safety design process teaching health finance logistics ethics energetic",
    "fr": "énergie eau données sécurité conception procédé enseignement santé finance éthique",
    "es": "energía agua datos seguridad diseño proceso enseñanza salud gestión ética",
    "de": "Energie Wasser Daten Sicherheit Gestaltung Verfahren Lehre Gesundheit Methodik Ethik",
    "fi": "energia vesi tieto turvallisuus muotoilu prosessi opetus terveys talous etiikka",
}
_SYSTEMS = ("ects", "ects", "ects", "ceu", "us-credit")


def templates(number: int, seed: int = 1) -> list[tuple[Profile, Template]]:
    """The first ``number`` of `ISSUERS` x `EACH` templates, the same for the same seed."""
    chance = random.Random(seed)
    model = load_profile("munster-tu")
    issuers = [
        replace(model, id=f"issuer-{n:02d}", name={"en": f"University of {chance.choice('ABCDEF')}-town {n}"})
        for n in range(ISSUERS)
    ]
    return [(issuers[n % ISSUERS], _template(n // ISSUERS, chance)) for n in range(number)]


def _template(number: int, chance: random.Random) -> Template:
    languages = chance.sample(sorted(_STEMS), 2)

    def phrase(language: str, words: int) -> str:
        stems = _STEMS[language].split()
        # Numbered words make a vocabulary of thousands, as real texts have.
        return " ".join(
            f"{chance.choice(stems)}{chance.choice(('', '', chance.randrange(200)))}" for _ in range(words)
        )

    return Template(
        format=1,
        id=f"template-{number:03d}",
        version=1,
        title={language: phrase(language, 4) for language in languages},
        outcomes=tuple(
            Outcome(text={language: phrase(language, 12) for language in languages}) for _ in range(4)
        ),
        credit=Credit(system=chance.choice(_SYSTEMS), value=str(chance.randint(1, 20))),
        level=Level(eqf=chance.randint(4, 8)),
        assessment=Assessment(basis="assessed", types=("project",)),
        participation=("online",),
        language=tuple(languages),
    )


type Words = tuple[str, list[str], list[str]]  # id, words of the title, all words


def prepared(entries: Sequence[tuple[Profile, Template]]) -> list[Words]:
    """The same words as the index has, made once, so that the scan is not slow for want of that."""
    found = []
    for profile, template in entries:
        title = {word for text in template.title.values() for word in words_of(text)}
        texts = [*profile.name.values(), *(text for each in template.outcomes for text in each.text.values())]
        everything = title | {word for text in texts for word in words_of(text)}
        found.append((f"{profile.id}/{template.id}", sorted(title), sorted(everything)))
    return found


def scan(entries: Sequence[Words], words: str) -> list[str]:
    """What `Catalogue.search` finds, the plain way: word by word, template by template."""
    asked = list(dict.fromkeys(words_of(words)))
    found = []
    for id, title, everything in entries:
        if all(any(word.startswith(each) for word in everything) for each in asked):
            in_title = sum(any(word.startswith(each) for word in title) for each in asked)
            found.append((-in_title, id))
    return [id for _, id in sorted(found)]


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds, by number of templates; ``loading`` is (files, seconds) of reading them all from TOML."""

    searching: dict[int, Times]
    scanning: dict[int, Times]
    building: dict[int, float]
    loading: tuple[int, float]


def figures(*, quick: bool) -> Figures:
    seconds = 0.2 if quick else 2.0
    searching, scanning, building = {}, {}, {}
    for size in SIZES:
        entries = templates(size)
        start = time.perf_counter()
        catalogue = Catalogue(entries)
        building[size] = time.perf_counter() - start
        searching[size] = replace(
            repeat(partial(_search_all, catalogue), seconds), note=f"{len(QUERIES)} searches"
        )
        scanning[size] = _once_or_more(partial(_scan_all, prepared(entries)), seconds)
    with tempfile.TemporaryDirectory(prefix="cairn-bench-") as folder:
        number = 300 if quick else SIZES[-1]
        write(templates(number), Path(folder))
        start = time.perf_counter()
        loaded = Catalogue.load(Path(folder))
        return Figures(searching, scanning, building, (len(loaded), time.perf_counter() - start))


def _search_all(catalogue: Catalogue) -> None:
    for words in QUERIES:
        catalogue.search(words)


def _scan_all(entries: Sequence[Words]) -> None:
    for words in QUERIES:
        scan(entries, words)


def _once_or_more(work: partial[None], seconds: float) -> Times:
    """Unlike `repeat`, not 20 times what takes a second each."""
    spent: list[float] = []
    end = time.perf_counter() + seconds
    while not spent or time.perf_counter() < end:
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    spent.sort()
    return Times(spent[len(spent) // 2], spent[int(len(spent) * 0.95)], len(spent))


def write(entries: Sequence[tuple[Profile, Template]], root: Path) -> None:
    """As files that the loader reads."""
    for profile, template in entries:
        folder = root / profile.id / "templates"
        if not folder.exists():
            folder.mkdir(parents=True)
            (folder.parent / "profile.toml").write_text("\n".join(toml(plain(profile))), "utf-8")
        (folder / f"{template.id}.toml").write_text("\n".join(toml(plain(template))), "utf-8")


def toml(document: dict[str, Any]) -> Iterator[str]:
    """Plain values as TOML; a JSON text is a TOML text, as long as nothing is NUL or half a pair."""
    for name, value in document.items():
        yield f"{name} = {_inline(value)}"


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{name} = {_inline(item)}' for name, item in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(_inline(item) for item in value)}]"
    return json.dumps(value, ensure_ascii=False)


def markdown(found: Figures) -> str:
    """For docs/benchmarks.md, beside the other figures without agents."""
    rows = [
        (
            f"{size:,} templates",
            f"{found.searching[size].p50 / len(QUERIES) * 1e3:.3f}",
            f"{found.searching[size].p95 / len(QUERIES) * 1e3:.3f}",
            f"{found.scanning[size].p50 / len(QUERIES) * 1e3:.1f}",
            f"{found.building[size] * 1e3:.0f}",
        )
        for size in SIZES
    ]
    files, seconds = found.loading
    return (
        table(("one search among", "p50, ms", "p95, ms", "plain scan, ms", "building once, ms"), rows)
        + f"\n\nMeans over {len(QUERIES)} searches; the scan has the same words ready. "
        + f"Reading {files:,} templates from TOML files and building: {seconds:.1f} s."
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.catalogue")
    parser.add_argument("--quick", action="store_true")
    print(markdown(figures(quick=parser.parse_args().quick)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
