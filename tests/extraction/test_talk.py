"""What is made of what people said: subtitles, chats and exported conversations."""

import json
from pathlib import Path

import pytest

from ingest_desktop.domain.wire import ExtractOptions
from ingest_desktop.extraction.readers.chats import ChatGptReader, WhatsAppReader
from ingest_desktop.extraction.readers.subtitles import SubtitleReader

from .conftest import CHAT_TIMES
from .data_kit import conversation, given_by, on_disk


def test_cues_have_times_and_speakers_and_no_styles() -> None:
    found = given_by(
        SubtitleReader(),
        "WEBVTT\n\nSTYLE\n::cue { color: red }\n\n1\n00:01.000 --> 00:02.000 align:start\n<v.loud Ana B>Hello <c.x>there</c>"
        "\n\n2\n01:00:03.500 --> 01:00:04.000\nTom &amp; Ben\n2024\n\n01:00:05.000 --> 01:00:06.000\nTom &amp; Ben\n2024\n",
    )

    assert found.text == "[00:00:01] Ana B: Hello there\n[01:00:03] Tom & Ben 2024"
    assert found.extras == [{"time": "00:00:01"}]
    assert found.plan.units == 3


def test_what_a_player_does_not_show_is_left_out() -> None:
    found = given_by(
        SubtitleReader(),
        "WEBVTT - A film\nKind: captions\n\nNOTE by Ana\nof two lines\n\nREGION\nid:a\n\nopening\n00:01.000 --> 00:02.000\n"
        "Hello\nREGION is said\n\nNOTE\nnot for viewers\n\nsecond cue\n00:03.000 --> 00:04.000\n \nthere\n\nNOTE the end\n",
    )

    assert found.text == "[00:00:01] Hello REGION is said\n[00:00:03] there"


def test_cues_are_whole_across_segments() -> None:
    cues = "".join(f"name {n}\n00:{n:02}.000 --> 00:{n:02}.500\nsaid {n}\n\nNOTE no\n\n" for n in range(1, 40))
    found = given_by(SubtitleReader(), "WEBVTT\n\n" + cues, ExtractOptions(segment_bytes=150))

    assert len(found.plan.segments) > 5
    assert not [n for n in range(1, 40) if f"said {n}\n" not in found.text + "\n"]


def test_text_that_only_begins_like_subtitles_is_kept() -> None:
    assert "WEBVTT is a format" in given_by(SubtitleReader(), "WEBVTT is a format.\n\nNOTE begins a remark.\n").text


def test_cues_of_srt() -> None:
    found = given_by(
        SubtitleReader(),
        "1\r\n00:00:01,000 --> 00:00:02,000\r\n{\\an8}<i>One</i>\r\ntwo\r\n\r\n2\r\n00:00:03,000 --> 00:00:04,000\r\n\r\n",
    )

    assert found.text == "[00:00:01] One two"
    assert (found.notes[0].units_seen, found.notes[0].units_with_text) == (2, 1)


@pytest.mark.parametrize("time", CHAT_TIMES)
def test_messages_of_a_chat(time: str) -> None:
    found = given_by(WhatsAppReader(), f"{time}Ana: Hello\nand more\n{time}Ben: Hi\n")

    assert found.plan.unit == "message"
    assert found.plan.units == 2
    assert "Ana: Hello\nand more\n" in found.text
    assert not {"\u200e", "\u200f"} & set(found.text)
    assert found.extras[0]["time"]
    assert (found.rows[0].line_start, found.rows[-1].line_end) == (1, 3)


def test_a_long_chat_keeps_its_lines(tmp_path: Path) -> None:
    lines = [f"12/05/2024, 09:14 - Ana: line {number}" if number % 3 else f"more {number}" for number in range(1, 2000)]
    source = on_disk(tmp_path / "chat.txt", "\n".join(lines).encode())

    found = given_by(WhatsAppReader(), source, ExtractOptions(segment_bytes=8192))

    assert found.plan.units == sum(number % 3 > 0 for number in range(1, 2000))
    assert sum(notes.units_seen for notes in found.notes) == found.plan.units
    for row in found.rows:
        assert row.line_start is not None
        assert row.text.splitlines()[0] == lines[row.line_start - 1]


def test_conversations_follow_the_branch_that_was_shown_and_tell_the_others_below() -> None:
    value = conversation("Monads", ("system", ""), ("user", "What is it?"), ("assistant", "A monoid."))
    mapping = value["mapping"]
    assert isinstance(mapping, dict)
    mapping["other"] = {
        "message": {"author": {"role": "assistant"}, "content": {"parts": ["Dropped."]}},
        "parent": "n1",
    }

    mapping["hidden"] = {
        "message": {
            "author": {"role": "user"},
            "content": {"parts": ["Not seen."]},
            "metadata": {"is_visually_hidden_from_conversation": True},
        }
    }

    found = given_by(ChatGptReader(), json.dumps([value, conversation("Second", ("user", "Bye."))]))

    assert found.plan.units == 4
    assert [row.heading for row in found.rows] == [
        *["Monads"] * 2,
        *["Monads › Other branches"] * 2,
        *["Second"] * 2,
    ]
    assert found.rows[1].text == "User: What is it?\n\nAssistant: A monoid."
    assert found.rows[3].text == "Assistant: Dropped."
    assert "Not seen." not in found.text
    assert found.extras[1] == {"time": "2023-11-14 22:13 UTC"}


def test_odd_conversations_are_survived() -> None:
    loop = {"title": None, "mapping": {"a": {"parent": "b", "message": {}}, "b": {"parent": "a"}}, "current_node": "a"}
    odd = {"title": 7, "mapping": {"x": 3}, "current_node": ["x"]}

    found = given_by(
        ChatGptReader(),
        json.dumps([loop, odd, 5, {"mapping": []}, conversation("Last", ("user", "Here."), current=None)]),
    )

    assert "User: Here." in found.text


def test_a_large_export_is_cut_between_conversations(tmp_path: Path) -> None:
    value = [
        conversation(f"Talk {number}", ("user", f'Say }},{{"title": {number}'), ("assistant", "Yes."))
        for number in range(300)
    ]
    source = on_disk(tmp_path / "conversations.json", json.dumps(value).encode())

    found = given_by(ChatGptReader(), source, ExtractOptions(segment_bytes=8192))

    assert len(found.plan.segments) > 5
    assert found.plan.units == 600
    assert {row.heading for row in found.rows} == {f"Talk {number}" for number in range(300)}
