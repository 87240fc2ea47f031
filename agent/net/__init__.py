"""Everything that is fetched from hosts we do not control goes through here, bounded and verified.

`fetch` gets bytes, `did_web` turns a DID into keys, `objects` turns an AnonCreds object id into content that
its issuer signed. ACA-Py itself never opens a foreign address: its plugin asks these.
"""
