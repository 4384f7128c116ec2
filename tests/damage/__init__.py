"""The store under damage: what is found, mended, copied and saved."""
