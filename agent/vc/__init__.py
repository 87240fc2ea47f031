"""Verifiable credentials as documents: what can be read, checked and made without any I/O.

Bytes, keys, time and fetched documents in; typed values and checks out. Who fetches is `agent.services`.

contexts, jsonld      JSON-LD contexts that come with the software, and safe canonical forms (of context_policy,
                      expansion and rdfc)
proofs, vc_jwt, dids  Data Integrity (of suites) and JWT proofs, keys of DIDs that carry them
model, rules          the W3C data models 1.1 and 2.0, and the verifier's numbered rules
status_list           Bitstring Status List v1.0
badge, clr, elm       the record as Open Badges 3.0, as a CLR 2.0 bundle, as European Learning Model, and back
baking, recognise     credentials inside images, and what a file is
"""
