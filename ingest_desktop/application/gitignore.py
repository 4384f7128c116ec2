"""What a repository leaves out: the rules of ``.gitignore`` files, as git itself reads them.

Names are matched as bytes, because git does so: a question mark stands for one byte. Time is bounded whatever a
pattern holds: one with many asterisks is not left to a search that steps back.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

_MOST_BYTES: Final = 512 * 1024  # of one file of rules
_MOST_RULES: Final = 5000
_MOST_PATTERN: Final = 1000
_MOST_STARS: Final = 2  # in a regular expression; with more of them its search may take for ever
_SLASH: Final = 0x2F
_ANY: Final = frozenset(range(256))
_NO_SLASH: Final = _ANY - {_SLASH}
_SPECIAL: Final = re.compile(rb"[*?\[\\]")
_IGNORES_CASE: Final = sys.platform in ("win32", "darwin")
_CLASSES: Final[dict[bytes, Callable[[str], bool]]] = {
    b"alnum": str.isalnum,
    b"alpha": str.isalpha,
    b"blank": lambda sign: sign in " \t",
    b"cntrl": lambda sign: ord(sign) < 32 or ord(sign) == 127,
    b"digit": str.isdigit,
    b"graph": lambda sign: 32 < ord(sign) < 127,
    b"lower": str.islower,
    b"print": lambda sign: 32 <= ord(sign) < 127,
    b"punct": lambda sign: 32 < ord(sign) < 127 and not sign.isalnum(),
    b"space": lambda sign: sign in " \t\n\v\f\r",
    b"upper": str.isupper,
    b"xdigit": lambda sign: sign in "0123456789abcdefABCDEF",
}
Token = frozenset[int] | str  # one byte of these; or STAR, DEEP, FOLDERS
STAR, DEEP, FOLDERS = "*", "**", "**/"  # not over slashes; over them; any number of folders, each with its slash


class Hopeless(ValueError):
    """A pattern that can match nothing: a bracket or a backslash that never ends."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a file of rules."""

    negated: bool
    folders_only: bool
    by_name: bool  # the name alone counts, not the way to it
    matches: Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class Ground:
    """The rules that hold in a folder of a repository: its own, and those of the folders above up to its root."""

    layers: tuple[tuple[int, tuple[Rule, ...]], ...] = ()  # length of the folder's path with its slash; its rules

    def below(self, folder: str, names: frozenset[str]) -> "Ground":
        """The rules in a folder with these entries."""
        found: tuple[Rule, ...] = ()
        if ".git" in names:
            found = rules(_bytes_of(os.path.join(folder, ".git", "info", "exclude")))
        if ".gitignore" in names:
            found += rules(_bytes_of(os.path.join(folder, ".gitignore")))
        above = () if ".git" in names else self.layers
        return Ground((*above, (len(_slashed(folder)) + 1, found))) if found else Ground(above)

    def ignores(self, path: str, *, is_folder: bool) -> bool:
        """Whether a file or folder is left out, given that the folders it stands in are not."""
        if not self.layers:
            return False
        whole = _slashed(path)
        name = whole.rpartition(b"/")[2]
        for length, found in reversed(self.layers):
            below = whole[length:]
            for rule in reversed(found):
                if (is_folder or not rule.folders_only) and rule.matches(name if rule.by_name else below):
                    return not rule.negated
        return False


def rules(data: bytes) -> tuple[Rule, ...]:
    """The rules of a file; lines that say nothing are left out."""
    found = []
    for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n")[:_MOST_RULES]:
        rule = rule_of(line.removesuffix(b"\r"))
        if rule is not None:
            found.append(rule)
    return tuple(found)


def rule_of(line: bytes) -> Rule | None:
    """One rule; None for a comment, for nothing, and for what can match nothing."""
    if line.startswith(b"#") or len(line) > _MOST_PATTERN:
        return None
    pattern = _without_spaces(line)
    negated = pattern.startswith(b"!")
    pattern = pattern[1:] if negated else pattern
    folders_only = pattern.endswith(b"/")
    pattern = pattern[:-1] if folders_only else pattern
    by_name = b"/" not in pattern
    if not by_name:
        pattern = pattern.removeprefix(b"/")
    if not pattern:
        return None
    try:
        return Rule(negated, folders_only, by_name, _matcher(pattern, paths=not by_name))
    except Hopeless:
        return None


def _without_spaces(line: bytes) -> bytes:
    """Without spaces at the end, but for those behind a backslash."""
    end = at = 0
    while at < len(line):
        if line[at : at + 1] == b"\\":
            at = end = at + 2
        else:
            at += 1
            end = end if line[at - 1 : at] == b" " else at
    return line[:end]


def _matcher(pattern: bytes, *, paths: bool) -> Callable[[bytes], bool]:
    special = _SPECIAL.search(pattern)
    fixed = pattern if special is None else pattern[: special.start()]
    if special is None and not _IGNORES_CASE:
        return pattern.__eq__
    # git compares what stands before the first special sign by itself, and what follows as a pattern of its own
    tokens = [frozenset({value}) for value in fixed] + list(_tokens(pattern[len(fixed) :], paths=paths))
    if _IGNORES_CASE:
        tokens = [token if isinstance(token, str) else _both_cases(token) for token in tokens]
    if sum(isinstance(token, str) for token in tokens) > _MOST_STARS:
        return Machine(tokens).matches
    found = re.compile(b"".join(map(_expression, tokens)), re.DOTALL).fullmatch
    return lambda text: found(text) is not None


