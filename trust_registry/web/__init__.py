"""What the registry answers to others: search, pages for people, and neighbouring protocols.

Every route here only reads, opens no foreign address and writes no log. What it says of an institution comes
out of `trust_registry.resolve.resolve`, by way of `standing`.
"""
