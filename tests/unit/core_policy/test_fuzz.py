"""Nothing that a holder can send makes the verifier raise, and no edit that counts goes unnoticed."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.disclosure import compare_request
from agent.core.presentation import examine
from agent.core.reading import revealed_paths
from agent.core.verdict import Result
from agent.errors import InputError
from tests.unit.core_policy.builder import edited, facts
from tests.unit.core_policy.test_presentation import Exchange

EXCHANGE = Exchange()
HONEST = examine(EXCHANGE.policy, EXCHANGE.request, EXCHANGE.presentation, True, facts())
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 2**40)
    | st.text(max_size=5)
    | st.sampled_from(["c0", "c1", "title"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["c0", "raw", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every member and element of a JSON value."""
    children: list[Any] = []
    if isinstance(document, dict):
        children = list(document)
    elif isinstance(document, list):
        children = list(range(len(document)))
    for child in children:
        yield (*path, child)
        yield from places(document[child], (*path, child))


def replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    copy = edited(document)
    inner = copy
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return copy


PRESENTATION_PLACES = list(places(EXCHANGE.presentation))
REQUEST_PLACES = list(places(EXCHANGE.request))
# Numbers that only the cryptography reads.
OPAQUE = {"a_prime", "e", "v", "m", "m2", "u", "r", "mj", "alpha", "t", "aggregated_proof", "non_revoc_proof"}


@given(st.sampled_from(PRESENTATION_PLACES), JSON)
@settings(max_examples=600, deadline=None)
def test_an_edited_presentation_never_raises_and_never_reads_differently(
    path: tuple[Any, ...], value: Any
) -> None:
    presentation = replaced(EXCHANGE.presentation, path, value)
    examined = examine(EXCHANGE.policy, EXCHANGE.request, presentation, True, facts())
    if examined.part.result is Result.PASS and not OPAQUE & set(path):
        assert [(item.revealed, item.bounds) for item in examined.items] == [
            (item.revealed, item.bounds) for item in HONEST.items
        ]
    json.dumps([check.to_json() for check in examined.part.checks])
    with contextlib.suppress(InputError):
        revealed_paths(presentation)


@given(st.sampled_from(REQUEST_PLACES), JSON)
@settings(max_examples=400, deadline=None)
def test_an_edited_request_never_raises_and_is_always_noticed(path: tuple[Any, ...], value: Any) -> None:
    request = replaced(EXCHANGE.request, path, value)
    examine(EXCHANGE.policy, request, EXCHANGE.presentation, True, facts())
    differences = compare_request(EXCHANGE.request, request)
    if path[0] in ("nonce", "name", "version"):
        assert differences == ()
    else:
        assert bool(differences) == (
            json.dumps(request, sort_keys=True) != json.dumps(EXCHANGE.request, sort_keys=True)
        )
