"""Every limit and choice of the program, in one place: ``INGESTION_*`` variables, then the settings file, then defaults.

Read once in ``bootstrap`` and passed in. ``docs/configuration.md`` and the settings dialog are made from
the fields: title, description, range, group, and whether a change needs a restart. A long room, as each setting is
declared once, here, with all that is said of it.
"""

import json
import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, get_args

from platformdirs import user_data_path
from pydantic import Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, JsonConfigSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from ingest_desktop.domain.errors import InvalidRequestError, StoreError
from ingest_desktop.domain.wire import ExtractOptions

APP_NAME = "ingest-desktop"
SETTINGS_FILE = "settings.json"
PREFIX = "INGESTION_"
ENCODING = "utf-8-sig"  # some editors put a mark before the first brace
MIB = 1024 * 1024
PIB = 1024**5  # no limit in bytes is higher: beyond it the system calls that enforce one refuse the number
MANY = 1_000_000_000


class Group(StrEnum):
    """The pages of the settings dialog."""

    GENERAL = "General"
    READING = "Reading"
    QUEUE = "Queue"
    LIMITS = "Limits"
    STORE = "Store"
    WINDOW = "Window"
    ADVANCED = "Advanced"


def setting(
    default: Any,
    group: Group,
    title: str,
    text: str,
    *,
    unit: str = "",
    live: bool = True,
    names: Mapping[str, str] | None = None,
    **limits: Any,
) -> Any:
    """A field with what the dialog and the docs say of it.

    Args:
        live: A change needs no restart.
        names: What the dialog calls the choices that a word alone does not explain.
    """
    extra: dict[str, Any] = {"group": group.value, "unit": unit, "live": live, "names": dict(names or {})}
    return Field(default, title=title, description=text, json_schema_extra=extra, **limits)


def default_data_root() -> Path:
    """Where the store lives unless ``INGESTION_DATA_ROOT`` or ``--data-dir`` says otherwise."""
    return user_data_path(APP_NAME, appauthor=False)


