"""Notifications over a session bus: what goes over the wire, and what happens where there is no bus."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from ingest_desktop.ui.notifiers import DesktopNotifier, TrayNotifier, notifier_for
from ingest_desktop.ui.opener import pick_in_file_manager
from ingest_desktop.ui.session_bus import (
    CALL,
    DESTINATION,
    INTERFACE,
    MEMBER,
    PATH,
    BusError,
    Message,
    Reader,
    SessionBus,
    Writer,
    addresses,
    packed,
    session_address,
    types_of,
    unpacked,
)

from .desktop import FakeBus, FakeNotifier, FakeSeat

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "u": st.integers(0, 2**32 - 1),
    "i": st.integers(-(2**31), 2**31 - 1),
    "y": st.integers(0, 255),
    "t": st.integers(0, 2**64 - 1),
    "s": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    "as": st.lists(st.text("abc")),
    "au": st.lists(st.integers(0, 9)),
    "a{su}": st.dictionaries(st.text("abc"), st.integers(0, 9)),
    "(sy)": st.tuples(st.text("abc"), st.integers(0, 9)),
    "at": st.lists(st.integers(0, 9)),
}


@pytest.fixture
def make_bus() -> Iterator[Callable[..., FakeBus]]:
    buses: list[FakeBus] = []

    def make(**choices: Any) -> FakeBus:
        buses.append(FakeBus(**choices))
        return buses[-1]

    yield make
    for bus in buses:
        bus.close()


def test_a_call_looks_as_the_bus_expects_it() -> None:
    name = "org.freedesktop.DBus"
    fields = {PATH: "/org/freedesktop/DBus", DESTINATION: name, INTERFACE: name, MEMBER: "Hello"}
    sent = packed(Message(CALL, 1, fields), "")
    assert sent[:16].hex() == "6c01000100000000010000006e000000"
    assert sent[16:24].hex() == "01016f0015000000"
    assert len(sent) % 8 == 0 and len(sent) == 128
    assert unpacked(sent) == (Message(CALL, 1, fields), 128)


def test_values_are_aligned_to_their_size() -> None:
    writer = Writer()
    writer.put("y", 1)
    writer.put("u", 2)
    writer.put("s", "é")
    writer.put("at", [3])
    assert writer.data.hex(" ", 4) == "01000000 02000000 02000000 c3a90000 08000000 00000000 03000000 00000000"
    empty = Writer()
    empty.put("at", [])
    assert empty.data.hex() == "0000000000000000"  # padded as if there were one


@given(st.data())
def test_what_is_written_reads_the_same(data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=6))
    values = [data.draw(VALUES[kind]) for kind in kinds]
    signature = "".join(kinds)
    assert types_of(signature) == kinds
    sent = packed(Message(CALL, 7, {MEMBER: "Tell"}, values), signature)
    assert all(unpacked(sent[:end]) is None for end in range(0, len(sent), 5))
    found = unpacked(sent + b"next")
    assert found is not None
    assert (found[0].arguments, found[1]) == (values, len(sent))


@given(st.binary(max_size=80))
def test_nonsense_is_refused_and_harms_nobody(data: bytes) -> None:
    try:
        unpacked(b"l\2\0\1" + data)
        Reader(data).take("a{sv}")
    except BusError:
        return


def test_a_variant_tells_its_type() -> None:
    writer = Writer()
    writer.put("a{sv}", {"urgency": ("y", 2), "desktop-entry": ("s", "x")})
    assert Reader(bytes(writer.data)).take("a{sv}") == {"urgency": 2, "desktop-entry": "x"}


def test_addresses_of_a_bus() -> None:
    told = "tcp:host=x,port=1;unix:path=/run/user/1/b%20us,guid=9;unix:abstract=/tmp/dbus-1"
    assert list(addresses(told)) == ["/run/user/1/b us", "\0/tmp/dbus-1"]


def test_where_the_bus_is_looked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert session_address() == ""
    (tmp_path / "bus").touch()
    assert session_address() == f"unix:path={tmp_path}/bus"
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:abstract=x")
    assert session_address() == "unix:abstract=x"


def test_a_notification_reaches_the_desktop_and_can_be_pressed(qtbot: QtBot, make_bus: Callable[..., FakeBus]) -> None:
    bus, other = make_bus(), FakeNotifier()
    notifier = DesktopNotifier(bus.address, other)
    notifier.tell("2 files can be searched", "Done: A & B <old>.")
    qtbot.waitUntil(lambda: len(bus.notes) == 1)
    name, replaces, _, title, body, actions, hints, timeout_ms = bus.notes[0]
    assert (name, replaces, title, timeout_ms) == ("Ingest Desktop", 0, "2 files can be searched", 8_000)
    assert body == "Done: A &amp; B &lt;old&gt;."
    assert actions[0] == "default" and "desktop-entry" in hints
    qtbot.waitUntil(lambda: notifier._told == {1})
    with qtbot.waitSignal(notifier.pressed):
        bus.press(1)
    notifier.tell("another", "")
    qtbot.waitUntil(lambda: len(bus.notes) == 2)
    assert bus.calls.count("Hello") == 1  # one connection for all
    assert other.told == []
    notifier.close()


def test_markup_is_left_to_those_who_read_it(qtbot: QtBot, make_bus: Callable[..., FakeBus]) -> None:
    bus = make_bus(capabilities=("body",))
    notifier = DesktopNotifier(bus.address, FakeNotifier())
    notifier.tell("title", "A & B")
    qtbot.waitUntil(lambda: len(bus.notes) == 1)
    assert bus.notes[0][4] == "A & B"
    notifier.close()


def test_without_a_bus_it_is_told_another_way(qtbot: QtBot, make_bus: Callable[..., FakeBus]) -> None:
    refusing = make_bus(refuse=True)
    other = FakeNotifier()
    for number, address in enumerate(("unix:path=/nowhere", refusing.address, "nonsense"), 1):
        notifier = DesktopNotifier(address, other)
        notifier.tell("title", str(number))
        qtbot.waitUntil(lambda: other.told[-1:] == [("title", str(number))])  # noqa: B023 - waited for here
        notifier.close()


def test_a_bus_that_hangs_up_is_called_again(qtbot: QtBot, make_bus: Callable[..., FakeBus]) -> None:
    bus, other = make_bus(), FakeNotifier()
    notifier = DesktopNotifier(bus.address, other)
    notifier.tell("one", "")
    qtbot.waitUntil(lambda: notifier._watch is not None)
    bus.hang_up()
    qtbot.waitUntil(lambda: notifier._watch is None and notifier._bus is None)
    notifier.tell("two", "")
    qtbot.waitUntil(lambda: [note[3] for note in bus.notes] == ["one", "two"])
    assert other.told == []
    notifier.close()


def test_a_refused_call_is_an_error(make_bus: Callable[..., FakeBus]) -> None:
    bus = SessionBus(make_bus().address)
    assert bus.name == ":1.7"
    bus.close()
    with pytest.raises(BusError):
        bus.call("x", "/x", "x", "X")


def test_the_tray_is_the_other_way(qtbot: QtBot) -> None:
    seat = FakeSeat(there=False)
    notifier = notifier_for(seat)
    assert isinstance(notifier, TrayNotifier)  # offscreen nobody sits before a desktop
    notifier.tell("title", "text")
    assert seat.said == []
    seat.there = True
    notifier.tell("title", "text")
    assert seat.said == [("title", "text")]
    with qtbot.waitSignal(notifier.pressed):
        seat.message_pressed.emit()


def test_a_file_is_shown_in_its_folder(make_bus: Callable[..., FakeBus]) -> None:
    bus = make_bus()
    pick_in_file_manager(bus.address, "/docs/na\udcffme ü.pdf")
    assert bus.shown == ["file:///docs/na%FFme%20%C3%BC.pdf"]
    with pytest.raises(BusError):
        pick_in_file_manager("", "/docs/a.pdf")
