"""A physical model of a hall: its wall with the code, phones, networks, positions, photos.

Nothing here knows the rule or its thresholds. The numbers are assumptions about the world, each with its reason.
"""

import math
import random
from dataclasses import dataclass, field

from chalicelib.domain.campus.evidence.evidence import EventPlace
from tests.support import campus_pictures as pictures
from tests.support.campus_pictures import Picture, Seat

# The wall asks for a fresh code at each step of 30 s (docs/campus.md); asking and drawing take up to 1.2 s.
STEP = 30
_WALL = (0.3, 1.2)
_METRES_OF_A_DEGREE = 111_195
# A phone at arm's length reads the code of a projector; of a photo of it from a seat, two in three are readable.
_READABLE = 0.67
_OF_LAST_WEEK = 5


@dataclass(frozen=True, slots=True)
class Fix:
    """A position as a phone states it."""

    latitude: float
    longitude: float
    accuracy: float | None
    is_mock: bool = False


@dataclass(frozen=True, slots=True)
class Shot:
    """A photo that was uploaded. `content` names its bytes; `code_born` is the readable code's moment of birth."""

    content: str
    picture: Picture
    uploaded_at: float
    code_born: float | None = None
    is_other_code: bool = False
    is_bound: bool = True


@dataclass(slots=True)
class Hall:
    """An event in a hall. Times are in seconds from the start of the event."""

    number: int
    asks_photos: bool
    chance: random.Random
    place: EventPlace = field(init=False)
    scene: Picture | None = None
    access_points: list[tuple[float, float]] = field(default_factory=list)
    shots: list[Shot] = field(default_factory=list)
    shots_of_last_week: list[Shot] = field(default_factory=list)
    _people: int = 0

    def __post_init__(self) -> None:
        """Draw where the event is."""
        radius = self.chance.choice((30, 50, 50, 100))
        self.place = EventPlace(self.chance.uniform(24, 35), self.chance.uniform(66, 75), radius)
        for _ in range(3):
            point = self.fix_at(*self.off(30 * math.sqrt(self.chance.random())), None)
            self.access_points.append((point.latitude, point.longitude))
        if self.asks_photos:
            self.scene = pictures.hall(self.number, code=self.number)
            screen = pictures.hall(self.number, code=-1 - self.number)
            for number in range(_OF_LAST_WEEK):
                picture = pictures.photograph(screen, self.some_seat(), self.chance.randrange(2**31), width=160)
                is_read = self.chance.random() < _READABLE
                shot = Shot(f"last week {self.number} {number}", picture, -7 * 86_400.0, is_other_code=is_read)
                self.shots_of_last_week.append(shot)

    # --- People, times, codes ---

    def person(self) -> str:
        """Return a new person."""
        self._people += 1
        return f"{self.number}-{self._people}"

    def moment(self) -> float:
        """Return when somebody reads the wall: most within the first ten minutes, after the first step."""
        return self.chance.uniform(2 * STEP, 600)

    def shown(self, at: float) -> float:
        """Return when the code that the wall shows at a moment was born."""
        step = at // STEP * STEP
        asked = self.chance.uniform(*_WALL)
        return step if at - step >= asked else step - STEP

    def quick(self) -> float:
        """Return the delay from reading a code to its arrival: 0.3 to 4 s (mobile networks, p50 0.9 s)."""
        return min(4.0, max(0.3, self.chance.lognormvariate(math.log(0.9), 0.6)))

    def slow(self) -> float:
        """Return that delay on an old phone in a crowded cell: p50 6 s, p99 20 s."""
        return max(1.0, self.chance.lognormvariate(math.log(6), 0.52))

    # --- Positions ---

    def fix_at(self, east: float, north: float, accuracy: float | None, *, is_mock: bool = False) -> Fix:
        """Return a fix so many metres from the centre, with the seven decimals that phones state."""
        latitude = self.place.latitude + north / _METRES_OF_A_DEGREE
        longitude = self.place.longitude + east / _METRES_OF_A_DEGREE / math.cos(math.radians(self.place.latitude))
        return Fix(round(latitude, 7), round(longitude, 7), accuracy, is_mock)

    def off(self, metres: float) -> tuple[float, float]:
        """Return a point at a distance from the centre, in a random direction."""
        way = self.chance.uniform(0, math.tau)
        return metres * math.cos(way), metres * math.sin(way)

    def seat(self) -> tuple[float, float]:
        """Return a seat: the hall is within half of the radius, at most 20 m from its centre."""
        return self.off(min(20.0, self.place.radius / 2) * math.sqrt(self.chance.random()))

    def fix_there(self) -> Fix:
        """Return an ordinary indoor fix: errors of Rayleigh's law; phones state 68 % of it, a fifth off (Android).

        One in twenty is by Wi-Fi alone: the place of the access point, the same for all who hear it.
        """
        if self.chance.random() < 0.05:
            latitude, longitude = self.chance.choice(self.access_points)
            return Fix(latitude, longitude, round(self.chance.lognormvariate(math.log(40), 0.4), 3))
        spread = min(40.0, self.chance.lognormvariate(math.log(9), 0.5))
        (east, north), said = self.seat(), 1.515 * spread * self.chance.lognormvariate(0, 0.2)
        return self.fix_at(east + self.chance.gauss(0, spread), north + self.chance.gauss(0, spread), round(said, 3))

    def drifted(self) -> Fix:
        """Return a fix that is 5 to 80 m off; the stated accuracy is of the law that made the error."""
        error = self.chance.uniform(5, 80)
        ratio = max(0.3, math.sqrt(-2 * math.log(1 - self.chance.random())))
        (east, north), (away_east, away_north) = self.seat(), self.off(error)
        said = 1.515 * error / ratio * self.chance.lognormvariate(0, 0.2)
        return self.fix_at(east + away_east, north + away_north, round(min(said, 400.0), 3))

    def fix_elsewhere(self) -> Fix:
        """Return the true place of an absent person: one in six on the campus (60-500 m), others 0.5-20 km away."""
        near = self.chance.random() < 1 / 6
        away = self.chance.uniform(60, 500) if near else 500 * math.exp(self.chance.uniform(0, math.log(40)))
        accuracy = 1.515 * min(40.0, self.chance.lognormvariate(math.log(9), 0.5))
        return self.fix_at(*self.off(away), round(accuracy, 3))

    def spoofed(self) -> Fix:
        """Return a position of a common tool: the published centre, a mock provider, or an accuracy of 0 or 1."""
        match self.chance.choices(("centre", "mock", "fine"), (4, 4, 2))[0]:
            case "centre":
                accuracy = self.chance.choice((0.0, 1.0, 5.0, 10.0, 150.0))
                # Copied whole, or with the six decimals of a map; one in ten types five, which is 70 cm off.
                decimals = self.chance.choices((7, 6, 5), (7, 2, 1))[0]
                return Fix(round(self.place.latitude, decimals), round(self.place.longitude, decimals), accuracy)
            case "mock":
                return self.fix_at(*self.seat(), self.chance.choice((1.0, 3.0, 5.0, 10.0)), is_mock=True)
            case _:
                return self.fix_at(*self.seat(), self.chance.choice((0.0, 1.0)))

    def absent(self) -> Fix | None:
        """Return what an absent person sends: the true place (70 %), none (12 %), or one of a common tool (18 %)."""
        return self.chance.choices((self.fix_elsewhere, self.spoofed, lambda: None), (70, 18, 12))[0]()

    # --- Photos ---

    def wall_photo(self, *, taken_at: float, upload: float, seat: Seat | None = None) -> Shot | None:
        """Return a photo of the wall by one who is there; None where the event asks for none."""
        if self.scene is None:
            return None
        sits = seat or self.some_seat()
        picture = pictures.photograph(self.scene, sits, self.chance.randrange(2**31), width=160)
        born = self.shown(taken_at) if self.chance.random() < _READABLE else None
        return Shot(f"wall {self.number} {self.chance.random()}", picture, taken_at + upload, born)

    def some_seat(self) -> Seat:
        """Return a seat of the hall."""
        return Seat(self.chance.uniform(-1, 1), self.chance.random())

    def home_photo(self, *, taken_at: float, code_born: float) -> Shot | None:
        """Return a photo of a forwarded code on another screen, by one who is elsewhere."""
        if self.scene is None:
            return None
        number = self.chance.randrange(2**31)
        picture = pictures.photograph(pictures.hall(number, code=number), self.some_seat(), number, width=160)
        born = code_born if self.chance.random() < _READABLE else None
        return Shot(f"home {number}", picture, taken_at + self.upload(), born)

    def upload(self) -> float:
        """Return how long a photo takes to arrive: p50 3 s, p99 12 s."""
        return self.chance.lognormvariate(math.log(3), 0.6)

    def slow_upload(self) -> float:
        """Return that time on an old phone in a crowded cell: p50 20 s, p99 60 s."""
        return self.chance.lognormvariate(math.log(20), 0.47)

    def earlier_shot(self) -> Shot | None:
        """Return a photo that somebody there has uploaded before."""
        return self.chance.choice(self.shots) if self.shots else None
