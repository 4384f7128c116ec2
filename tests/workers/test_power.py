"""Waiting for mains power: what the system tells, and what is made of it."""

from pathlib import Path

import pytest

from ingest_desktop.application.events import EventHub
from ingest_desktop.application.scheduler import Scheduler
from ingest_desktop.config.settings import Settings, variable_of
from ingest_desktop.infrastructure.power import battery_charge, charge_of_supplies, charge_told_by_pmset
from ingest_desktop.workers import power_watch
from ingest_desktop.workers.power_watch import ON_BATTERY, PowerWatch


def supply(folder: Path, name: str, **words: str) -> None:
    (folder / name).mkdir()
    for word, text in words.items():
        (folder / name / word).write_text(f"{text}\n")


def test_a_laptop_on_its_batteries(tmp_path: Path) -> None:
    supply(tmp_path, "AC", type="Mains", online="0")
    supply(tmp_path, "BAT0", type="Battery", status="Discharging", capacity="40")
    supply(tmp_path, "BAT1", type="Battery", status="Unknown", capacity="80")
    supply(tmp_path, "mouse", type="Battery", status="Discharging", capacity="3", scope="Device")
    assert charge_of_supplies(tmp_path) == pytest.approx(0.6)
    (tmp_path / "AC" / "online").write_text("1\n")
    assert charge_of_supplies(tmp_path) is None


def test_machines_without_a_battery_of_their_own(tmp_path: Path) -> None:
    assert charge_of_supplies(tmp_path / "none") is None
    supply(tmp_path, "mouse", type="Battery", status="Discharging", capacity="3", scope="Device")
    assert charge_of_supplies(tmp_path) is None
    supply(tmp_path, "BAT0", type="Battery", status="Discharging", capacity="odd")
    assert charge_of_supplies(tmp_path) is None
    charge = battery_charge()
    assert charge is None or 0.0 <= charge <= 1.0


def test_what_a_mac_says() -> None:
    text = "Now drawing from '{}'\n -InternalBattery-0 (id=1)\t57%; discharging; 4:02 remaining present: true\n"
    assert charge_told_by_pmset(text.format("Battery Power")) == pytest.approx(0.57)
    assert charge_told_by_pmset(text.format("AC Power")) is None
    assert charge_told_by_pmset("") is None


class Holds(Scheduler):
    """Notes down what is held up."""

    def __init__(self) -> None:
        self.reasons: list[tuple[bool, str]] = []

    def hold(self, held: bool, reason: str) -> None:
        self.reasons.append((held, reason))


class Listener:
    def __init__(self) -> None:
        self.codes: list[str] = []
        self.said: list[tuple[str, str]] = []

    def trouble(self, code: str, message: str, hint: str) -> None:
        assert bool(code) == bool(message) == bool(hint)
        self.codes.append(code)
        self.said.append((message, hint))


@pytest.mark.parametrize(
    ("wish", "charges", "held"),
    [
        ("low", [None, 0.31, 0.29, 0.31, 0.36], [True, False]),
        ("low", [0.29, None], [True, False]),
        ("always", [None, 0.99, 0.5, None], [True, False]),
        ("never", [0.01, 0.5], []),
    ],
)
def test_work_waits_as_the_settings_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wish: str, charges: list[float | None], held: list[bool]
) -> None:
    monkeypatch.setattr(power_watch, "LOOK_SECONDS", 0.0)
    settings = Settings(data_root=tmp_path, wait_on_battery=wish)
    scheduler, listener, hub = Holds(), Listener(), EventHub()
    hub.subscribe(listener)  # type: ignore[arg-type]
    left = iter(charges)
    watch = PowerWatch(scheduler, settings, hub, lambda: next(left))
    for _ in charges:
        watch.look()
    assert scheduler.reasons == [(is_held, "on battery") for is_held in held]
    assert listener.codes == [ON_BATTERY if is_held else "" for is_held in held]


@pytest.mark.parametrize(
    ("wish", "message"),
    [("low", "The battery is below 20 %: work waits."), ("always", "The computer runs on its battery: work waits.")],
)
def test_it_is_told_what_stays_true_while_work_waits_and_what_to_do(tmp_path: Path, wish: str, message: str) -> None:
    listener, hub = Listener(), EventHub()
    hub.subscribe(listener)  # type: ignore[arg-type]
    settings = Settings(data_root=tmp_path, wait_on_battery=wish, battery_low_percent=20)
    PowerWatch(Holds(), settings, hub, lambda: 0.15).look()
    ((said, hint),) = listener.said
    assert said == message
    assert hint.startswith("Plug it in, and work goes on by itself.")
    title = Settings.model_fields["wait_on_battery"].title
    assert f"“{title}”" in hint and variable_of("wait_on_battery") in hint


def test_the_battery_is_not_asked_all_the_time(tmp_path: Path) -> None:
    asked = []
    watch = PowerWatch(Holds(), Settings(data_root=tmp_path), EventHub(), lambda: asked.append(1))
    watch.look()
    watch.look()
    assert len(asked) == 1
