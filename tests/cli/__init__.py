"""Tests of what the room promises."""
