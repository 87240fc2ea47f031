"""``python -m issuer_profiles`` writes the JSON Schemas anew; a test fails when they are out of date."""

from issuer_profiles.loader import write_schemas

if __name__ == "__main__":
    write_schemas()
