"""Fills an event with tickets and cards: for a demo at full size, for tests, for the bench.

`python -m infra.local.seed --event evt_fair --tickets 100000 --cards 100000 --create`

Card number n opens ticket number n; further cards are in stock. Each run adds new ones.
"""

import argparse
import csv
import multiprocessing
import os
import random
import secrets
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

from infra import stages

# One process's share: large compared with its start, small enough for a moving progress line.
CHUNK = 1000
# The engine uses one of two cores; more writers would only wait for it.
WRITERS = 3
# NXP's manufacturer byte (ISO/IEC 7816-6), the first of most cards at a gate.
_NXP = "04"
_MOST = 1_000_000
# Names of an invented crowd.
_GIVEN_NAMES = ("Ayesha", "Bilal", "Chen", "Dmitri", "Elif", "Fatima", "Hamza", "Leila", "Omar", "Priya", "Zoë")
_FAMILY_NAMES = ("Ahmed", "Butt", "Demir", "Evans", "Farooq", "Iqbal", "Khan", "Li", "Malik", "Müller", "Qureshi")
_TIERS = ("Standard",) * 8 + ("VIP", "Child")


@dataclass(frozen=True, slots=True)
class Share:
    """The work of one process: tickets and cards from number `start` to their ends."""

    event_id: str
    start: int
    tickets_end: int
    cards_end: int
    lot: str


@dataclass(frozen=True, slots=True)
class Seeded:
    """One ticket, and the UID of its card, where it has one."""

    ticket_id: str
    uid: str | None


def shares(event_id: str, *, tickets: int, cards: int, lot: str) -> Iterator[Share]:
    """Divide the work into shares of CHUNK."""
    for start in range(0, max(tickets, cards), CHUNK):
        end = start + CHUNK
        yield Share(event_id, start, min(end, tickets), min(end, cards), lot)


def write(share: Share) -> list[Seeded]:
    """Write one share through the domain; return its tickets."""
    from chalicelib.domain.cards import cards
    from chalicelib.domain.cards.cards import CardRegistration
    from chalicelib.domain.tickets import tickets
    from chalicelib.domain.tickets.tickets import Holder, TicketToIssue
    from chalicelib.vocabulary.cards import CardStatus

    draw = random.Random(f"{share.lot}/{share.start}")  # noqa: S311 # nosec B311  # nothing here is a secret
    uids = [f"{_NXP}{draw.getrandbits(48):012X}" for _ in range(share.start, share.cards_end)]
    orders = [
        TicketToIssue(
            event_id=share.event_id,
            holder=Holder(name=f"{draw.choice(_GIVEN_NAMES)} {draw.choice(_FAMILY_NAMES)}"),
            number=f"{share.lot}-{number + 1:06}",
            tier=draw.choice(_TIERS),
            card_uid=uids[number - share.start] if number - share.start < len(uids) else None,
        )
        for number in range(share.start, share.tickets_end)
    ]
    ticket_ids = tickets.issue_many(orders)
    cards.register_many(
        CardRegistration(
            uid=uid,
            status=CardStatus.ACTIVE if place < len(ticket_ids) else CardStatus.STOCK,
            tickets={share.event_id: [ticket_ids[place]]} if place < len(ticket_ids) else None,
        )
        for place, uid in enumerate(uids)
    )
    return [Seeded(ticket_id, uids[place] if place < len(uids) else None) for place, ticket_id in enumerate(ticket_ids)]


def seed(event_id: str, *, tickets: int, cards: int, progress: TextIO | None = None) -> list[Seeded]:
    """Write tickets and cards into an existing event, in several processes."""
    lot = secrets.token_hex(3).upper()
    work = list(shares(event_id, tickets=tickets, cards=cards, lot=lot))
    if not work:
        return []
    began = time.monotonic()
    done: dict[int, list[Seeded]] = {}
    if len(work) == 1:
        done[0] = write(work[0])
    else:
        spawn = multiprocessing.get_context("spawn")
        # Ctrl-C reaches each process at the terminal; the first one ends the others, and says so once.
        quiet = (signal.SIGINT, signal.SIG_IGN)
        number = min(WRITERS, len(work))
        with ProcessPoolExecutor(number, mp_context=spawn, initializer=signal.signal, initargs=quiet) as writers:
            places = {writers.submit(write, share): place for place, share in enumerate(work)}
            try:
                for future in as_completed(places):
                    done[places[future]] = future.result()
                    _show(progress, done=len(done), of=len(work), began=began)
            except BaseException:
                writers.shutdown(cancel_futures=True)
                raise
    return [seeded for place in range(len(work)) for seeded in done[place]]


