"""Typed settings and where things live."""
