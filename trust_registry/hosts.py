"""Whose a host name may be: public suffixes, hosts that serve anybody, and which website a host lies under.

The Public Suffix List comes with the library `publicsuffixlist`, which releases it daily; nothing is fetched
at run time, so keeping the list fresh is keeping the package fresh. Pure but for the first reading of it.
"""

from __future__ import annotations

from functools import cache
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList

# Services where many publish under one name that is not in the list's private section.
SHARED_DOMAINS = frozenset(
    {
        "academia.edu",
        "archive.org",
        "bitbucket.org",
        "deqar.eu",
        "dropbox.com",
        "facebook.com",
        "github.com",
        "gitlab.com",
        "google.com",  # sites.google.com is the website of one alliance in DEQAR
        "instagram.com",
        "linkedin.com",
        "linktr.ee",
        "medium.com",
        "notion.so",
        "researchgate.net",
        "sharepoint.com",
        "squarespace.com",
        "tumblr.com",
        "twitter.com",
        "webs.com",
        "weebly.com",
        "wix.com",
        "wordpress.com",
        "x.com",
        "yola.com",
        "youtube.com",
    }
)


def why_not(host: str) -> tuple[str, str] | None:
    """(code, sentence) when ``host``, a name without port, cannot stand for one institution."""
    full, icann = _lists()
    suffix = full.publicsuffix(host)
    if suffix is None or suffix == host or "." not in host:
        return "public_suffix", "The DID's host is a public suffix: anybody may have a name below it."
    if suffix != icann.publicsuffix(host) or registrable(host) in SHARED_DOMAINS:
        return "shared_host", "The DID's host is one that lends its name to anybody."
    return None


def registrable(host: str) -> str:
    """The domain that somebody registered (``mtu.ie`` of ``www.mtu.ie``); empty when there is none."""
    return _lists()[0].privatesuffix(host) or ""


def website_host(url: str) -> str:
    """The host of a website as the sources write it, in ASCII and without ``www.``; empty if there is none."""
    text = url.strip()
    try:
        found = urlsplit(text if "://" in text else f"//{text}").hostname or ""
        return found.encode("idna").decode("ascii").lower().removeprefix("www.").rstrip(".")
    except ValueError:  # UnicodeError is one
        return ""


def lies_under(host: str, website: str) -> bool:
    """Whether ``host`` is ``website`` (as `website_host` gives it) or a name below it."""
    return bool(website) and (host == website or host.endswith(f".{website}"))


@cache
def _lists() -> tuple[PublicSuffixList, PublicSuffixList]:
    """Everything, and the registries' own part: a host for which they differ lies under a hosting service."""
    return PublicSuffixList(), PublicSuffixList(only_icann=True)
