"""What people do, honest and not: each kind as a model, and each attempt with its label.

Labels say what a person did, not what can be seen of it. Kinds whose evidence equals that of honest people by
construction are labelled as cheats all the same, and named in `UNSEEN`.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from tests.support import campus_pictures as pictures
from tests.support.campus_world import STEP, Fix, Hall, Shot


class Doing(StrEnum):
    """What a person does."""

    ORDINARY = "honest, ordinary"
    DRIFT = "honest, position drifts 5-80 m"
    NEIGHBOURS = "honest, neighbours' photos of one screen"
    ONE_ADDRESS = "honest, one address for all"
    SLOW = "honest, slow phone and network"
    BORROWED = "honest, two people on one borrowed phone"
    RELAYED = "relayed QR, 3-60 s"
    SCREENSHOT = "screenshot of the QR in a group"
    SHARED = "one device for three or more people"
    SPOOFED = "fake position, with a sign of its tool"
    FROZEN = "one saved position for three or more people"
    PHOTO_WHOLE = "photo reused whole"
    PHOTO_ENCODED = "photo reused, re-encoded"
    PHOTO_CROPPED = "photo reused, cropped by 5 %"
    PHOTO_OLD = "photo of last week"
    CAREFUL_RELAY = "relayed QR, fake position without a sign"
    CAREFUL_SPOOF = "live QR, fake position without a sign"
    FROZEN_PAIR = "one saved position for two people"
    PAIR = "one device for oneself and one friend"
    PRIVATE = "one device, a private window for each person"
    FRESH_CROP = "photo cropped by 5 %, uploaded afresh"


HONEST = tuple(doing for doing in Doing if doing.startswith("honest"))
# What no evidence of the server separates from honest people: shown in the table, with what is seen all the same.
UNSEEN = (
    Doing.CAREFUL_RELAY,
    Doing.CAREFUL_SPOOF,
    Doing.FROZEN_PAIR,
    Doing.PAIR,
    Doing.PRIVATE,
    Doing.FRESH_CROP,
)
CHEATS = tuple(doing for doing in Doing if doing not in HONEST and doing not in UNSEEN)
_NEEDS_PHOTOS = frozenset(
    {
        Doing.NEIGHBOURS,
        Doing.PHOTO_WHOLE,
        Doing.PHOTO_ENCODED,
        Doing.PHOTO_CROPPED,
        Doing.PHOTO_OLD,
        Doing.FRESH_CROP,
    }
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One person who submits. Times are in seconds from the start of the event."""

    doing: Doing
    person: str
    device: str
    code_born: float
    verified_at: float
    submitted_at: float
    fix: Fix | None
    back: Shot | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether the code is accepted: that of the present step of 30 s and of the one before (docs/campus.md)."""
        return self.verified_at // STEP - self.code_born // STEP <= 1


def attempts(hall: Hall, count: int) -> list[Attempt]:
    """Return about so many attempts of all kinds, in the order of their submission."""
    kinds = [doing for doing in Doing if hall.asks_photos or doing not in _NEEDS_PHOTOS]
    weights = [_WEIGHTS[doing] for doing in kinds]
    found: list[Attempt] = []
    while len(found) < count:
        # Somebody has to be first: reused photos need one to reuse.
        doing = hall.chance.choices(kinds, weights)[0] if found else Doing.ORDINARY
        for attempt in _MODELS[doing](hall, doing):
            found.append(attempt)
            if attempt.back is not None and attempt.is_accepted:
                hall.shots.append(attempt.back)
    return sorted(found, key=lambda attempt: attempt.submitted_at)


def _there(hall: Hall, doing: Doing) -> Iterator[Attempt]:
    """Yield a student in the hall, whose position drifts or whose phone is slow where the kind says so."""
    is_slow = doing is Doing.SLOW
    fix = hall.drifted() if doing is Doing.DRIFT else hall.fix_there()
    yield _present(hall, doing, fix=fix, is_slow=is_slow)


def _present(
    hall: Hall,
    doing: Doing,
    *,
    fix: Fix | None,
    at: float | None = None,
    device: str | None = None,
    is_slow: bool = False,
) -> Attempt:
    person, read_at = hall.person(), hall.moment() if at is None else at
    verified_at = read_at + (hall.slow() if is_slow else hall.quick())
    taken_at = verified_at + hall.chance.uniform(8, 30)
    upload = hall.slow_upload() if is_slow else hall.upload()
    return Attempt(
        doing=doing,
        person=person,
        device=device or person,
        code_born=hall.shown(read_at),
        verified_at=verified_at,
        submitted_at=taken_at + upload + hall.chance.uniform(5, 30),
        fix=fix,
        back=hall.wall_photo(taken_at=taken_at, upload=upload),
    )


def _neighbours(hall: Hall, doing: Doing) -> Iterator[Attempt]:
    """Yield two students side by side who take the same screen within the same seconds."""
    seat, at = hall.some_seat(), hall.moment()
    for sits in (seat, seat.neighbour()):
        attempt = _present(hall, doing, fix=hall.fix_there(), at=at)
        taken_at = attempt.submitted_at - 20
        yield replace(attempt, back=hall.wall_photo(taken_at=taken_at, upload=hall.upload(), seat=sits))


def _borrowed(hall: Hall, doing: Doing) -> Iterator[Attempt]:
    """Yield two students with one phone: the second follows after log-out, log-in and photos of their own.

    Every second client keeps a key of its device; for the others the log-in is the device.
    """
    first = _present(hall, doing, fix=hall.fix_there())
    yield first
    # Every second phone states its last fix again within a minute or two.
    fix = first.fix if hall.chance.random() < 0.5 else hall.fix_there()
    device = first.device if hall.chance.random() < 0.5 else None
    pause = max(40.0, hall.chance.lognormvariate(math.log(130), 0.5))
    yield _present(hall, doing, fix=fix, at=first.submitted_at + pause - 40, device=device)


def _absent(hall: Hall, doing: Doing, *, delay: float, fix: Fix | None) -> Attempt:
    """Return an absent student who gets a picture of the code so many seconds after it was taken from the wall."""
    person, taken_from_wall = hall.person(), hall.moment()
    born, verified_at = hall.shown(taken_from_wall), taken_from_wall + delay + hall.quick()
    taken_at = verified_at + hall.chance.uniform(8, 30)
    return Attempt(
        doing=doing,
        person=person,
        device=person,
        code_born=born,
        verified_at=verified_at,
        submitted_at=taken_at + hall.chance.uniform(10, 40),
        fix=fix,
        back=hall.home_photo(taken_at=taken_at, code_born=born),
    )


def _relayed(hall: Hall, doing: Doing) -> Iterator[Attempt]:
    """Yield one who gets the code by a messenger, 3 to 60 s after it was taken."""
    fix = hall.fix_there() if doing is Doing.CAREFUL_RELAY else hall.absent()
    yield _absent(hall, doing, delay=hall.chance.uniform(3, 60), fix=fix)


def _screenshot(hall: Hall, doing: Doing) -> Iterator[Attempt]:
    """Yield one who finds a screenshot in a group, 5 s to 5 min old; two in three upload it as their photo too."""
    delay = min(300.0, 5 + hall.chance.expovariate(1 / 40))
    attempt = _absent(hall, doing, delay=delay, fix=hall.absent())
    if attempt.back is not None and hall.chance.random() < 0.67:
        page = pictures.screenshot(hall.chance.randrange(2**31))
        attempt = replace(attempt, back=replace(attempt.back, picture=page, content=f"page of {attempt.person}"))
    yield attempt


def _shared(hall: Hall, doing: Doing) -> Iterator[Attempt]:
    """Yield a student in the hall and the friends for whom they submit, with one phone, one after the other."""
    friends = 1 if doing is Doing.PAIR else hall.chance.choices((2, 3, 4, 6), (5, 3, 2, 1))[0]
    own = _present(hall, doing, fix=hall.fix_there())
    yield own
    at = own.submitted_at
    for _ in range(friends):
        # A practised hand: log-out, log-in, reading, photos.
        at += max(15.0, hall.chance.lognormvariate(math.log(45), 0.4))
        fix = own.fix if hall.chance.random() < 0.5 else hall.fix_there()
        # A private window has no key of an earlier one.
        device = None if doing is Doing.PRIVATE else own.device
        attempt = _present(hall, doing, fix=fix, at=at, device=device)
        yield replace(attempt, submitted_at=max(attempt.verified_at + 5, at))


def _spoofed(hall: Hall, doing: Doing) -> Iterator[Attempt]:
    """Yield an absent student who reads the live wall in a video call, with a position inside the radius."""
    fix = hall.fix_there() if doing is Doing.CAREFUL_SPOOF else hall.spoofed()
    yield _absent(hall, doing, delay=hall.chance.uniform(0.5, 3), fix=fix)


def _frozen(hall: Hall, doing: Doing) -> Iterator[Attempt]:
    """Yield a group of absent students with one saved position; tools state a satellite's accuracy, rarely Wi-Fi's."""
    accuracy = hall.chance.choices((3.0, 5.0, 8.0, 10.0, 15.0, 25.0), (6, 6, 4, 4, 2, 1))[0]
    fix = hall.fix_at(*hall.seat(), accuracy)
    for _ in range(2 if doing is Doing.FROZEN_PAIR else hall.chance.randint(3, 7)):
        yield _absent(hall, doing, delay=hall.chance.uniform(0.5, 3), fix=fix)


def _reused(hall: Hall, doing: Doing) -> Iterator[Attempt]:
    """Yield a student whose back photo is another's file: whole, re-encoded, cropped, or of last week."""
    shot = hall.earlier_shot()
    attempt = _present(hall, doing, fix=hall.fix_there())
    if shot is None or attempt.back is None:
        return
    # The file cannot come before the one it was made of.
    lag = max(0.0, shot.uploaded_at + 5 - attempt.back.uploaded_at)
    uploaded_at = attempt.back.uploaded_at + lag
    yield replace(
        attempt,
        submitted_at=attempt.submitted_at + lag,
        back=replace(_REUSES[doing](hall, shot), uploaded_at=uploaded_at),
    )