class Settings(BaseSettings):
    """The settings as read. Frozen; ``with_changes`` gives a new one."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    data_root: Path = setting(
        Path(),
        Group.STORE,
        "Data folder",
        "Where the store, logs and backups live. Set by the environment or --data-dir.",
        live=False,
    )
    # queue
    workers: int = setting(
        0,
        Group.QUEUE,
        "Files read at once",
        "How many processes read files. 0 means one per processor core, at most 8.",
        live=False,
        ge=0,
        le=64,
    )
    batch_size: int = setting(
        50, Group.QUEUE, "Files per lot", "How many small files a process is handed at once.", ge=1, le=1000
    )
    lot_bytes: int = setting(
        512 * 1024,
        Group.QUEUE,
        "Bytes per lot",
        "How many bytes of small files a process is handed at once.",
        unit="bytes",
        ge=1024,
        le=256 * MIB,
    )
    queue_limit: int = setting(
        1_000_000, Group.QUEUE, "Queue limit", "How many jobs may wait at once.", ge=1, le=10_000_000
    )
    queue_capacity: int = setting(
        16,
        Group.QUEUE,
        "Results in hand",
        "How many lots or segments may wait to be stored before reading pauses.",
        live=False,
        ge=1,
        le=1000,
    )
    max_attempts: int = setting(
        4, Group.QUEUE, "Tries", "How often a job is tried when its trouble may pass by itself.", ge=1, le=100
    )
    changing_attempts: int = setting(
        12,
        Group.ADVANCED,
        "Tries of a changing file",
        "How often a file is tried that changes while it is read, because it is still being written. "
        "Never fewer than Tries.",
        ge=1,
        le=1000,
    )
    settle_seconds: float = setting(
        2.0,
        Group.QUEUE,
        "Let a file settle",
        "A file that was changed less long ago is read once it has held still for so long. 0 reads it at once.",
        unit="seconds",
        ge=0,
        le=60,
    )
    retry_base_seconds: float = setting(
        2.0,
        Group.QUEUE,
        "First retry after",
        "The longest wait before the first retry; it doubles each time.",
        unit="seconds",
        gt=0,
        le=3600,
    )
    retry_cap_seconds: float = setting(
        300.0, Group.QUEUE, "Longest wait", "No wait between two tries is longer.", unit="seconds", gt=0, le=86_400
    )
    crash_limit: int = setting(
        5,
        Group.QUEUE,
        "Crashes in a row",
        "A file during which the program was killed so often, without getting further, is set aside.",
        ge=1,
        le=100,
    )
    lease_seconds: float = setting(
        30.0,
        Group.QUEUE,
        "Lease",
        "After this long without a sign of life a worker loses its jobs to others.",
        unit="seconds",
        live=False,
        ge=2,
        le=3600,
    )
    # reading
    chunk_chars: int = setting(
        900,
        Group.READING,
        "Chunk size",
        "The longest piece of text that is found and cited as one.",
        unit="characters",
        ge=100,
        le=20_000,
    )
    chunk_overlap: int = setting(
        0,
        Group.READING,
        "Chunk overlap",
        "How much of a piece is repeated at the start of the next one.",
        unit="characters",
        ge=0,
        le=5_000,
    )
    segment_pages: int = setting(
        64,
        Group.READING,
        "Pages per segment",
        "Progress through a long document is saved after this many pages.",
        unit="pages",
        ge=1,
        le=10_000,
    )
    segment_bytes: int = setting(
        4 * MIB,
        Group.READING,
        "Bytes per segment",
        "Progress through a long text is saved after this many bytes.",
        unit="bytes",
        ge=65_536,
        le=256 * MIB,
    )
    ocr: bool = setting(
        True,
        Group.READING,
        "Recognise text in pictures",
        "Scanned pages and pictures are read with the program tesseract, where it is installed.",
    )
    ocr_languages: str = setting(
        "eng",
        Group.READING,
        "Languages of scans",
        "As tesseract names them, joined by a plus sign: eng+deu.",
        pattern=r"^[A-Za-z0-9_]+(\+[A-Za-z0-9_]+)*$",
        max_length=200,
    )
    ocr_page_seconds: float = setting(
        60.0,
        Group.LIMITS,
        "Time for a scanned page",
        "Recognising one page may take this long.",
        unit="seconds",
        ge=1,
        le=3600,
    )
    ocr_max_pages: int = setting(
        2000,
        Group.LIMITS,
        "Scanned pages",
        "Pages of one document that are recognised; the others are listed as without text.",
        unit="pages",
        ge=1,
        le=MANY,
    )
    ocr_max_pixels: int = setting(
        200_000_000,
        Group.LIMITS,
        "Dots of a picture",
        "A picture with more dots than this is not recognised: unpacking it takes memory.",
        unit="pixels",
        ge=1_000_000,
        le=MANY,
    )
    office_seconds: float = setting(
        120.0,
        Group.LIMITS,
        "Time for an old office document",
        "LibreOffice may take this long to convert one DOC or PPT file.",
        unit="seconds",
        ge=5,
        le=3600,
    )
    # limits
    max_file_bytes: int = setting(
        4 * 1024 * MIB, Group.LIMITS, "File size", "A larger file is refused.", unit="bytes", ge=1, le=PIB
    )
    max_pages: int = setting(
        100_000, Group.LIMITS, "Pages", "A document that claims more pages is refused.", unit="pages", ge=1, le=MANY
    )
    max_expanded_bytes: int = setting(
        512 * MIB,
        Group.LIMITS,
        "Unpacked size",
        "What a packed document such as DOCX may unpack to.",
        unit="bytes",
        ge=1,
        le=PIB,
    )
    max_members: int = setting(
        20_000,
        Group.LIMITS,
        "Files in an archive",
        "An archive with more files is refused.",
        unit="files",
        ge=1,
        le=MANY,
    )
    max_depth: int = setting(
        6,
        Group.LIMITS,
        "Archives in archives",
        "Files that are packed deeper are refused.",
        unit="levels",
        ge=1,
        le=50,
    )
    max_ratio: int = setting(
        500,
        Group.LIMITS,
        "Packing ratio",
        "An archive that grows by more than this when it is unpacked is taken for a bomb.",
        unit="times",
        ge=10,
        le=MANY,
    )
    max_output_chars: int = setting(
        64 * MIB,
        Group.LIMITS,
        "Text of a segment",
        "A segment that gives more text is refused.",
        unit="characters",
        ge=1000,
        le=MANY,
    )
    child_memory_bytes: int = setting(
        2048 * MIB,
        Group.LIMITS,
        "Memory of a reading process",
        "A file that needs more is refused.",
        unit="bytes",
        ge=128 * MIB,
        le=PIB,
    )
    child_cpu_seconds: float = setting(
        60.0,
        Group.LIMITS,
        "Processor time of a task",
        "A file, or a segment of one, that needs more is refused.",
        unit="seconds",
        ge=1,
        le=86_400,
    )
    child_wall_seconds: float = setting(
        300.0,
        Group.LIMITS,
        "Time of a task",
        "A file, or a segment of one, that takes longer is refused.",
        unit="seconds",
        ge=1,
        le=86_400,
    )
    child_tasks: int = setting(
        2000, Group.LIMITS, "Tasks of a process", "A reading process is replaced after this many tasks.", ge=1, le=MANY
    )
    child_recycle_bytes: int = setting(
        300 * MIB,
        Group.LIMITS,
        "Recycle at",
        "A reading process that has grown past this is replaced between two tasks.",
        unit="bytes",
        ge=64 * MIB,
        le=PIB,
    )
    child_nice: int = setting(
        10, Group.LIMITS, "Niceness", "How far reading steps back behind other programs (0 to 19).", ge=0, le=19
    )
    # store
    commit_chunks: int = setting(
        8_000,
        Group.STORE,
        "Chunks per commit",
        "How many pieces of text are stored in one go at most.",
        ge=1,
        le=1_000_000,
    )
    commit_seconds: float = setting(
        1.0,
        Group.STORE,
        "Seconds per commit",
        "How long finished work waits at most before it is stored.",
        unit="seconds",
        gt=0,
        le=60,
    )
    consumer_poll_interval: float = setting(
        0.5,
        Group.ADVANCED,
        "Poll interval",
        "How often workers look for what other processes added.",
        unit="seconds",
        gt=0,
        le=60,
    )
    thread_join_timeout: float = setting(
        5.0,
        Group.ADVANCED,
        "Shutdown wait",
        "How long quitting waits for threads to finish their segment.",
        unit="seconds",
        ge=0,
        le=600,
    )
    busy_timeout: float = setting(
        30.0,
        Group.STORE,
        "Lock wait",
        "How long to wait while another program holds the store locked.",
        unit="seconds",
        live=False,
        ge=0.1,
        le=600,
    )
    undo_days: float = setting(
        7.0,
        Group.STORE,
        "Keep deleted for",
        "Deleted jobs and their text are kept this long, so that deleting can be undone.",
        unit="days",
        ge=0,
        le=3650,
    )
    min_free_bytes: int = setting(
        200 * MIB,
        Group.STORE,
        "Free space to keep",
        "Work pauses when the disk of the data folder has less.",
        unit="bytes",
        ge=0,
        le=PIB,
    )
    wait_on_battery: Literal["low", "always", "never"] = setting(
        "low",
        Group.GENERAL,
        "Wait on battery",
        "When work waits while the computer is not plugged in. Without a battery it never does.",
        names={"low": "When it is low"},
    )
    battery_low_percent: int = setting(
        30,
        Group.ADVANCED,
        "Low battery",
        "Below this charge the battery counts as low.",
        unit="%",
        ge=0,
        le=100,
    )
    reserve_bytes: int = setting(
        4 * MIB,
        Group.STORE,
        "Reserve",
        "Room that is kept for the list of jobs, so that it can be written when other programs have filled the disk.",
        unit="bytes",
        live=False,
        ge=0,
        le=1024 * MIB,
    )
    backups: int = setting(
        7,
        Group.STORE,
        "Daily copies",
        "So many copies of the list of jobs are kept, at most one for each day. 0 makes none.",
        unit="copies",
        ge=0,
        le=365,
    )
    backup_content_bytes: int = setting(
        0,
        Group.STORE,
        "Copy knowledge bases up to",
        "Knowledge bases up to this size are copied each day, too. Without a copy, what is damaged is read again.",
        unit="bytes",
        ge=0,
        le=PIB,
    )
    persistence: str = setting(
        "disk",
        Group.ADVANCED,
        "Staged content",
        "Where snapshots and staged content are kept: disk, or a store that an installed package brings.",
        live=False,
        min_length=1,
    )
    # observability
    enable_metrics: bool = setting(
        True,
        Group.ADVANCED,
        "Metrics",
        "Count and time the work for the monitoring view and `ingest stats`.",
        live=False,
    )
    metrics_port: int = setting(
        0,
        Group.ADVANCED,
        "Metrics port",
        "Serve metrics on this port of the local machine. 0 serves nothing.",
        live=False,
        ge=0,
        le=65_535,
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = setting(
        "INFO", Group.ADVANCED, "Log level", "How much is written to the log.", live=False
    )
    log_bytes: int = setting(
        5 * MIB,
        Group.ADVANCED,
        "Log file size",
        "A log file is rotated at this size.",
        unit="bytes",
        live=False,
        ge=10_000,
        le=PIB,
    )
    log_files: int = setting(
        5, Group.ADVANCED, "Log files", "How many old log files are kept.", live=False, ge=0, le=100
    )
    # window
    theme: Literal["system", "light", "dark"] = setting("system", Group.WINDOW, "Theme", "Colours of the window.")
    close_to_tray: bool = setting(
        True, Group.WINDOW, "Close to tray", "Closing the window keeps the program in the tray, where there is one."
    )
    quit_with_work: Literal["ask", "quit"] = setting(
        "ask",
        Group.WINDOW,
        "Quit during work",
        "Ask before quitting while jobs run. They go on at the next start either way.",
    )
    notify_finished: bool = setting(
        True, Group.WINDOW, "Notify: finished", "Tell when everything that was added together is done."
    )
    notify_failed: bool = setting(
        True, Group.WINDOW, "Notify: failures", "Tell when some of what was added together failed."
    )
    notify_trouble: bool = setting(
        True, Group.WINDOW, "Notify: trouble", "Tell when work stops because of the disk or the store."
    )
    preflight_files: int = setting(
        2000,
        Group.WINDOW,
        "Ask above",
        "Show a summary before adding more files than this. 0 never asks.",
        unit="files",
        ge=0,
        le=MANY,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What ``--data-dir`` set, then the environment, then the settings file in the data folder."""
        root = init_settings().get("data_root") or os.environ.get("INGESTION_DATA_ROOT") or default_data_root()
        file = Path(root) / SETTINGS_FILE
        return (
            init_settings,
            env_settings,
            JsonConfigSettingsSource(settings_cls, json_file=file, json_file_encoding=ENCODING),
        )

    @property
    def settings_file(self) -> Path:
        """The file that the settings dialog writes."""
        return self.data_root / SETTINGS_FILE

    @property
    def worker_count(self) -> int:
        """How many reading processes to run."""
        return self.workers or min(8, os.cpu_count() or 1)

    @property
    def content_floor_bytes(self) -> int:
        """With less room on the disk no text is stored: what is left is for the list of jobs."""
        return max(min(32 * MIB, self.min_free_bytes), 2 * self.reserve_bytes if self.reserve_bytes else 0)

    @property
    def extract_options(self) -> ExtractOptions:
        """What the extraction children need to know."""
        names = ExtractOptions.__dataclass_fields__
        return ExtractOptions(**{name: getattr(self, name) for name in names})


