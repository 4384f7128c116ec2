"""Finding the files of a drop: folders are walked, what is no document is skipped and counted.

Nothing is opened here but the rules of repositories (``.gitignore``), and files whose names promise no document (see
``left_out``). What a repository leaves out of itself, or has from others, or builds, is left out below it. Links are
not followed inside a folder (a link to a folder may lead in a circle, a link to a file would count it twice); what a
person names directly is followed.
"""

import os
import stat
import sys
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from ingest_desktop.application.gitignore import Ground
from ingest_desktop.application.left_out import reason_of
from ingest_desktop.domain.interfaces.repository import FoundFile
from ingest_desktop.domain.wire import signature_of

SYSTEM_NAMES = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db", "$recycle.bin", "system volume information"})
TEMPORARY_FOLDERS = frozenset({"__pycache__"})
VENDORED_FOLDERS = frozenset({"node_modules", "bower_components", "jspm_packages"})  # wherever they are
VENDORED_IN_REPOSITORIES = frozenset(
    {"vendor", "vendored", "third_party", "thirdparty", "3rdparty", "pods", "carthage"}
)
ENVIRONMENT_MARK = "pyvenv.cfg"  # of a folder that holds a Python of its own with all that was installed there
BUILT_FOLDERS = {  # by their name, and by one of the files beside them from which they are built
    "target": frozenset({"cargo.toml", "pom.xml", "build.sbt"}),
    "build": frozenset(
        {"setup.py", "pyproject.toml", "cmakelists.txt", "build.gradle", "build.gradle.kts", "package.json"}
    ),
    "dist": frozenset({"setup.py", "pyproject.toml", "package.json"}),
    "out": frozenset({"package.json", "cmakelists.txt", "build.gradle", "build.gradle.kts"}),
    "_build": frozenset({"conf.py", "mix.exs", "dune-project"}),
    "cmake-build-debug": frozenset({"cmakelists.txt"}),
    "cmake-build-release": frozenset({"cmakelists.txt"}),
}
PSEUDO_FOLDERS = frozenset({"/proc", "/sys", "/dev", "/run"}) if os.name == "posix" else frozenset()
TEMPORARY_ENDINGS = (".part", ".crdownload", ".partial", ".tmp", ".swp")
_HIDDEN_ATTRIBUTES = getattr(stat, "FILE_ATTRIBUTE_HIDDEN", 2) | getattr(stat, "FILE_ATTRIBUTE_SYSTEM", 4)