def _show(progress: TextIO | None, *, done: int, of: int, began: float) -> None:
    if progress is None:
        return
    took = time.monotonic() - began
    left = took / done * (of - done)
    line = f"  {100 * done // of:3} %  {took:5.0f} s, about {left:.0f} s to go"
    progress.write(f"\r{line:<60}" if progress.isatty() else f"{line}\n" if done % 10 == 0 else "")
    if done == of and progress.isatty():
        progress.write("\n")
    progress.flush()


def create_event(event_id: str) -> None:
    """Create the event, open from an hour ago for a month, unless it exists."""
    from chalicelib import clock
    from chalicelib.domain.events import events

    now = clock.now().replace(minute=0, second=0, microsecond=0)
    events.create(
        events.EventDraft(
            event_id=event_id,
            title="A full house",
            starts_at=now + timedelta(hours=1),
            ends_at=now + timedelta(days=30),
            scanning_opens_at=now - timedelta(hours=1),
            gates=["Gate 1", "Gate 2"],
        )
    )


def _count(text: str) -> int:
    digits = text.replace("_", "").replace(",", "")
    if not (digits.isascii() and digits.isdecimal() and int(digits) <= _MOST):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 to {_MOST:,}")
    return int(digits)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.seed", description="Fill an event with tickets and cards."
    )
    parser.add_argument("--event", default="evt_demo", help="the event's id (default: %(default)s)")
    parser.add_argument("--tickets", type=_count, required=True, help="how many tickets to issue")
    parser.add_argument("--cards", type=_count, help="how many cards to register (default: one a ticket)")
    parser.add_argument("--create", action="store_true", help="create the event first if it does not exist")
    parser.add_argument(
        "--endpoint",
        help="the DynamoDB engine's URL (default: AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL); `make run` prints "
        "it as `table`; only engines on this machine are filled",
    )
    parser.add_argument("--out", type=Path, help="write a CSV of ticket ids and card UIDs there")
    return parser.parse_args(argv)


def aim_at(endpoint: str | None) -> str:
    """Direct the AWS clients of this process and its children to a local engine; exit where there is none."""
    environ = os.environ
    url = endpoint or environ.get("AWS_ENDPOINT_URL_DYNAMODB") or environ.get("AWS_ENDPOINT_URL")
    if not url:
        sys.exit(
            "No engine to fill. Start `make run`, then pass the address that it prints as `table` with --endpoint."
        )
    if urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1"):
        sys.exit(f"{url} is not on this machine, and seeding is for local engines only.")
    environ["AWS_ENDPOINT_URL_DYNAMODB"] = url
    environ.setdefault("AWS_ACCESS_KEY_ID", "test")
    environ.setdefault("AWS_SECRET_ACCESS_KEY", "test")
    environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    environ.setdefault("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")
    return url


def _save(path: Path, rows: Iterable[Seeded]) -> None:
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["ticket_id", "uid"])
        out.writerows([row.ticket_id, row.uid or ""] for row in rows)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    given = _arguments(argv)
    url = aim_at(given.endpoint)
    from chalicelib.domain.events import events
    from chalicelib.errors import NotFound, Unavailable

    cards = given.tickets if given.cards is None else given.cards
    began = time.monotonic()
    try:
        if given.create:
            create_event(given.event)
        events.get(given.event)
        print(f"filling {given.event} with {given.tickets:,} tickets and {cards:,} cards at {url}", flush=True)
        seeded = seed(given.event, tickets=given.tickets, cards=cards, progress=sys.stdout)
    except NotFound:
        sys.exit(f"There is no event {given.event} at {url}. Add --create to make it.")
    except Unavailable as refusal:
        sys.exit(f"The engine at {url} does not answer ({refusal.__cause__}). Is it running?")
    if given.out:
        _save(given.out, seeded)
    print(f"done in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(stages.ended(main))
