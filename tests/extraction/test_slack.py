"""Exports of Slack, which are archives of days, and the days of one that was unpacked."""

import json

from ingest_desktop.extraction.readers.json_data import JsonLinesReader, JsonReader

from .archive_kit import got, slack_export
from .data_kit import given_by


def test_slack_messages_have_speaker_time_and_channel() -> None:
    first = [
        {
            "type": "message",
            "user": "U1",
            "text": "Hi <@U2>, see <https://a.org|the page> &amp; go",
            "ts": "1715500000.1",
        },
        {"type": "message", "subtype": "channel_join", "user": "U2", "text": "has joined"},
    ]
    second = [{"type": "message", "user": "U9", "text": "", "files": [{"name": "plan.pdf"}], "ts": "x"}, 7]
    found = got(slack_export(**{"2024-05-12": first, "2024-05-13": second, "2024-05-14": {"no": "list"}}))
    assert found.plan.unit == "message"
    assert found.plan.units == found.seen == 2
    assert [block.text for block in found.blocks] == [
        "Ana B. (2024-05-12 07:46 UTC): Hi @ben, see the page (https://a.org) & go",
        "U9: plan.pdf",
    ]
    assert {block.path for block in found.blocks} == {("#general",)}
    assert found.gaps == [(3, "general/2024-05-14.json: It is damaged: its messages are missing.")]
    assert found.warnings == []


def test_slack_messages_of_blocks_alone_give_their_words() -> None:
    typed = [
        {"type": "text", "text": "ask "},
        {"type": "user", "user_id": "U2"},
        {"type": "link", "url": "https://a.org"},
    ]
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "Build failed"}},
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "by <@U2>"},
            "fields": [{"type": "mrkdwn", "text": "3 tests"}],
        },
        {
            "type": "rich_text",
            "elements": [{"type": "rich_text_section", "elements": typed}, {"type": "x", "elements": 7}],
        },
    ]
    said = [{"bot_id": "B1", "username": "builder", "text": "", "blocks": blocks, "ts": "1715500000"}]
    said += [{"user": "U1", "text": "typed", "blocks": [{"type": "section", "text": {"text": "typed"}}]}]
    said += [{"user": "U1", "text": "", "attachments": [{"blocks": blocks[:1]}]}]
    found = got(slack_export(**{"2024-05-12": said}))
    assert [block.text for block in found.blocks] == [
        "builder (2024-05-12 07:46 UTC): Build failed\nby @ben\n3 tests\nask @benhttps://a.org",
        "Ana B.: typed",
        "Ana B.: Build failed",
    ]


def test_slack_exports_are_cut_between_days() -> None:
    day = [{"type": "message", "user": "U1", "text": f"number {number}"} for number in range(1500)]
    found = got(slack_export(**{f"2024-05-{number}": day for number in range(10, 15)}))
    assert found.plan.units == found.seen == len(found.blocks) == 7500
    assert [(segment.start, segment.stop) for segment in found.plan.segments] == [(0, 6000), (6000, 7500)]


def test_a_day_of_an_unpacked_export_has_speakers_and_times() -> None:
    profile = {"real_name": "Ana B.", "display_name": "ana"}
    day = [
        {
            "type": "message",
            "user": "U1",
            "user_profile": profile,
            "ts": "1715500000.000100",
            "text": "Hi <https://a.org|all>",
        },
        {"user": "U2", "type": "message", "ts": "1715500060.000200", "text": "long " * 400},
        {"type": "message", "ts": "1715500060.000300"},
        {"type": "message", "ts": "soon", "text": "not of Slack"},
    ]
    found = given_by(JsonReader(), json.dumps(day))
    lines = found.text.splitlines()
    assert lines[0] == "Ana B. (2024-05-12 07:46 UTC): Hi all (https://a.org)"
    assert "U2 (2024-05-12 07:47 UTC): long long" in found.text
    assert "ts: 1715500060.000300" in lines  # nothing was said: it is a record as any other
    assert lines[-3:] == ["type: message", "ts: soon", "text: not of Slack"]
    assert found.extras[0]["row_start"] == 1
    assert given_by(JsonLinesReader(), "\n".join(map(json.dumps, day[:2]))).text.startswith(
        "Ana B. (2024-05-12 07:46 UTC): Hi"
    )
