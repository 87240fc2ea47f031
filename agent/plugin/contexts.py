"""JSON-LD contexts come with the software, never from the network.

ACA-Py loads a context it does not have live, synchronously, without a time limit, from whatever address a
credential names. Here it reads those that our own verifier reads (`agent.vc.contexts`), so that what the wallet
signs means the same to both; then the few more that ACA-Py brings along. Any other is an error.
"""

from __future__ import annotations

from typing import Any

from acapy_agent.vc.ld_proofs import document_downloader

from agent.vc import contexts

_Downloader = document_downloader.StaticCacheJsonLdDownloader


def install() -> None:
    _Downloader.load = _load


def _load(self: Any, url: str, _options: dict[str, Any] | None = None) -> dict[str, Any]:
    """PyLD's remote document (https://www.w3.org/TR/json-ld11-api/#remotedocument)."""
    try:
        document = contexts.load(url)
    except contexts.UnknownContext as error:
        bundled: dict[str, Any] | None = self.cache.get(url)
        if bundled is not None:
            return bundled
        raise document_downloader.JsonLdError(
            "The JSON-LD context is not among those that come with this software.",
            "jsonld.LoadDocumentError",
            {"url": url},
            code="loading document failed",
        ) from error
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": url,
        "document": document,
    }
