"""Predict the height of the tide from its harmonic constituents."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Constituent:
    """One pull on the sea: the moon's, the sun's, or a mixture of them."""

    name: str
    amplitude_m: float
    speed_deg_per_hour: float
    phase_deg: float


HARBOUR = (
    Constituent("M2", 1.62, 28.984104, 102.0),  # the moon, twice a day
    Constituent("S2", 0.55, 30.0, 141.0),  # the sun, twice a day
    Constituent("K1", 0.11, 15.041069, 22.0),
    Constituent("O1", 0.08, 13.943035, 351.0),
)


def height_m(hours: float, constituents: tuple[Constituent, ...] = HARBOUR, mean_level_m: float = 2.4) -> float:
    """Height above chart datum, ``hours`` after the epoch of the phases."""
    pulls = (
        part.amplitude_m * math.cos(math.radians(part.speed_deg_per_hour * hours - part.phase_deg))
        for part in constituents
    )
    return mean_level_m + sum(pulls)


def is_spring_tide(moon_age_days: float) -> bool:
    """Spring tides follow new and full moon, when sun and moon pull along one line."""
    from_syzygy = min(moon_age_days % 14.765, 14.765 - moon_age_days % 14.765)
    return from_syzygy < 2.0


if __name__ == "__main__":
    for hour in range(0, 25):
        print(f"{hour:02d}:00 {height_m(hour):5.2f} m")