def _re_encoded(hall: Hall, shot: Shot) -> Shot:
    """Return a photo as a messenger passes it on: other quality, other size, sometimes a little brighter."""
    picture = pictures.scaled(shot.picture, hall.chance.choice((0.35, 0.5, 0.75, 1)))
    picture = pictures.brightened(picture, hall.chance.uniform(0.9, 1.1))
    picture = pictures.decoded(pictures.encoded(picture, quality=hall.chance.randint(30, 85)))
    return replace(shot, picture=picture, content=f"again {hall.chance.random()}")


def _cropped(hall: Hall, shot: Shot) -> Shot:
    """Return a photo without 5 % of its sides."""
    at = hall.chance.random(), hall.chance.random()
    picture = pictures.cropped(shot.picture, 0.05, at=at)
    return replace(shot, picture=picture, content=f"crop {hall.chance.random()}")


def _of_last_week(hall: Hall, _: Shot) -> Shot:
    """Return a photo that was uploaded at last week's event; every second one was re-encoded."""
    shot = hall.chance.choice(hall.shots_of_last_week)
    return shot if hall.chance.random() < 0.5 else _re_encoded(hall, shot)


_REUSES: dict[Doing, Callable[[Hall, Shot], Shot]] = {
    Doing.PHOTO_WHOLE: lambda _, shot: shot,
    Doing.PHOTO_ENCODED: _re_encoded,
    # A photo that was uploaded under an earlier nonce, cropped so that no hash finds it.
    Doing.PHOTO_CROPPED: lambda hall, shot: replace(_cropped(hall, shot), is_bound=False),
    Doing.PHOTO_OLD: _of_last_week,
    Doing.FRESH_CROP: _cropped,
}
_MODELS: dict[Doing, Callable[[Hall, Doing], Iterator[Attempt]]] = {
    **dict.fromkeys((Doing.ORDINARY, Doing.ONE_ADDRESS, Doing.DRIFT, Doing.SLOW), _there),
    Doing.NEIGHBOURS: _neighbours,
    Doing.BORROWED: _borrowed,
    **dict.fromkeys((Doing.RELAYED, Doing.CAREFUL_RELAY), _relayed),
    Doing.SCREENSHOT: _screenshot,
    **dict.fromkeys((Doing.SHARED, Doing.PAIR, Doing.PRIVATE), _shared),
    **dict.fromkeys((Doing.SPOOFED, Doing.CAREFUL_SPOOF), _spoofed),
    **dict.fromkeys((Doing.FROZEN, Doing.FROZEN_PAIR), _frozen),
    **dict.fromkeys(_REUSES, _reused),
}
# Pairs and groups bring more people at once, so they are drawn more rarely.
_WEIGHTS = {
    **dict.fromkeys((Doing.RELAYED, Doing.SCREENSHOT, Doing.SPOOFED), 5.0),
    **dict.fromkeys((Doing.DRIFT, Doing.SLOW, Doing.ONE_ADDRESS), 9.0),
    **dict.fromkeys(_REUSES, 6.0),
    **dict.fromkeys(UNSEEN, 1.5),
    Doing.ORDINARY: 16.0,
    Doing.NEIGHBOURS: 8.0,
    Doing.BORROWED: 4.0,
    Doing.SHARED: 1.6,
    Doing.FROZEN: 1.2,
}
