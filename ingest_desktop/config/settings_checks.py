"""What a setting can be, which names are none, and changing the settings file. The settings class alone knows the bounds."""

import difflib
import functools
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from ingest_desktop.config.settings import (
    PREFIX,
    SETTINGS_FILE,
    Settings,
    editable_fields,
    load_settings,
    stored_settings,
    variable_of,
)
from ingest_desktop.domain.errors import InvalidRequestError


class BadSettingError(ValueError):
    """A value that a setting cannot have.

    Attributes:
        kind: What pydantic calls it, such as "greater_than_equal".
        limit: The bound that was broken, or None.
    """

    def __init__(self, kind: str, limit: float | None, message: str) -> None:
        super().__init__(message)
        self.kind, self.limit = kind, limit


@functools.cache
def _check_of(name: str) -> TypeAdapter[Any]:
    info = Settings.model_fields[name]
    kind: Any = Annotated[info.annotation, info]
    return TypeAdapter(kind)


def checked(name: str, value: Any) -> Any:
    """A value as the setting would hold it. The class is the one place that knows the bounds.

    Raises:
        BadSettingError: The setting cannot have it.
    """
    try:
        return _check_of(name).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        limit = next((part for part in (first.get("ctx") or {}).values() if isinstance(part, int | float)), None)
        raise BadSettingError(first["type"], limit, first["msg"]) from None


def default_of(name: str) -> Any:
    """What a setting is when nobody sets it."""
    return Settings.model_fields[name].default


@dataclass(frozen=True, slots=True)
class UnknownSetting:
    """A name that looks like a setting and is none, so that it has no effect.

    ``file`` is the settings file it stands in, None for an environment variable; ``meant`` is the nearest name there is.
    """

    name: str
    file: Path | None = None
    meant: str | None = None

    def __str__(self) -> str:
        where = f"{self.name!r} in {self.file}" if self.file else f"The environment variable {self.name}"
        meant = f" Did you mean {self.meant}?" if self.meant else ""
        return f"{where} is no setting and has no effect.{meant}"


def unknown_settings(data_root: Path) -> tuple[UnknownSetting, ...]:
    """Names in the environment and in the settings file that no setting knows: mostly typing errors.

    Raises:
        InvalidRequestError: The settings file cannot be read.
    """
    variables = {variable_of(name) for name in Settings.model_fields}
    names = set(editable_fields())
    found = [
        UnknownSetting(variable, None, _nearest(variable.upper(), variables))
        for variable in sorted(os.environ)
        if variable.upper().startswith(PREFIX) and variable.upper() not in variables and os.environ[variable]
    ]
    found += [
        UnknownSetting(name, data_root / SETTINGS_FILE, _nearest(name.lower().removeprefix(PREFIX.lower()), names))
        for name in sorted(stored_settings(data_root))
        if name not in names
    ]
    return tuple(found)


def _nearest(name: str, known: set[str]) -> str | None:
    return next(iter(difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.8)), None)


def save_changes(settings: Settings, changes: dict[str, Any]) -> Settings:
    """Write changed settings to the settings file, whole or not at all, and return the new settings.

    A setting that is changed to its default is taken out of the file.

    Raises:
        InvalidRequestError: A value is out of its range, or the file is not ours to read; nothing was written.
        OSError: The file could not be written; the old one stands.
    """
    file = settings.settings_file
    stored = stored_settings(settings.data_root)
    for name, value in changes.items():
        try:
            good = checked(name, value)
        except BadSettingError as error:
            raise InvalidRequestError(f"{name}: {error}.") from None
        if good == default_of(name):
            stored.pop(name, None)
        else:
            stored[name] = good
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = file.with_suffix(".new")
    temporary.unlink(missing_ok=True)  # what a crash left may have other rights
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        json.dump(stored, stream, indent=1, sort_keys=True, default=str)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, file)
    return load_settings(settings.data_root)
