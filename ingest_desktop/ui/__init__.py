"""The window. Qt only; asks application services, never SQL or files."""
