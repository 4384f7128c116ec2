"""Seeds of mail and chats."""

import base64
import json
import plistlib
import struct

from tests.extraction import tnef_maker
from tests.extraction.ole_maker import ole
from tests.extraction.signed_maker import signed
from tests.fuzz.seeds_packages import zipped


def _mail() -> str:
    attached = base64.b64encode(zipped({"a.txt": b"in a zip in a mail"})).decode()
    return (
        "From: =?utf-8?B?QW5h?= <ana@example.org>\nTo: ben@example.org\nDate: Sun, 12 May 2024 09:14:00 +0000\n"
        'Subject: =?iso-8859-1?q?Caf=E9?=\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="cut"\n\nhi\n'
        "--cut\nContent-Type: multipart/alternative; boundary=in\n\n--in\nContent-Type: text/plain; charset=utf-8; format=flowed\n"
        "Content-Transfer-Encoding: quoted-printable\n\nCome at =\nfive =C3=A9.\n--in\nContent-Type: text/html\n\n<p>Come</p>\n"
        "--in--\n--cut\nContent-Type: application/zip; name*=utf-8''a%20b.zip\nContent-Disposition: attachment; filename=\"a.zip\"\n"
        f"Content-Transfer-Encoding: base64\n\n{attached}\n--cut\nContent-Type: message/rfc822\n\nSubject: inner\nFrom: c@d\n\nx\n--cut--\n"
    )


def _msg() -> bytes:
    def text(number: int, value: str) -> tuple[str, bytes]:
        return f"__substg1.0_{number:04X}001F", value.encode("utf-16-le")

    return ole(
        {
            **dict([text(0x0037, "Tea at five"), text(0x0C1A, "Ana"), text(0x1000, "Bring the kettle.")]),
            "__substg1.0_10130102": b"<html><body><p>Bring <b>it</b></p></body></html>",
            "__properties_version1.0": b"\0" * 32 + struct.pack("<HHIQ", 0x40, 0x0039, 6, 133_500_000_000_000_000),
            "__recip_version1.0_#00000000": dict([text(0x3001, "Ben"), text(0x39FE, "ben@example.org")]),
            "__attach_version1.0_#00000000": {
                "__substg1.0_37010102": b"a small text file\n",
                **dict([text(0x3707, "note.txt")]),
            },
        }
    )


def _winmail() -> bytes:
    inner = tnef_maker.packet(
        tnef_maker.message(tnef_maker.wide(0x0037, "Old"), tnef_maker.wide(0x1000, "Dry leaves."))
    )
    return tnef_maker.packet(
        tnef_maker.code_page(1252),
        tnef_maker.subject("Tea at five"),
        tnef_maker.message(tnef_maker.named("leaf"), tnef_maker.raw(0x1013, b"<p>Bring <b>it</b></p>")),
        tnef_maker.people((tnef_maker.wide(0x3001, "Ben"), tnef_maker.small(0x0C15, 1))),
        tnef_maker.attached("NOTE~1.TXT", b"a small text file\n", tnef_maker.wide(0x3707, "note.txt")),
        tnef_maker.attached("old", b"", tnef_maker.obj(0x3701, tnef_maker.IS_MESSAGE + inner)),
    )


def _chatgpt() -> str:
    def message(role: str, said: str) -> dict[str, object]:
        return {"author": {"role": role}, "create_time": 1.7e9, "content": {"content_type": "text", "parts": [said]}}

    mapping = {
        "a": {"id": "a", "parent": None, "children": ["b"], "message": message("user", "What is a tide?")},
        "b": {"id": "b", "parent": "a", "children": [], "message": message("assistant", "Water that comes and goes.")},
    }
    return json.dumps([{"title": "Tides", "create_time": 1700000000, "mapping": mapping, "current_node": "b"}])


def _slack() -> bytes:
    said = {"type": "message", "user": "U1", "text": "<@U1> ready &amp; <https://a.b|here>", "ts": "1715500000.0001"}
    return zipped(
        {
            "channels.json": json.dumps([{"id": "C1", "name": "general"}]),
            "users.json": json.dumps([{"id": "U1", "name": "ana", "profile": {"real_name": "Ana"}}]),
            "general/2024-05-12.json": json.dumps(
                [said, {**said, "thread_ts": "1715500000.0001", "attachments": [{"text": "x"}]}]
            ),
        }
    )


def _packet_in_mail() -> bytes:
    packet = base64.encodebytes(_winmail()).decode()
    return (
        "From: ana@example.org\nTo: ben@example.org\nSubject: Tea\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=cut\n"
        "\n--cut\nContent-Type: text/plain\n\nSee the packet.\n--cut\nContent-Type: application/ms-tnef; name=winmail.dat\n"
        f"Content-Transfer-Encoding: base64\n\n{packet}--cut--\n"
    ).encode()


def _signed_mail() -> bytes:
    packed = base64.encodebytes(signed(b"Content-Type: text/plain\n\nThe kettle is on.\n", pieces=9, open_end=True))
    head = b"From: ana@example.org\nSubject: Tea\nMIME-Version: 1.0\nContent-Type: application/pkcs7-mime; name=smime.p7m\n"
    return head + b"Content-Transfer-Encoding: base64\n\n" + packed


_CALENDAR = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nDTSTART;TZID=Europe/Berlin:20240512T091400\r\nRRULE:FREQ=DAILY;COUNT=9\r\n"
    "SUMMARY:Tea with\r\n  Ana\\, at five\r\nDESCRIPTION:one\\ntwo\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
_CARDS = (
    "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=90=D0=BD;=D0=90=\r\n=D0=BD=D0=B0\r\n"
    "TEL;CELL:+1 555\r\nPHOTO;ENCODING=BASE64;JPEG:/9j/4AAQSkZJRgABAQ\r\n AAAQABAAD/2wBD\r\n\r\nEND:VCARD\r\n"
    "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ben\r\nNOTE:long\r\n er\\; note\\nend\r\nPHOTO;ENCODING=b;TYPE=PNG:iVBORw0KGgo=\r\nEND:VCARD\r\n"
)


def _web_archive() -> bytes:
    page = {
        "WebResourceData": b"<title>Tea</title><h1>Green</h1><p>leaves",
        "WebResourceMIMEType": "text/html",
        "WebResourceTextEncodingName": "UTF-8",
        "WebResourceURL": "https://example.org/",
    }
    frames = [{"WebMainResource": page}]
    return plistlib.dumps({"WebMainResource": page, "WebSubframeArchives": frames}, fmt=plistlib.FMT_BINARY)


def made() -> dict[str, bytes]:
    """Each by its name."""
    return {
        "letter.eml": _mail().encode(),
        "packet.eml": _packet_in_mail(),
        "latin.eml": "From: a@b\nTo: c@d\nSubject: é\nContent-Type: text/plain; charset=iso-8859-1\n\ncafé à la plage\n".encode(
            "cp1252"
        ),
        "signed.eml": _signed_mail(),
        "smime.p7m": signed(b"Content-Type: text/plain\n\nThe kettle is on.\n", pieces=9),
        "tea.webarchive": _web_archive(),
        "tiny.msg": _msg(),
        "winmail.dat": _winmail(),
        "tea.ics": _CALENDAR.encode(),
        "people.vcf": _CARDS.encode(),
        "conversations.json": _chatgpt().encode(),
        "slack.zip": _slack(),
    }
