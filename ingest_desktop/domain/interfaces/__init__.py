"""Protocols: what a newcomer may implement, and what the rooms expect of each other."""
