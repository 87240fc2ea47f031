"""Envelopes: how a record is secured. AnonCreds is the first; see docs/decisions/0019."""
