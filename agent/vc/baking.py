"""Credentials inside images: put in and taken out without decoding the picture (Open Badges 3.0, section 5.3).

A PNG is a list of chunks and an SVG is XML: both are copied byte for byte around what is put in, so that the image
stays the one its maker made. Why no imaging or XML library does this here: decision 0021.

Read are the credentials of Open Badges 3.0 (PNG keyword ``openbadgecredential``, SVG element
``openbadges:credential``) and of 1.0 and 2.0 (``openbadges``, ``openbadges:assertion``). Written is 3.0 only.

Images come from strangers. Nothing is inflated beyond `VC_LIMITS.document_bytes`, no entity of an SVG is expanded and
nothing that it points to is loaded. Errors: `InputError` with codes ``too_large``, ``not_an_image``, ``broken_image``,
``unsafe_image``, ``two_badges``, ``already_baked``, ``empty_image``, ``bad_payload``.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from agent.errors import InputError
from agent.vc.limits import VC_LIMITS

__all__ = ["bake", "is_png", "is_svg", "unbake"]

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_KEYWORD: Final = b"openbadgecredential"
_KEYWORDS: Final = frozenset({_KEYWORD, b"openbadges"})
_MAX_CHUNKS: Final = 65_536

_ELEMENT: Final = "openbadges:credential"
_ELEMENTS: Final = frozenset({_ELEMENT, "openbadges:assertion"})
_NAMESPACE: Final = "https://purl.imsglobal.org/ob/v3p0"
_MAX_XML_DEPTH: Final = 512
_MAX_XML_ELEMENTS: Final = 200_000
# XML 1.0, production 2 (Char): what it leaves out, JSON can only hold inside a string and can escape there.
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_COMPACT_JWS: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+")


def is_png(data: bytes) -> bool:
    return data.startswith(_PNG)


def is_svg(data: bytes) -> bool:
    """Whether it starts like an SVG; only `unbake` finds out whether it is a whole one."""
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith(b"<") and re.search(rb"<svg[\s>/]", head) is not None


def bake(image: bytes, payload: str) -> bytes:
    """``image`` with ``payload`` in it: the JSON of a credential with embedded proof, or a compact JWS.

    An image that holds a credential already is refused (already_baked): one image, one badge.
    """
    _limit(image)
    if len(payload.encode("utf-8", "replace")) > VC_LIMITS.document_bytes:
        raise _payload_too_large()
    if not payload.startswith("{") and _COMPACT_JWS.fullmatch(payload) is None:
        raise InputError("bad_payload", "What is baked in must be a JSON object or a compact JWS.")
    try:
        if is_png(image):
            return _bake_png(image, payload)
        if is_svg(image):
            return _bake_svg(image, payload)
    except UnicodeEncodeError:
        raise InputError("bad_payload", "The credential holds half a character.") from None
    raise _not_an_image()


def unbake(data: bytes) -> str | None:
    """The text baked into the image, None when there is none: JSON, a compact JWS, or the address of an assertion."""
    _limit(data)
    if is_png(data):
        return _unbake_png(data)
    if is_svg(data):
        return _only(_read_svg(data).payloads)
    raise _not_an_image()


def _not_an_image() -> InputError:
    return InputError("not_an_image", "The file is neither PNG nor SVG.", "Only these two can carry a badge.")


def _require_empty(found: list[str]) -> None:
    if found:
        raise InputError(
            "already_baked", "The image holds a credential already.", "Bake into an image without one."
        )


def _limit(data: bytes) -> None:
    if len(data) > VC_LIMITS.image_bytes:
        raise InputError(
            "too_large", f"The image has {len(data)} bytes; the limit is {VC_LIMITS.image_bytes}."
        )


def _only(found: list[str]) -> str | None:
    """Open Badges 3.0, 5.3.1.1 and 5.3.2.1 allow one; a second would let two readers see different badges."""
    if len(found) > 1:
        raise InputError(
            "two_badges", "The image holds more than one credential; which one counts is unclear."
        )
    return found[0] if found else None


def _payload_too_large() -> InputError:
    return InputError("too_large", f"The credential is larger than {VC_LIMITS.document_bytes} bytes.")


def _broken(what: str) -> InputError:
    return InputError("broken_image", f"The image is damaged: {what}.")


# PNG (Portable Network Graphics, third edition, section 5)


@dataclass(frozen=True, slots=True)
class _Chunk:
    start: int
    kind: bytes
    data: bytes = field(repr=False)


def _chunks(image: bytes) -> Iterator[_Chunk]:
    """Every chunk up to IEND, with lengths and checksums checked. Bytes after IEND belong to no chunk."""
    place = len(_PNG)
    for count in range(_MAX_CHUNKS):
        if len(image) - place < 12:
            raise _broken("it ends before its last chunk")
        length, kind = struct.unpack_from(">I4s", image, place)
        end = place + 8 + length
        if end + 4 > len(image):
            raise _broken("a chunk claims more bytes than there are")
        if zlib.crc32(image[place + 4 : end]) != int.from_bytes(image[end : end + 4]):
            raise _broken("the checksum of a chunk is wrong")
        if (count == 0) != (kind == b"IHDR"):
            raise _broken("the header is not its first chunk")
        yield _Chunk(place, kind, image[place + 8 : end])
        if kind == b"IEND":
            return
        place = end + 4
    raise _broken(f"it has more than {_MAX_CHUNKS} chunks")


def _bake_png(image: bytes, payload: str) -> bytes:
    chunks = list(_chunks(image))
    _require_empty(_png_texts(chunks))
    last = chunks[-1]
    # Keyword, no compression (it MUST NOT be used), compression method, empty language tag and translation.
    body = b"iTXt" + _KEYWORD + b"\0" + b"\0\0" + b"\0" + b"\0" + payload.encode()
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return image[: last.start] + chunk + image[last.start :]


def _unbake_png(image: bytes) -> str | None:
    return _only(_png_texts(_chunks(image)))


def _png_texts(chunks: Iterable[_Chunk]) -> list[str]:
    return [text for chunk in chunks if (text := _png_text(chunk)) is not None]


def _png_text(chunk: _Chunk) -> str | None:
    """The text of a chunk that carries a badge (section 11.3.3); None for every other chunk."""
    keyword, _, rest = chunk.data.partition(b"\0")
    if chunk.kind not in {b"iTXt", b"tEXt", b"zTXt"} or keyword not in _KEYWORDS:
        return None
    if chunk.kind == b"tEXt":
        return _text(rest, "latin-1")
    if chunk.kind == b"zTXt":
        return _text(_inflate(rest[1:], rest[:1]), "latin-1")
    flags, rest = rest[:2], rest[2:]
    _language, first, rest = rest.partition(b"\0")
    _translated, second, body = rest.partition(b"\0")
    if len(flags) != 2 or flags[:1] not in b"\0\1" or not first or not second:
        raise _broken("the text chunk of the badge has no readable header")
    return _text(_inflate(body, flags[1:]) if flags[:1] == b"\1" else body, "utf-8")


def _inflate(data: bytes, method: bytes) -> bytes:
    """zlib (method 0 is the only one), never beyond the limit of a document whatever the stream claims."""
    if method != b"\0":
        raise _broken("the badge is compressed in an unknown way")
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(data, VC_LIMITS.document_bytes + 1)
    except zlib.error as error:
        raise _broken("the badge cannot be decompressed") from error
    if len(content) <= VC_LIMITS.document_bytes and not stream.eof:
        raise _broken("the compressed badge is cut off")
    return content


def _text(data: bytes, encoding: str) -> str:
    if len(data) > VC_LIMITS.document_bytes:
        raise _payload_too_large()
    if not data:
        raise _broken("the badge is empty")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _broken("the badge is not text in the encoding of its chunk") from error


# SVG 1.1 and 2


@dataclass(slots=True)
class _Svg:
    """What a pass over an SVG found. ``root_end`` is the byte after the ``>`` of the root's start tag."""

    payloads: list[str] = field(default_factory=list)
    root_start: int = -1
    root_end: int = -1
    namespace: str | None = None
    encoding: str = "utf-8"


