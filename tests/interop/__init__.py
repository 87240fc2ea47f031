"""Credentials exchanged with code nobody here wrote: npm's @digitalbazaar/vc and verifier-core, PyPI's openvc-core.

Each lives in an environment of its own inside a cache folder ($CAIRN_INTEROP_CACHE, else .interop), made when
first needed and kept. Where a package cannot be installed its tests are skipped, with the installer's reason.
Apart from that installation nothing here uses the network.
"""
