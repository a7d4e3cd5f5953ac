"""Deeds at the gates: ushers, readers, uploads of what was decided without the network, and staff."""

from datetime import timedelta
from random import Random
from typing import Any

from chalicelib import clock
from chalicelib.domain.events import events
from chalicelib.domain.tickets import credentials
from chalicelib.table.items import Card, Ticket
from chalicelib.vocabulary.access import AdminRole
from tests.domain.histories.buyers import a_ticket
from tests.domain.histories.ground import GATES
from tests.domain.histories.world import World, one_of, require
from tests.support.factories import make_reader

_DENIED = ("already_scanned", "invalid")


def _shown(world: World, draw: Random, event_id: str) -> tuple[dict[str, str], str | None]:
    """Return what is held to a reader, and the ticket that it must be about, where it can be about one alone."""
    here = [one for one in world.store.all(Ticket) if one.event_id == event_id]
    ticket = one_of(draw, here) if draw.random() < 0.9 else a_ticket(world, draw)
    cards = [one for one in world.store.all(Card) if one.tickets]
    way = draw.choice(("qr", "qr", "ticket", "card", "old qr"))
    if way == "card" and cards:
        return {"card_id": draw.choice(cards).uid}, None
    if ticket is None:
        return {"card_id": "04A1B2C3D4E5F7"}, None
    if way == "ticket":
        return {"ticket_id": ticket.ticket_id}, ticket.ticket_id
    credential = max(1, ticket.credential - (way == "old qr"))
    code = credentials.encode(ticket.ticket_id, event_id=ticket.event_id, credential=credential)
    return {"qr": code}, ticket.ticket_id


def scan(world: World, draw: Random) -> None:
    """Scan something with an usher's phone, sometimes twice."""
    event_id = draw.choice(world.event_ids)
    shown, _ = _shown(world, draw, event_id)
    body: dict[str, Any] = {"scan_id": world.scan_id(), "gate": draw.choice(GATES), **shown}
    if draw.random() < 0.2:
        body["direction"] = "exit"
    usher = draw.choice(world.ushers[event_id])
    first = world.send("POST", "/api/usher/scan/result/", body, token=world.token(usher, event_id))
    if draw.random() < 0.3:
        again = world.send("POST", "/api/usher/scan/result/", body, token=world.token(usher, event_id))
        if first.status == again.status == 200:
            same = ("result", "reason", "log_id", "decided_at")
            told = [[answer.json.get(name) for name in same] for answer in (first, again)]
            require(told[0] == told[1], "a scan has one answer", body, told)


def tap(world: World, draw: Random) -> None:
    """Tap at a reader: one or two things at once, some decided offline before."""
    event_id = draw.choice(world.event_ids)
    reader = draw.choice(world.readers[event_id])
    taps = []
    for _ in range(draw.choice((1, 1, 2))):
        shown, _ = _shown(world, draw, event_id)
        shown = {"uid" if name == "card_id" else name: value for name, value in shown.items()}
        one: dict[str, Any] = {"scan_id": world.scan_id(), "scanned_at": clock.to_text(clock.now()), **shown}
        if draw.random() < 0.4:
            one["scanned_at"] = clock.to_text(clock.now() - timedelta(minutes=draw.choice((1, 9, 70))))
            one["offline"] = {"result": draw.choice(("valid", "valid", "already_scanned"))}
        taps.append(one)
    _upload(world, draw, event_id, taps, reader=reader)


def upload(world: World, draw: Random) -> None:
    """Upload what an usher's phone decided without the network; some of it was uploaded before."""
    event_id = draw.choice(world.event_ids)
    records = []
    for _ in range(draw.randint(1, 3)):
        shown, _ = _shown(world, draw, event_id)
        ago = timedelta(seconds=draw.choice((2, 60, 600, 4000, 90_000, 8 * 86_400)))
        records.append(
            {
                "scan_id": world.scan_id(),
                "kind": draw.choice(("scan", "scan", "scan", "leave", "return")),
                "scanned_at": clock.to_text(clock.now() - ago),
                "gate": draw.choice(GATES),
                "offline": {"result": draw.choice(("valid", "valid", "valid", *_DENIED))},
                **shown,
            }
        )
    _upload(world, draw, event_id, records)


def _upload(world: World, draw: Random, event_id: str, records: list[dict[str, Any]], *, reader: Any = None) -> None:
    earlier = [record for place, record in world.uploads if place == event_id + ("r" if reader else "u")]
    if earlier and draw.random() < 0.4:
        records = [*records, draw.choice(earlier)]
    draw.shuffle(records)
    now = clock.to_text(clock.now())
    if reader:
        world.send("POST", "/api/device/taps/", {"taps": records, "device_time": now}, token=world.reader_token(reader))
    else:
        token = world.token(draw.choice(world.ushers[event_id]), event_id)
        world.send("POST", "/api/usher/sync/logs/", {"logs": records, "device_time": now}, token=token)
    world.uploads += [(event_id + ("r" if reader else "u"), record) for record in records]


def leave(world: World, draw: Random) -> None:
    """Let somebody leave for a while, or return."""
    event_id = draw.choice(world.event_ids)
    shown, _ = _shown(world, draw, event_id)
    body = {"scan_id": world.scan_id(), "action": draw.choice(("leave", "return")), **shown}
    usher = draw.choice(world.ushers[event_id])
    path = "/api/usher/scan/part-time-leave/"
    world.send("POST", path, body, token=world.token(usher, event_id))
    if draw.random() < 0.3:
        world.send("POST", path, body, token=world.token(usher, event_id))


def check_in(world: World, draw: Random) -> None:
    """Check somebody in by hand."""
    if ticket := a_ticket(world, draw):
        body = {"scan_id": world.scan_id(), "note": "No phone."}
        path = f"/api/tickets/{ticket.ticket_id}/check-in/"
        world.ask(draw, "POST", path, body, token=world.admin(AdminRole.SUPPORT))


def resolve(world: World, draw: Random) -> None:
    """Close a conflict of the log."""
    rows = world.rows("/api/logs/checkin/?conflict=true", token=world.admin())
    if row := one_of(draw, rows):
        body = {"resolution": draw.choice(("let_in", "fraud", "device_error")), "note": "Seen."}
        world.ask(draw, "PUT", f"/api/logs/checkin/{row['id']}/", body, token=world.admin())


def revoke_reader(world: World, draw: Random) -> None:
    """Revoke a reader, and require that it is locked out; another takes its place."""
    event_id = draw.choice(world.event_ids)
    reader = draw.choice(world.readers[event_id])
    token = world.reader_token(reader)
    world.ask(draw, "DELETE", f"/api/devices/{reader.device_id}/", token=world.admin())
    world.time.move_to(world.time.moment + timedelta(seconds=61))
    body = {"queue_depth": 0, "app_version": "1.0", "clock_offset_ms": 0}
    late = world.send("POST", "/api/device/heartbeat/", body, token=token)
    require(late.status in (401, 403), "a revoked reader is locked out", reader.device_id, late.text)
    world.readers[event_id] = [make_reader(events.get(event_id), gate="South")]
