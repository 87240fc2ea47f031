"""Adapters that turn a source into normalised facts, with where they come from and what was set aside."""
