"""Exports of Slack: a folder of JSON for each channel, a file for each day, and who is who beside them."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from html import unescape
from itertools import pairwise
from typing import Any, Final

from ingest_desktop.domain.interfaces.extraction import Block, ReaderPlan, SegmentNotes
from ingest_desktop.domain.wire import ExtractOptions, SegmentSpec

Contents = Mapping[str, Callable[[], bytes]]
_RUN_MESSAGES: Final = 5000  # of one segment; days are not cut
_DAY: Final = re.compile(r"(?:.*/)?([^/]+)/(\d{4}-\d{2}-\d{2})\.json")
_LISTS: Final = frozenset({"channels.json", "groups.json", "dms.json", "mpims.json"})
_LINK: Final = re.compile(r"<([@#!]?)([^<>|]{1,3000})(?:\|([^<>]{0,3000}))?>")
_IN_A_LINE: Final = frozenset({"text", "link", "user"})  # of rich text; other parts have lines of their own
_INSIDE: Final = ("title", "fields", "elements")
_STAMP: Final = re.compile(r"\d{9,10}\.\d{6}")
_NOT_SAID: Final = frozenset({"channel_join", "channel_leave", "group_join", "group_leave"})


def is_export(names: Iterable[str]) -> bool:
    """Whether an archive with these members is one."""
    found = list(names)
    own = {name.rpartition("/")[2] for name in found}
    return "users.json" in own and bool(own & _LISTS) and any(_DAY.fullmatch(name) for name in found)


def plan(contents: Contents, _options: ExtractOptions, warnings: tuple[str, ...]) -> ReaderPlan:
    """Segments of whole days; units are messages, counted through all days in order."""
    cuts, total = [0], 0
    for name in days(contents):
        total += len(day(contents[name]) or ())
        if total - cuts[-1] >= _RUN_MESSAGES:
            cuts.append(total)
    if cuts[-1] != total or total == 0:
        cuts.append(max(total, 1))
    segments = tuple(SegmentSpec(number, start, stop) for number, (start, stop) in enumerate(pairwise(cuts)))
    return ReaderPlan("message", total, segments, "application/zip", title="Slack", warnings=warnings)


def blocks(contents: Contents, plan: ReaderPlan, segment: SegmentSpec, notes: SegmentNotes) -> Iterator[Block]:
    """The messages of a segment, each a block below the name of its channel. A day that is damaged is a gap."""
    people = speakers(contents)
    last = segment == plan.segments[-1]
    number = seen = with_text = 0
    for name in days(contents):
        if number >= segment.stop and not last:
            break
        found = day(contents[name])
        if found is None:
            if number >= segment.start:
                notes.units_failed.append((number + 1, f"{name}: It is damaged: its messages are missing."))
            continue
        first, number = number, number + len(found)
        if first < segment.start:
            continue
        channel = _channel(name)
        for message in found:
            seen += 1
            text = said(message, people)
            if text:
                with_text += 1
                yield Block(text, path=(channel,), extra=(("part", name),))
        if notes.progress is not None:
            notes.progress(seen, segment.stop - segment.start)
    notes.units_seen, notes.units_with_text = seen, with_text


def days(contents: Contents) -> list[str]:
    """The files of messages, by channel and day."""
    return sorted(name for name in contents if _DAY.fullmatch(name))


def day(content: Callable[[], bytes]) -> list[dict[str, Any]] | None:
    """The messages of a day; None when it is damaged."""
    found = _json(content())
    if not isinstance(found, list):
        return None
    return [item for item in found if isinstance(item, dict) and item.get("subtype") not in _NOT_SAID]


def speakers(contents: Contents) -> dict[str, str]:
    """The name of each person by number."""
    names: dict[str, str] = {}
    for member in sorted(contents):
        found = _json(contents[member]()) if member.rpartition("/")[2] == "users.json" else None
        for user in found if isinstance(found, list) else ():
            if isinstance(user, dict) and isinstance(user.get("id"), str):
                profile = user.get("profile")
                profile = profile if isinstance(profile, dict) else {}
                names[user["id"]] = _first(
                    profile.get("display_name"), user.get("real_name"), profile.get("real_name"), user.get("name")
                )
    return names


def said(message: dict[str, Any], names: Mapping[str, str]) -> str:
    """Who said what, and when; empty when nothing was said."""
    parts = [_plain(message.get("text"), names) or _laid_out(message.get("blocks"), names)]
    for attached in _dicts(message.get("attachments")):
        parts += [_plain(attached.get(key), names) for key in ("pretext", "title", "text")]
        if not any(parts):
            parts += [_laid_out(attached.get("blocks"), names) or _plain(attached.get("fallback"), names)]
    for file in _dicts(message.get("files")):
        parts.append(_first(file.get("title"), file.get("name")))
    text = "\n".join(dict.fromkeys(part for part in parts if part))
    if not text:
        return ""
    profile = message.get("user_profile")
    told = profile.get("real_name") if isinstance(profile, dict) else None
    user = message.get("user")
    speaker = names.get(user, "") if isinstance(user, str) else ""
    speaker = _first(speaker, told, message.get("username"), user, "somebody")
    when = _time(message.get("ts"))
    return f"{speaker} ({when}): {text}" if when else f"{speaker}: {text}"


def lone(value: dict[str, Any]) -> str:
    """What is said in a message that is found outside an archive, as in an export that was unpacked; empty for all else.

    Who is who stands in another file, so that a speaker has the name that the message itself tells.
    """
    stamp = value.get("ts") if value.get("type") == "message" else None
    return said(value, {}) if isinstance(stamp, str) and _STAMP.fullmatch(stamp) else ""


def _laid_out(blocks: object, names: Mapping[str, str]) -> str:
    """The words of a message that was made of blocks; one that a person typed has them as its text, too."""
    lines: list[str] = []
    line: list[str] = []
    waiting: list[object] = [blocks]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += reversed(part)
        elif isinstance(part, dict):
            kind, text = part.get("type"), part.get("text")
            if kind in _IN_A_LINE:
                line.append(_said_in_a_line(part, names))
                continue
            lines.append("".join(line))
            line.clear()
            if isinstance(text, str):
                lines.append(_plain(text, names))
            waiting += reversed([text if isinstance(text, dict) else None, *(part.get(key) for key in _INSIDE)])
    return "\n".join(said for said in (*lines, "".join(line)) if said.strip())


def _said_in_a_line(part: dict[str, Any], names: Mapping[str, str]) -> str:
    if part.get("type") == "user":
        who = part.get("user_id")
        return "@" + (names.get(who, who) if isinstance(who, str) else "somebody")
    text = part.get("text") or part.get("url")
    return text if isinstance(text, str) else ""


def _plain(value: object, names: Mapping[str, str]) -> str:
    """A text of Slack without its marks: links as their words, people by name."""
    if not isinstance(value, str):
        return ""

    def shown(match: re.Match[str]) -> str:
        mark, target, words = match[1], match[2], match[3]
        if mark == "@":
            return "@" + (names.get(target) or words or target)
        if mark in ("#", "!"):
            return ("#" if mark == "#" else "@") + (words or target)
        return f"{words} ({target})" if words and words != target else target

    return unescape(_LINK.sub(shown, value)).strip()


def _channel(name: str) -> str:
    found = _DAY.fullmatch(name)
    return f"#{found[1]}" if found else name


def _time(value: object) -> str:
    """``1715500000.0001`` as a time in UTC; empty when it is none."""
    try:
        return f"{datetime.fromtimestamp(float(str(value)), UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        return ""


def _first(*values: object) -> str:
    """The first that is a text and not empty."""
    return next((" ".join(value.split()) for value in values if isinstance(value, str) and value.strip()), "")


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _json(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
