"""What changes while the registry runs: bindings, proposals, their log, mirrored objects.

::

    records.py    `Store`: what is kept and asked, and the signatures on it
    tables.py     the tables and what is asked of them
    signer.py     the keys, as the store needs them
    database.py   SQLite or PostgreSQL: connections, transactions, errors, the version of the tables
    place.py      which database it is: ``HOME/registry.db``, or the one that the environment names
    backup.py     one file of everything, and the way back

The tables are made and changed by `trust_registry.migrations`.
"""

from trust_registry.store.place import store_place
from trust_registry.store.records import Act, Store, StoredBindings
from trust_registry.store.signer import Signer

__all__ = ["Act", "Signer", "Store", "StoredBindings", "store_place"]
