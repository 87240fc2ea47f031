"""What the agent service answers about the learner's own order of things, and about files. Read as `model` is."""

from __future__ import annotations

from dataclasses import dataclass

from wallet_tui.doc import Doc
from wallet_tui.model import MAX_ROWS, Raw, Summary
from wallet_tui.safe_text import Untrusted

MAX_LABEL_CHARS = 60
MAX_NOTE_CHARS = 4000


@dataclass(frozen=True, slots=True)
class Badge:
    """A picture or document that says too little to be a credential: it is looked at, and never counts."""

    id: str
    title: Untrusted
    name: Untrusted
    kind: Untrusted
    missing: tuple[Untrusted, ...]
    carrier: str
    received_on: Untrusted
    not_understood: tuple[Raw, ...]
    words: str

    @classmethod
    def read(cls, doc: Doc) -> Badge:
        title, name, kind = doc.text("title"), doc.text("name"), doc.text("kind")
        return cls(
            id=doc.need("id"),
            title=title or name,
            name=name,
            kind=kind,
            missing=doc.texts("missing", 20),
            carrier=doc.word("carrier", ("png", "svg"), ""),
            received_on=Untrusted(doc.ident("received_at")[:10]),
            not_understood=tuple(Raw.read(item) for item in doc.docs("not_understood")),
            words=f"{title.raw} {name.raw} {kind.raw}"[:1000].casefold(),
        )


@dataclass(frozen=True, slots=True)
class Loss:
    """What is lost with a credential; ``expect`` stands for exactly that, and deleting needs it."""

    losses: tuple[Untrusted, ...]
    expect: str

    @classmethod
    def read(cls, doc: Doc) -> Loss:
        return cls(doc.texts("losses", 100), doc.need("expect"))


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an imported file, or of one part of a bundle.

    ``how`` is ``imported``, ``known``, ``visual_badge``, ``bundle`` or ``refused``.
    """

    how: str
    credential: Summary | None = None
    badge: Badge | None = None
    parts: tuple[Taken, ...] = ()
    detail: Untrusted | None = None
    hint: Untrusted | None = None

    @classmethod
    def read(cls, doc: Doc, *, inner: bool = False) -> Taken:
        how = doc.word("import", ("imported", "known", "visual_badge", "bundle"), "refused")
        if how == "bundle" and not inner:
            parts = tuple(cls.read(item, inner=True) for item in doc.docs("parts", MAX_ROWS))
            return cls(how, parts=parts)
        if how in {"refused", "bundle"}:  # a bundle in a bundle is nothing we know
            return cls("refused", detail=doc.text("detail"), hint=doc.text("hint"))
        # A credential has a state, because it was checked; a picture has none.
        if how == "visual_badge" or not doc.ident("state"):
            return cls(how, badge=Badge.read(doc))
        return cls(how, credential=Summary.read(doc))