def _tokens(pattern: bytes, *, paths: bool) -> Iterator[Token]:
    one = _NO_SLASH if paths else _ANY
    at = 0
    while at < len(pattern):
        sign = pattern[at : at + 1]
        if sign == b"*":
            stop = at
            while pattern[stop : stop + 1] == b"*":
                stop += 1
            after = pattern[stop : stop + 2]
            begins = at == 0 or pattern[at - 1 : at] == b"/"
            deep = stop - at > 1 and begins and (not after or after[:1] == b"/" or after == b"\\/")
            at = stop
            if deep and paths and after[:1] == b"/":
                yield FOLDERS
                at += 1
            else:
                yield DEEP if deep or not paths else STAR
        elif sign == b"?":
            yield one
            at += 1
        elif sign == b"[":
            signs, at = _bracket(pattern, at + 1)
            yield signs - {_SLASH} if paths else signs
        else:
            at += sign == b"\\"
            if at >= len(pattern):
                raise Hopeless
            yield frozenset({pattern[at]})
            at += 1


def _bracket(pattern: bytes, at: int) -> tuple[frozenset[int], int]:
    """The bytes that a bracket stands for, and where it ends."""
    negated = pattern[at : at + 1] in (b"!", b"^") and bool(pattern[at : at + 1])
    at += negated
    found: set[int] = set()
    before: int | None = None
    first = True
    while first or pattern[at : at + 1] != b"]":
        first = False
        sign = pattern[at : at + 1]
        if not sign:
            raise Hopeless
        following = pattern[at + 1 : at + 2]
        if sign == b"-" and before is not None and following and following != b"]":
            at += 1 + (following == b"\\")
            if at >= len(pattern):
                raise Hopeless
            found.update(range(before, pattern[at] + 1))
            before = None
        elif sign == b"[" and following == b":" and (end := _class_end(pattern, at + 2)) is not None:
            name = pattern[at + 2 : end]
            if name not in _CLASSES:
                raise Hopeless
            found.update(value for value in range(128) if _CLASSES[name](chr(value)))
            at, before = end + 1, None
        else:
            at += sign == b"\\"
            if at >= len(pattern):
                raise Hopeless
            before = pattern[at]
            found.add(before)
        at += 1
    return (_ANY - found if negated else frozenset(found)), at + 1


def _class_end(pattern: bytes, start: int) -> int | None:
    """Where the colon stands that ends ``[:alpha:]``; None when it is no such thing."""
    end = pattern.find(b"]", start)
    if end < 0:
        raise Hopeless
    return end - 1 if end - 1 >= start and pattern[end - 1 : end] == b":" else None


def _both_cases(signs: frozenset[int]) -> frozenset[int]:
    return signs.union(*({ord(chr(value).upper()), ord(chr(value).lower())} for value in signs if value < 128))


def _expression(token: Token) -> bytes:
    if isinstance(token, str):
        return {STAR: b"[^/]*", DEEP: b".*", FOLDERS: b"(?:.*/)?"}[token]
    if len(token) == 256:
        return b"."
    if not token:
        return b"(?!)"
    return b"[" + b"".join(b"\\x%02x" % value for value in sorted(token)) + b"]"


class Machine:
    """Matches a pattern in one pass over a text, all ways at once: bit n is set when the first n steps are done."""

    def __init__(self, tokens: list[Token]) -> None:
        self._stay, self._go = [0] * 256, [0] * 256  # by the byte that comes: the steps that may wait, or be done
        self._skips: list[int] = []  # steps that may be left out, in order
        at = 0
        for token in tokens:
            if token == FOLDERS:
                self._skips.append(at)
                at += 1  # entered only from here; the step that waits is the next one
                for value in range(256):
                    self._stay[value] |= 1 << at
                self._go[_SLASH] |= 1 << at
            elif isinstance(token, str):
                self._skips.append(at)
                for value in _NO_SLASH if token == STAR else _ANY:
                    self._stay[value] |= 1 << at
            else:
                for value in token:
                    self._go[value] |= 1 << at
            at += 1
        self._folders = self._folder_steps(tokens)
        self._end = 1 << at

    def matches(self, text: bytes) -> bool:
        now = self._closed(1)
        for value in text:
            now = self._closed((now & self._stay[value]) | ((now & self._go[value]) << 1))
            if not now:
                return False
        return bool(now & self._end)

    def _closed(self, now: int) -> int:
        for step in self._skips:
            if now >> step & 1:
                now |= 1 << step + 1
                if step in self._folders:
                    now |= 1 << step + 2
        return now

    @staticmethod
    def _folder_steps(tokens: list[Token]) -> frozenset[int]:
        found, at = set(), 0
        for token in tokens:
            if token == FOLDERS:
                found.add(at)
                at += 1
            at += 1
        return frozenset(found)


def _slashed(path: str) -> bytes:
    """A path as git sees it."""
    return os.fsencode(path.replace(os.sep, "/") if os.sep != "/" else path).rstrip(b"/")


def _bytes_of(path: str) -> bytes:
    """A file of rules; nothing when it cannot be read, or is no plain file."""
    try:
        if not os.path.isfile(path):
            return b""
        with open(path, "rb") as stream:
            return stream.read(_MOST_BYTES)
    except OSError:
        return b""
