"""The labelled simulator of campus attendance: what the rule finds of each kind of person.

Each submission goes through the rule and the picture hash of the platform. Traces of devices and positions and the
index of pictures are kept in memory. `python -m bench.campus_simulator` prints the table.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from chalicelib.domain.campus.evidence import distances, picture_hash
from chalicelib.domain.campus.evidence.evidence import EventDemands, Evidence, PhotoEvidence
from chalicelib.domain.campus.evidence.judgement import judge
from chalicelib.domain.campus.evidence.screenshots import is_screenshot
from chalicelib.vocabulary.campus import AttendanceMethod, PhotoSide
from tests.support.campus_doings import Attempt, Doing, attempts
from tests.support.campus_world import Hall, Shot

SUBMISSIONS, SEED = 20_000, 14
_OF_A_HALL = 100
_BEGIN = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
REFUSED = "refused: code expired"


@dataclass(slots=True)
class Outcome:
    """What became of the submissions of one kind; `signals` counts how many had each flag, or were refused."""

    submissions: int = 0
    refused: int = 0
    flagged: int = 0
    # Flagged before the traces of others were complete: what staff see at once.
    flagged_at_once: int = 0
    signals: Counter[str] = field(default_factory=Counter)

    @property
    def seen(self) -> float:
        """The share that was refused or flagged."""
        return (self.refused + self.flagged) / self.submissions if self.submissions else 0.0

    @property
    def seen_at_once(self) -> float:
        """The share that was refused, or flagged at its submission."""
        return (self.refused + self.flagged_at_once) / self.submissions if self.submissions else 0.0


Table = dict[Doing, Outcome]


class PictureIndex:
    """Pictures by the bands of their hash, and by their bytes."""

    def __init__(self) -> None:
        """Start without a picture."""
        self._banded: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self._contents: dict[str, str] = {}

    def add(self, content: str, hashed: bytes, owner: str) -> None:
        """Add a picture of a submission."""
        self._contents.setdefault(content, owner)
        for band in picture_hash.bands(hashed):
            self._banded[band].append((int.from_bytes(hashed, "big"), owner))

    def find(self, content: str, hashed: bytes, owner: str) -> tuple[bool, int | None]:
        """Return whether another submission has the same bytes, and the bits to the nearest picture in a band."""
        number = int.from_bytes(hashed, "big")
        near = {
            (number ^ other).bit_count()
            for band in picture_hash.bands(hashed)
            for other, whose in self._banded[band]
            if whose != owner
        }
        return self._contents.get(content, owner) != owner, min(near, default=None)


class Traces:
    """Who used each device and was at exactly each position, and when the device submitted last."""

    def __init__(self) -> None:
        """Start without a trace."""
        self._users: dict[object, set[str]] = defaultdict(set)
        self._last: dict[str, tuple[str, float]] = {}

    def note(self, attempt: Attempt) -> float | None:
        """Note a submission, and return the pause since another person's with the same device."""
        self._users[attempt.device].add(attempt.person)
        if attempt.fix is not None:
            self._users[attempt.fix.latitude, attempt.fix.longitude].add(attempt.person)
        before = self._last.get(attempt.device)
        self._last[attempt.device] = attempt.person, attempt.submitted_at
        return None if before is None or before[0] == attempt.person else attempt.submitted_at - before[1]

    def others(self, attempt: Attempt) -> tuple[int, int]:
        """Return how many others used the device, and how many were at exactly the position."""
        there = self._users[attempt.fix.latitude, attempt.fix.longitude] if attempt.fix else set()
        return len(self._users[attempt.device] - {attempt.person}), len(there - {attempt.person})