def load_settings(data_dir: Path | str | None = None) -> Settings:
    """Read the settings.

    Raises:
        InvalidRequestError: A variable or the settings file holds a value that cannot be; the message names it.
        StoreError: The data folder may not be read.
    """
    root = Path(data_dir or os.environ.get("INGESTION_DATA_ROOT") or default_data_root()).expanduser().absolute()
    stored_settings(root)
    try:
        return Settings(data_root=root)
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"])
        message = f"The setting {name} ({variable_of(name)}) cannot be {first['input']!r}: {first['msg']}."
        raise InvalidRequestError(message) from None


def stored_settings(data_root: Path) -> dict[str, Any]:
    """What the settings file of a data folder holds; empty when there is none.

    Raises:
        InvalidRequestError: It is no JSON object.
        StoreError: It cannot be read.
    """
    file = data_root / SETTINGS_FILE
    try:
        stored = json.loads(file.read_text(ENCODING)) if file.exists() else {}
    except OSError as error:
        step = "Give yourself the right to read it, or name another one with --data-dir or INGESTION_DATA_ROOT."
        raise StoreError(f"The data folder {data_root} cannot be read: {error.strerror}. {step}") from None
    except (ValueError, RecursionError) as error:  # also bytes that are no UTF-8
        raise InvalidRequestError(f"The settings file {file} is not valid JSON: {error}.") from None
    if not isinstance(stored, dict):
        raise InvalidRequestError(f'The settings file {file} must hold one JSON object such as {{"workers": 4}}.')
    return stored


def editable_fields() -> dict[str, FieldInfo]:
    """The settings that the dialog shows, in order."""
    return {name: info for name, info in Settings.model_fields.items() if name != "data_root"}


def choices_of(info: FieldInfo) -> tuple[str, ...]:
    """The allowed words of a setting that is a choice, else nothing."""
    return get_args(info.annotation) if info.annotation not in (int, float, bool, str, Path) else ()


def choice_name(info: FieldInfo, choice: str) -> str:
    """What the dialog calls a choice."""
    extra = info.json_schema_extra
    names = extra.get("names") if isinstance(extra, dict) else None
    named = names.get(choice) if isinstance(names, dict) else None
    return str(named or (choice.capitalize() if choice.islower() else choice))


def variable_of(name: str) -> str:
    """The environment variable of a setting."""
    return f"{PREFIX}{name.upper()}"


def set_by_environment(name: str) -> str | None:
    """The variable that overrides the settings file for this setting, as it is written; None when there is none."""
    wanted = variable_of(name)  # whatever the case, as pydantic looks for it
    return next((found for found, value in os.environ.items() if value and found.upper() == wanted), None)
