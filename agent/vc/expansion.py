"""JSON-LD expansion by PyLD, made strict and made to remember contexts. Imported only where it is needed.

Three things are added, on a processor of our own and not on the library: what the library drops is an error that names
where it was; contexts come from the pinned set; and a processed context is kept, as the library processes the scoped
context of a type again for each node of that type, which is where most of its time goes.
"""

from __future__ import annotations

from typing import Any

from cachetools import LRUCache
from pyld import jsonld
from pyld.context_resolver import ContextResolver

from agent.errors import CairnError, InputError
from agent.vc import contexts
from agent.vc.context_policy import RELATIVE, shown
from agent.vc.limits import VC_LIMITS, VcLimits
from agent.vc.rdfc import TooComplex

_KEPT = 500
_PROTECTED = {"protected term redefinition", "invalid context nullification", "keyword redefinition"}


def expand(document: dict[str, Any], limits: VcLimits = VC_LIMITS) -> list[Any]:
    """The expanded form (JSON-LD 1.1 API section 5) of a document that `context_policy` has passed.

    Raises `InputError` undefined_term, context_override, bad_json_ld or too_complex. References that were relative
    start with `RELATIVE`.
    """
    try:
        return _Processor(limits).run(document)
    except jsonld.JsonLdError as error:
        raise _ours(error) from None  # its text quotes the document


_documents: LRUCache[str, Any] = LRUCache(
    maxsize=100
)  # what the library keeps of the contexts it has resolved
# Processed contexts by what they were made of: (id of the active context, what was applied, how) → the result, with the
# active context so that its id stays its own.
_kept: dict[tuple[Any, ...], tuple[Any, Any]] = {}


def _load(url: str) -> dict[str, Any]:
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": url,
        "document": contexts.load(url),
        "tag": "static",
    }


class _Processor(jsonld.JsonLdProcessor):  # type: ignore[misc]
    def __init__(self, limits: VcLimits) -> None:
        super().__init__(on_property_dropped=self._dropped)
        self.path: list[str] = []
        self.kept: dict[tuple[Any, ...], tuple[Any, Any]] = {}  # for this document only: with inline contexts
        self.lasting: set[int] = {id(made) for _, made in list(_kept.values())}
        self.work = limits.context_work

    def run(self, document: dict[str, Any]) -> list[Any]:
        options = {
            "base": f"{RELATIVE}//document/",
            "contextResolver": ContextResolver(_documents, lambda url, _options: _load(url)),
            "documentLoader": lambda url, _options: _load(url),
            "isFrame": False,
            "keepFreeFloatingNodes": True,
            "processingMode": "json-ld-1.1",
        }
        initial = self._get_initial_context(options)
        self.lasting.add(id(initial))
        expanded = self.arrayify(self._expand(initial, None, document, options))
        if len(_kept) > _KEPT:
            _kept.clear()
        return list(expanded)

    def _dropped(self, name: str | None) -> None:
        where = shown([*self.path, name or "a term"])
        raise InputError(
            "undefined_term",
            f"{where} is not defined by the document's contexts, so that no signature can cover it.",
            "Leave it out, or add a context that defines it.",
        )

    def _expand(self, active_ctx: Any, active_property: Any, element: Any, options: Any, **more: Any) -> Any:
        if not isinstance(element, dict) or active_property is None:
            return super()._expand(active_ctx, active_property, element, options, **more)
        self.path.append(active_property)
        found = super()._expand(active_ctx, active_property, element, options, **more)
        self.path.pop()
        return found

    def _process_context(  # noqa: PLR0917 - the library's signature
        self,
        active_ctx: Any,
        local_ctx: Any,
        options: Any,
        override_protected: bool = False,
        propagate: bool = True,
        validate_scoped: bool = True,
        cycles: Any = None,
    ) -> Any:
        """The same context, applied to the same context, in the same way, is processed once."""
        terms = 0
        lasting = id(active_ctx) in self.lasting
        if isinstance(local_ctx, list):
            inline = [item for item in local_ctx if isinstance(item, dict)]
            terms = sum(map(len, inline))
            lasting = lasting and not inline
            applied: Any = id(local_ctx) if inline else tuple(local_ctx)
        else:  # an object is a scoped context of ``active_ctx``: the policy allows no other
            applied = local_ctx if isinstance(local_ctx, str) else id(local_ctx)
        kept = _kept if lasting else self.kept
        key = (id(active_ctx), applied, override_protected, propagate, validate_scoped)
        if key in kept:
            return kept[key][1]
        self.work -= 1 + terms // 10
        if self.work < 0:
            raise TooComplex("too_complex", "The document combines contexts and types in too many ways.")
        made = super()._process_context(
            active_ctx, local_ctx, options, override_protected, propagate, validate_scoped, cycles
        )
        kept[key] = (active_ctx, made)
        if lasting:
            self.lasting.add(id(made))
        return made


def _ours(error: Any) -> CairnError:
    """The library's error without what it quotes; one of ours that it wrapped comes out as it was."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, CairnError):
            return cause
        if isinstance(cause, jsonld.JsonLdError) and cause.code in _PROTECTED:
            return InputError(
                "context_override", "The contexts of the document give a protected term a new meaning."
            )
        cause = cause.__cause__ or cause.__context__
    return InputError("bad_json_ld", f"The document is not JSON-LD: {error.code or 'invalid'}.")