class _Pass:
    """The handlers of expat for one SVG.

    A document type is let by when it is a bare reference (the 1.1 DTD that many drawing programs write; it is never
    loaded); an internal subset is refused, since entities and default attributes make two readers see two documents.
    """

    def __init__(self) -> None:
        self.found = _Svg()
        self.parser = expat.ParserCreate()
        # Not buffered: text would be told late, when the parser is no longer where the text began.
        self.parser.buffer_text = False
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.parser.XmlDeclHandler = self._declaration
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        # What follows the root's start tag, whatever it is, says where that tag ends.
        self.parser.DefaultHandler = self._other
        self._elements = 0
        self._path: list[str] = []
        self._text: list[str] | None = None
        self._size = 0
        self._attribute = ""

    def _here(self) -> None:
        if self.found.root_start >= 0 > self.found.root_end:
            self.found.root_end = self.parser.CurrentByteIndex
            self.parser.DefaultHandler = None
            if self._text is None:
                self.parser.CharacterDataHandler = None

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self.found.encoding = (encoding or "utf-8").lower()

    def _doctype(self, _name: str, _system: str | None, _public: str | None, internal: int) -> None:
        if internal:
            raise InputError(
                "unsafe_image",
                "The SVG declares entities or attributes of its own.",
                "Save it as plain SVG, without a document type.",
            )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._here()
        if not self._path:
            if name != "svg":
                raise InputError("not_an_image", "The XML file is not an SVG.")
            self.found.root_start = self.parser.CurrentByteIndex
            self.found.namespace = attributes.get("xmlns:openbadges")
        self._path.append(name)
        self._elements += 1
        if len(self._path) > _MAX_XML_DEPTH or self._elements > _MAX_XML_ELEMENTS:
            raise InputError(
                "unsafe_image",
                f"The SVG has more than {_MAX_XML_ELEMENTS} elements or {_MAX_XML_DEPTH} levels.",
            )
        if name in _ELEMENTS:
            if self._text is not None:
                raise InputError("two_badges", "The image holds one credential inside another.")
            self._text, self._size, self._attribute = [], 0, attributes.get("verify", "").strip()
            self._fits(self._attribute)
            self.parser.CharacterDataHandler = self._characters

    def _end(self, name: str) -> None:
        self._here()
        self._path.pop()
        if name in _ELEMENTS and self._text is not None:
            text = "".join(self._text).strip()
            if text and self._attribute:
                raise InputError(
                    "two_badges", "The image holds a credential in an attribute and one beside it."
                )
            if not (text or self._attribute):
                raise _broken("the badge is empty")
            self.found.payloads.append(text or self._attribute)
            self._text = None
            self.parser.CharacterDataHandler = None

    def _characters(self, text: str) -> None:
        self._here()
        if self._text is not None and self._path[-1] in _ELEMENTS:
            self._fits(text)
            self._text.append(text)

    def _other(self, _text: str) -> None:
        self._here()

    def _fits(self, text: str) -> None:
        self._size += len(text)
        if self._size > VC_LIMITS.document_bytes:
            raise _payload_too_large()


