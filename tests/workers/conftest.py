"""The engines of the application's tests."""

from application.conftest import docs, fake, make_fake, make_real, opened, real, script

__all__ = ["docs", "fake", "make_fake", "make_real", "opened", "real", "script"]
