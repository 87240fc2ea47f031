"""JSON-LD contexts come with the software, never from the network.

ACA-Py loads a context it does not have live, synchronously, without a time limit, from whatever address a
credential names. A context that is not bundled is an error instead.
"""

from __future__ import annotations

from typing import Any, NoReturn

from acapy_agent.vc.ld_proofs import document_downloader


def forbid_live_loads() -> None:
    document_downloader.StaticCacheJsonLdDownloader._live_load = _refuse


def _refuse(_self: Any, url: str, _options: dict[str, Any] | None = None) -> NoReturn:
    raise document_downloader.JsonLdError(
        "The JSON-LD context is not among those that come with this software.",
        "jsonld.LoadDocumentError",
        {"url": url},
        code="loading document failed",
    )