def _read_svg(data: bytes) -> _Svg:
    reading = _Pass()
    try:
        reading.parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        # ValueError and LookupError: encodings that expat leaves to Python and Python does not know.
        raise _broken("it is not well-formed XML") from error
    return reading.found


def _bake_svg(image: bytes, payload: str) -> bytes:
    svg = _read_svg(image)
    _require_empty(svg.payloads)
    if svg.encoding not in {"utf-8", "us-ascii"} or not _is_utf8(image):
        raise InputError("unsafe_image", "The SVG is not in UTF-8.", "Save it as UTF-8.")
    if svg.namespace not in {None, _NAMESPACE}:
        raise InputError("unsafe_image", "The SVG uses the prefix openbadges for something else.")
    start_tag = image[svg.root_start : svg.root_end]
    if start_tag.endswith(b"/>"):
        raise InputError("empty_image", "The SVG draws nothing.")
    declared = b"" if svg.namespace else f' xmlns:openbadges="{_NAMESPACE}"'.encode()
    head = image[: svg.root_end - 1] + declared + b">"
    return head + _svg_element(payload, svg.encoding).encode() + image[svg.root_end :]


def _svg_element(payload: str, encoding: str) -> str:
    if not payload.startswith("{"):
        # A compact JWS, as `bake` made sure: nothing in it means anything to XML.
        return f'<{_ELEMENT} verify="{payload}"></{_ELEMENT}>'
    payload = _NOT_XML.sub(_escaped, payload)
    if encoding == "us-ascii":
        payload = "".join(char if char.isascii() else _escape(char) for char in payload)
    # A CDATA section cannot hold its own end: it is closed between the brackets and opened again.
    return f"<{_ELEMENT}><![CDATA[{payload.replace(']]>', ']]]]><![CDATA[>')}]]></{_ELEMENT}>"


def _escaped(match: re.Match[str]) -> str:
    return _escape(match.group())


def _escape(char: str) -> str:
    """As a JSON escape; beyond the basic plane as two (RFC 8259, section 7)."""
    units = struct.unpack(f">{len(char.encode('utf-16-be')) // 2}H", char.encode("utf-16-be"))
    return "".join(f"\\u{unit:04x}" for unit in units)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
