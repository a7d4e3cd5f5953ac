"""An event whose devices have snapshots: its cards bound as sales bind them, its builds run, its bytes read."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import app
from chalicelib import clock
from chalicelib.domain.crypto import signing
from chalicelib.domain.events import gate_control
from chalicelib.domain.offline import feed, peers, snapshots
from chalicelib.table import keys, operations
from chalicelib.table.items import Card, OfflineBuild, Ticket
from chalicelib.vocabulary.work import JobStatus
from tests.support import snapshot_reader
from tests.support.client import Answer, call
from tests.support.factories import make_card
from tests.support.snapshot_reader import ReadSnapshot

PATH = "/api/device/snapshot/"


def bound_card(*opens: Ticket, **made: Any) -> Card:
    """Register a card that opens these tickets, and name it on them, as a sale does."""
    card = make_card(*opens, **made)
    for ticket in opens:
        operations.record(operations.change(ticket.place, [Ticket.card_uid.set(card.uid)], Ticket.pk.exists()))
    return card


def forget() -> None:
    """Drop what a container keeps of events and snapshots, as a fresh one."""
    gate_control.forget()
    peers.forget()
    snapshots.forget()


@contextmanager
def fed(event_id: str) -> Iterator[None]:
    """Begin to feed an event's changes, and run the block at a time when every container knows of it."""
    feed.begin(event_id)
    forget()
    later = clock.now() + feed.FED_AFTER + timedelta(seconds=1)
    with clock.set_to(later):
        yield


def build(event_id: str) -> None:
    """Run the open builds of an event to their end."""
    for minute in range(-1, 5):
        moment = clock.now() + timedelta(minutes=minute)
        for partition in keys.jobs.due_partitions(moment):
            for raw in operations.query(partition, index="gsi2"):
                job = operations.get(keys.jobs.job(raw["gsi2sk"]["S"]))
                if isinstance(job, OfflineBuild) and job.event_id == event_id and job.status == JobStatus.OPEN:
                    body = {"Records": [{"messageId": "b", "body": json.dumps({"job_id": job.job_id})}]}
                    assert app.jobs(body, None) == {"batchItemFailures": []}


def ask(token: str, *, since: str | None = None, names: bool = False, **headers: str) -> Answer:
    """Ask for a snapshot as a device."""
    query = "&".join([f"since={since}"] * (since is not None) + ["names=true"] * names)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return call("GET", f"{PATH}?{query}", token=token, headers=sent)


def read(answer: Answer) -> ReadSnapshot:
    """Read a snapshot from an answer."""
    assert answer.status == 200, answer.text
    return snapshot_reader.read(answer.content, signing.public_keys(signing.TICKET_CODES)[0])


def full(event_id: str, token: str, **asked: Any) -> ReadSnapshot:
    """Return a full snapshot, built where there is none."""
    if ask(token, **asked).status == 503:
        build(event_id)
    return read(ask(token, **asked))