def simulate(submissions: int = SUBMISSIONS, seed: int = SEED) -> Table:
    """Return the outcome of each kind."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    table: Table = {doing: Outcome() for doing in Doing}
    index = PictureIndex()
    for number in range(max(1, submissions // _OF_A_HALL)):
        hall = Hall(number, asks_photos=number % 2 == 0, chance=random.Random(chance.randrange(2**63)))  # noqa: S311
        _submit_all(hall, index, table)
    return table


def _submit_all(hall: Hall, index: PictureIndex, table: Table) -> None:
    for shot in hall.shots_of_last_week:
        index.add(shot.content, picture_hash.picture_hash(shot.picture), f"last week {shot.content}")
    admitted: list[Attempt] = []
    for attempt in attempts(hall, _OF_A_HALL):
        table[attempt.doing].submissions += 1
        if attempt.is_accepted:
            admitted.append(attempt)
        else:
            table[attempt.doing].refused += 1
            table[attempt.doing].signals[REFUSED] += 1
    # Photos are checked when they arrive, records are judged when they are submitted.
    checked = {
        attempt.person: _photos(hall, attempt, index)
        for attempt in sorted(admitted, key=lambda each: each.back.uploaded_at if each.back else 0.0)
    }
    traces, recorded = Traces(), list[tuple[Attempt, Evidence]]()
    for attempt in admitted:
        pause = traces.note(attempt)
        evidence = _evidence(hall, attempt, traces, checked[attempt.person], pause)
        table[attempt.doing].flagged_at_once += bool(judge(evidence).flags)
        recorded.append((attempt, evidence))
    # Records are judged again when others use the same device or position.
    for attempt, evidence in recorded:
        found = judge(_evidence(hall, attempt, traces, evidence.photos, evidence.device_pause)).flags
        table[attempt.doing].flagged += bool(found)
        table[attempt.doing].signals.update(flag.value for flag in found)


def _evidence(
    hall: Hall, attempt: Attempt, traces: Traces, photos: tuple[PhotoEvidence, ...], pause: float | None
) -> Evidence:
    fix = attempt.fix
    device_users, position_users = traces.others(attempt)
    return Evidence(
        method=AttendanceMethod.QR,
        demands=EventDemands(photos=hall.asks_photos, signature=False, location=True),
        place=hall.place,
        submitted_at=_moment(attempt.submitted_at),
        late_after=None,
        code_age=attempt.verified_at - attempt.code_born,
        distance=None if fix is None else round(distances.metres(fix.latitude, fix.longitude, to=hall.place), 1),
        accuracy=None if fix is None else fix.accuracy,
        is_mock=fix is not None and fix.is_mock,
        device_users=device_users,
        position_users=position_users,
        device_pause=pause,
        photos=photos,
    )


def _photos(hall: Hall, attempt: Attempt, index: PictureIndex) -> tuple[PhotoEvidence, ...]:
    """Check both photos. Of the front one only its hash is drawn: every person's is another picture."""
    if attempt.back is None:
        return ()
    face = hall.chance.randbytes(32)
    return (
        _checked(
            PhotoSide.FRONT, Shot(f"face of {attempt.person}", attempt.back.picture, 0), face, attempt.person, index
        ),
        _checked(PhotoSide.BACK, attempt.back, picture_hash.picture_hash(attempt.back.picture), attempt.person, index),
    )


def _checked(side: PhotoSide, shot: Shot, hashed: bytes, owner: str, index: PictureIndex) -> PhotoEvidence:
    is_same, nearest = index.find(shot.content, hashed, owner)
    index.add(shot.content, hashed, owner)
    return PhotoEvidence(
        side=side,
        is_bound=shot.is_bound,
        is_checked=True,
        same_bytes=is_same,
        nearest=nearest,
        shows_other_code=shot.is_other_code,
        shown_code_age=None if shot.code_born is None else shot.uploaded_at - shot.code_born,
        is_screenshot=side is PhotoSide.BACK and is_screenshot(shot.picture),
    )


def _moment(seconds: float) -> datetime:
    return _BEGIN + timedelta(seconds=seconds)


def share_seen(table: Table, doings: Iterable[Doing]) -> float:
    """Return the share of refused or flagged submissions of some kinds together."""
    found = [table[doing] for doing in doings]
    return sum(each.refused + each.flagged for each in found) / max(1, sum(each.submissions for each in found))
