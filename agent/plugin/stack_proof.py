"""One revocation state per credential.

ACA-Py 1.7.0 builds one state per (registry, interval), with the witness of the first credential that needs
it, and uses it for every other credential of that registry. A witness proves one index only, so a proof over
two revocable credentials of one issuer never verifies. Here each credential gets its own: the revocation
list is fetched for each, and the timestamp, by which ACA-Py later looks the state up, says whose it is.
"""

from __future__ import annotations

from typing import Any

from acapy_agent.protocols.present_proof.anoncreds.pres_exch_handler import AnonCredsPresExchHandler


class CredentialTime(int):
    """A list's timestamp that stands for one credential's witness; equal only to itself."""

    credential_id: str

    def __new__(cls, seconds: int, credential_id: str) -> CredentialTime:
        self = super().__new__(cls, seconds)
        self.credential_id = credential_id
        return self

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, CredentialTime)
            and int(self) == int(other)
            and self.credential_id == other.credential_id
        )

    def __hash__(self) -> int:
        return hash((int(self), self.credential_id))


def install() -> None:
    """Patch the holder's proof. An ACA-Py without the method would issue proofs that fail: refuse it."""
    original = AnonCredsPresExchHandler._get_revocation_lists

    async def lists_per_credential(
        self: AnonCredsPresExchHandler, referents: dict[str, dict[str, Any]], credentials: dict[str, Any]
    ) -> dict[str, tuple[str, str, dict[str, Any], CredentialTime]]:
        found = {}
        for credential_id in dict.fromkeys(precis["cred_id"] for precis in referents.values()):
            own = {name: precis for name, precis in referents.items() if precis["cred_id"] == credential_id}
            for key, (registry, owner, rev_list, seconds) in (await original(self, own, credentials)).items():
                stamp = CredentialTime(seconds, credential_id)
                for precis in own.values():
                    precis["timestamp"] = stamp
                found[f"{credential_id} {key}"] = (registry, owner, rev_list, stamp)
        return found

    AnonCredsPresExchHandler._get_revocation_lists = lists_per_credential
