"""The ledger, the content stores, full text, persistence: everything that touches SQLite and our own files."""