@dataclass(slots=True)
class Walk:
    """One walk.

    ``skipped`` counts by reason: hidden, system, temporary, link, special, unreadable, missing, kind, what holds no
    text (see ``left_out``), and in repositories ignored (by its own rules) and vendored (from others, or built). A folder
    counts as one. ``on_skip`` hears the path of each, with the reason. ``looked_at`` counts all names that were seen.
    """

    skipped: Counter[str] = field(default_factory=Counter)
    stop: threading.Event | None = None
    own_folder: str | None = None  # the program's data folder, absolute
    without: Collection[str] = ()  # kinds that the person left out, as ``kind_of`` names them
    takes_all: bool = False  # also what holds no text: some reader of others may read it
    on_skip: Callable[[str, str], None] | None = None
    looked_at: int = 0
    _named: frozenset[str] = frozenset()

    def files(self, roots: Sequence[str]) -> Iterator[FoundFile]:
        """Every file below the roots, each folder's files in order of name.

        Each counts once: a root that is named twice, and what is named and lies in a folder that is named, too.
        """
        named: dict[str, str] = {}
        for root in map(os.path.abspath, roots):
            named.setdefault(os.path.normcase(root), root)
        self._named = frozenset(named)
        for root in named.values():
            self.looked_at += 1
            if self._stopped():
                return
            try:
                found = os.stat(root)
            except OSError:
                self._skip("missing", root)
                continue
            if stat.S_ISDIR(found.st_mode):
                yield from self._folder(root)
            elif stat.S_ISREG(found.st_mode):
                if self._is_wanted(root, found):
                    yield _file(root, found)
            else:
                self._skip("special", root)

    def _folder(self, root: str) -> Iterator[FoundFile]:
        pending: list[tuple[str, Ground | None]] = [(root, None)]
        while pending and not self._stopped():
            folder, ground = pending.pop()
            try:
                with os.scandir(folder) as listing:
                    entries = sorted(listing, key=lambda entry: entry.name)
            except OSError:
                self._skip("unreadable", folder)
                continue
            names = frozenset([entry.name for entry in entries])
            if ENVIRONMENT_MARK in names and folder != root:
                self._skip("vendored", folder)
                continue
            if ground is not None or ".git" in names:
                ground = (ground or Ground()).below(folder, names)
            inner: list[str] = []
            for entry in entries:
                self.looked_at += 1
                try:
                    found = self._entry(entry, inner, ground, names)
                except OSError:
                    self._skip("unreadable", entry.path)
                    continue
                if found is not None:
                    yield found
            pending.extend([(path, ground) for path in reversed(inner)])

    def _entry(
        self, entry: "os.DirEntry[str]", inner: list[str], ground: Ground | None, beside: frozenset[str]
    ) -> FoundFile | None:
        name = entry.name
        if os.path.normcase(entry.path) in self._named:
            return None  # it comes as a root of its own, whatever would be left out inside a folder
        reason = skip_reason(name)
        if reason is None and entry.is_symlink():
            reason = "link"
        if reason is None and entry.is_dir(follow_symlinks=False):
            if _is_hidden(entry):
                reason = "hidden"
            elif entry.path in PSEUDO_FOLDERS or entry.path == self.own_folder:
                reason = "system"
            elif is_vendored(name, beside, in_repository=ground is not None):
                reason = "vendored"
            elif ground is not None and ground.ignores(entry.path, is_folder=True):
                reason = "ignored"
            else:
                inner.append(entry.path)
                return None
        if reason is None and not entry.is_file(follow_symlinks=False):
            reason = "special"
        if reason is None and _is_hidden(entry):
            reason = "hidden"
        if reason is None and ground is not None and ground.ignores(entry.path, is_folder=False):
            reason = "ignored"
        if reason is not None:
            self._skip(reason, entry.path)
            return None
        found = os.stat(entry.path) if sys.platform == "win32" else entry.stat()
        return _file(entry.path, found) if self._is_wanted(entry.path, found) else None

    def _is_wanted(self, path: str, found: os.stat_result) -> bool:
        reason = None if self.takes_all else reason_of(path, found)
        if reason is None and self.without and kind_of(path) in self.without:
            reason = "kind"
        if reason is not None:
            self._skip(reason, path)
        return reason is None

    def _skip(self, reason: str, path: str) -> None:
        self.skipped[reason] += 1
        if self.on_skip is not None:
            self.on_skip(reason, path)

    def _stopped(self) -> bool:
        return self.stop is not None and self.stop.is_set()


def kind_of(path: str) -> str:
    """The kind of a file by its name: the ending in lower case without its dot, or nothing."""
    return os.path.splitext(path)[1].lstrip(".").lower()


def skip_reason(name: str) -> str | None:
    """Why a name inside a folder is no document, or None."""
    if name.startswith("."):
        return "hidden"
    lower = name.lower()
    if lower in SYSTEM_NAMES:
        return "system"
    if lower in TEMPORARY_FOLDERS or name.startswith("~$") or name.endswith("~") or lower.endswith(TEMPORARY_ENDINGS):
        return "temporary"
    return None


def is_vendored(name: str, beside: Collection[str], *, in_repository: bool) -> bool:
    """Whether a folder holds what others wrote, or what a program made of the files beside it."""
    lower = name.lower()
    if lower in VENDORED_FOLDERS:
        return True
    if not in_repository:
        return False
    made_from = BUILT_FOLDERS.get(lower)
    built = made_from is not None and not made_from.isdisjoint([other.lower() for other in beside])
    return built or lower in VENDORED_IN_REPOSITORIES


def _is_hidden(entry: "os.DirEntry[str]") -> bool:
    """Windows keeps hidden and system marks beside the name; the entry has them without a further call there."""
    if sys.platform != "win32":
        return False
    attributes: int = entry.stat(follow_symlinks=False).st_file_attributes
    return bool(attributes & _HIDDEN_ATTRIBUTES)


def _file(path: str, found: os.stat_result) -> FoundFile:
    return FoundFile(path, *signature_of(found))
