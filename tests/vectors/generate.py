"""Make admission.json: good cases, every objection alone, every pair of them, and the edges.

What is expected comes from OBJECTIONS below: each is a change to a good case, with the rank of the question that
it fails. Of two objections the one of lower rank is the answer. The implementation is not asked.
"""

import copy
import itertools
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.vectors import snapshots

FILE = Path(__file__).with_name("admission.json")
Input = dict[str, Any]

OPENS, CLOSES = "2026-11-21T16:00:00Z", "2026-11-21T23:00:00Z"
GOOD: dict[str, Input] = {
    "card": {
        "presented": {
            "by_card": True,
            "signature": "none",
            "credential": None,
            "counter": None,
            "uid_matches": True,
        },
        "card": {"status": "active", "type": "uid", "last_counter": -1},
    },
    "secure card": {
        "presented": {
            "by_card": True,
            "signature": "good",
            "credential": None,
            "counter": 42,
            "uid_matches": True,
        },
        "card": {"status": "active", "type": "secure", "last_counter": 41},
    },
    "qr": {
        "presented": {
            "by_card": False,
            "signature": "good",
            "credential": 3,
            "counter": None,
            "uid_matches": True,
        },
        "card": None,
    },
    "ticket id": {
        "presented": {
            "by_card": False,
            "signature": "none",
            "credential": None,
            "counter": None,
            "uid_matches": True,
        },
        "card": None,
    },
}
COMMON: Input = {
    "ticket": {"event_id": "evt_a", "status": "valid", "credential": 3, "presence": None},
    "event": {
        "event_id": "evt_a",
        "status": "live",
        "opens_at": OPENS,
        "closes_at": CLOSES,
        "scanning_enabled": True,
        "re_entry_allowed": False,
    },
    "at": "2026-11-21T18:30:00Z",
    "direction": "entry",
    "kind": "scan",
}
PASSAGES = ("entry", "exit", "leave", "return")


@dataclass(frozen=True)
class Objection:
    """A change to a good case and its result; `ways` are the credentials that it applies to, `passages` the kinds."""

    name: str
    rank: float
    result: str
    reason: str | None
    change: tuple[tuple[str, Any], ...]
    ways: tuple[str, ...] = tuple(GOOD)
    passages: tuple[str, ...] = PASSAGES


CARDS = ("card", "secure card")
OBJECTIONS = [
    Objection(
        "the code's signature is bad", 10, "invalid", "bad_signature", (("presented.signature", "bad"),), ("qr",)
    ),
    Objection("the message's MAC is wrong", 10, "invalid", "clone_suspected", (("presented.signature", "bad"),), CARDS),
    Objection(
        "a secure card shows only its UID",
        11,
        "invalid",
        "clone_suspected",
        (("presented.signature", "none"), ("presented.counter", None), ("card.type", "secure")),
        ("secure card",),
    ),
    Objection(
        "the message names another UID",
        12,
        "invalid",
        "clone_suspected",
        (("presented.uid_matches", False),),
        ("secure card",),
    ),
    Objection(
        "the counter was seen before",
        13,
        "invalid",
        "clone_suspected",
        (("card.last_counter", 42),),
        ("secure card",),
    ),
    Objection(
        "the counter goes back", 13, "invalid", "clone_suspected", (("card.last_counter", 900),), ("secure card",)
    ),
    Objection("the card is unknown", 20, "not_found", None, (("card", None),), CARDS),
    Objection("the ticket is unknown", 21, "not_found", None, (("ticket", None),)),
    Objection("the ticket is another event's", 30, "invalid", "wrong_event", (("ticket.event_id", "evt_b"),)),
    *(
        Objection(f"the card is {status}", 40, "invalid", reason, (("card.status", status),), CARDS)
        for status, reason in {
            "blocked": "card_blocked",
            "lost": "card_blocked",
            "stock": "card_not_active",
            "held": "card_not_active",
            "replaced": "card_not_active",
        }.items()
    ),
    *(
        Objection(f"the ticket is {status}", 50, "invalid", reason, (("ticket.status", status),))
        for status, reason in {
            "reserved": "not_paid",
            "cancelled": "cancelled",
            "refunded": "refunded",
            "transferred": "transferred",
        }.items()
    ),
    Objection("the code is older", 51, "invalid", "stale_credential", (("presented.credential", 2),), ("qr",)),
    Objection("the code is of the future", 51, "invalid", "stale_credential", (("presented.credential", 4),), ("qr",)),
    Objection("scanning is stopped", 60, "invalid", "scanning_disabled", (("event.scanning_enabled", False),)),
    Objection(
        "the event is a draft",
        61,
        "invalid",
        "not_yet_open",
        (("event.status", "draft"),),
        passages=("entry", "return"),
    ),
    Objection(
        "the gates are not open yet",
        61,
        "invalid",
        "not_yet_open",
        (("at", "2026-11-21T15:59:59.999Z"),),
        passages=("entry", "return"),
    ),
    *(
        Objection(
            f"the event is {status}",
            60.5,
            "invalid",
            "closed",
            (("event.status", status),),
            passages=("entry", "return"),
        )
        for status in ("ended", "cancelled", "archived")
    ),
    Objection("the gates are closed", 62, "invalid", "closed", (("at", CLOSES),), passages=("entry", "return")),
    Objection(
        "the ticket is in already",
        70,
        "already_scanned",
        None,
        (("ticket.presence", "inside"),),
        passages=("entry",),
    ),
    Objection(
        "the bearer left and may not return",
        70,
        "already_scanned",
        None,
        (("ticket.presence", "outside"),),
        passages=("entry",),
    ),
    Objection(
        "nobody is inside to leave",
        70,
        "invalid",
        "on_exit_not_inside",
        (("ticket.presence", None),),
        passages=("exit", "leave"),
    ),
    Objection(
        "the bearer has left already",
        70,
        "invalid",
        "on_exit_not_inside",
        (("ticket.presence", "outside"),),
        passages=("exit", "leave"),
    ),
    Objection(
        "the event allows no leave",
        60,
        "invalid",
        "scanning_disabled",
        (("event.re_entry_allowed", False),),
        passages=("leave", "return"),
    ),
    Objection(
        "the bearer has not left",
        70,
        "invalid",
        "on_exit_not_inside",
        (("ticket.presence", "inside"),),
        passages=("return",),
    ),
    Objection(
        "the bearer was never in",
        70,
        "invalid",
        "on_exit_not_inside",
        (("ticket.presence", None),),
        passages=("return",),
    ),
]
# The event's status comes before the hour, but a draft is "not yet" at any hour: ranks 60.5 and 61 never
# meet, since both change the same field.


def good(way: str, passage: str) -> Input:
    """Return a case without an objection. A leave and a return keep the direction's default, as records send them."""
    case = copy.deepcopy({**GOOD[way], **COMMON})
    case["ticket"]["presence"] = {"entry": None, "exit": "inside", "leave": "inside", "return": "outside"}[passage]
    if passage in ("leave", "return"):
        case["kind"] = passage
        case["event"]["re_entry_allowed"] = True
    else:
        case["direction"] = passage
    return case


def fields(objection: Objection) -> set[str]:
    """Return what an objection changes, including what a missing thing takes with it."""
    return {name for name, _ in objection.change}


def compatible(one: Objection, other: Objection) -> bool:
    """Whether two objections can apply to one case: neither changes what the other changes."""
    return not any(a == b or a.startswith(f"{b}.") or b.startswith(f"{a}.") for a in fields(one) for b in fields(other))


def changed(case: Input, *objections: Objection) -> Input:
    """Return a copy of a case with the objections' changes."""
    result = copy.deepcopy(case)
    for objection in objections:
        for name, value in objection.change:
            *path, last = name.split(".")
            place = result
            for part in path:
                place = place[part]
            place[last] = value
    return result


def edges() -> list[tuple[str, Input, tuple[str, str | None]]]:
    """Return the cases that no table of objections makes."""
    entry, leave = good("card", "entry"), good("card", "exit")
    valid, already = ("valid", None), ("already_scanned", None)

    def variant(base: Input, **changes: Any) -> Input:
        """Return a copy with changes; `__` means a dot."""
        named = tuple((name.replace("__", "."), value) for name, value in changes.items())
        return changed(base, Objection("", 0, "", None, named))

    return [
        ("the first moment of the window is open", variant(entry, at=OPENS), valid),
        ("the last moment before closing is open", variant(entry, at="2026-11-21T22:59:59.999Z"), valid),
        ("the closing moment itself is closed", variant(entry, at=CLOSES), ("invalid", "closed")),
        ("a published event is open in its window", variant(entry, event__status="published"), valid),
        (
            "a draft is not yet open, even after its end",
            variant(entry, at=CLOSES, event__status="draft"),
            ("invalid", "not_yet_open"),
        ),
        (
            "an ended event is closed, even before its opening",
            variant(entry, at="2026-11-21T10:00:00Z", event__status="ended"),
            ("invalid", "closed"),
        ),
        (
            "who left may return where re-entry is allowed",
            variant(entry, ticket__presence="outside", event__re_entry_allowed=True),
            valid,
        ),
        (
            "who is inside is a duplicate though re-entry is allowed",
            variant(entry, ticket__presence="inside", event__re_entry_allowed=True),
            already,
        ),
        (
            "who returns after closing is too late",
            variant(entry, at=CLOSES, ticket__presence="outside", event__re_entry_allowed=True),
            ("invalid", "closed"),
        ),
        ("nobody is kept in because the gates have closed", variant(leave, at=CLOSES), valid),
        ("nobody is kept in because the event has ended", variant(leave, event__status="ended"), valid),
        ("leaving needs no right to return", variant(leave, event__re_entry_allowed=False), valid),
        ("a counter one above the last is fresh", variant(good("secure card", "entry"), card__last_counter=41), valid),
        (
            "a counter far above the last is fresh",
            variant(good("secure card", "entry"), presented__counter=16_777_215),
            valid,
        ),
        (
            "the first counter of a new card is fresh",
            variant(good("secure card", "entry"), presented__counter=0, card__last_counter=-1),
            valid,
        ),
        (
            "a plain card that sends a good message is admitted",
            variant(good("secure card", "entry"), card__type="uid"),
            valid,
        ),
        (
            "a plain card's old counter is refused like a secure one's",
            variant(good("secure card", "entry"), card__type="uid", card__last_counter=42),
            ("invalid", "clone_suspected"),
        ),
        (
            "a message of an unknown card with a wrong MAC is a clone, not unknown",
            variant(good("secure card", "entry"), presented__signature="bad", card=None),
            ("invalid", "clone_suspected"),
        ),
        (
            "a ticket id carries no credential to go stale",
            variant(good("ticket id", "entry"), ticket__credential=9),
            valid,
        ),
        ("a card's binding carries no credential to go stale", variant(entry, ticket__credential=9), valid),
    ]


def edges_of_leaves() -> list[tuple[str, Input, tuple[str, str | None]]]:
    """Return the cases of leaves and returns that no table of objections makes, and edges that were found later."""
    leave, back = good("card", "leave"), good("card", "return")
    out, secure = good("card", "exit"), good("secure card", "entry")
    valid, reason = ("valid", None), "on_exit_not_inside"

    def variant(base: Input, name: str, value: Any) -> Input:
        return changed(base, Objection("", 0, "", None, ((name, value),)))

    return [
        ("a leave goes out, also where its record says exit", variant(leave, "direction", "exit"), valid),
        ("a return goes in, also where its record says exit", variant(back, "direction", "exit"), valid),
        (
            "a return that says exit is no exit of one inside",
            variant(variant(back, "direction", "exit"), "ticket.presence", "inside"),
            ("invalid", reason),
        ),
        ("nobody's leave is refused because the gates have closed", variant(leave, "at", CLOSES), valid),
        ("nobody's leave is refused because the event has ended", variant(leave, "event.status", "ended"), valid),
        ("the last moment before closing is open for a return", variant(back, "at", "2026-11-21T22:59:59.999Z"), valid),
        ("a return at the closing moment is too late", variant(back, "at", CLOSES), ("invalid", "closed")),
        ("nobody is kept in because the gates are not open yet", variant(out, "at", "2026-11-21T10:00:00Z"), valid),
        ("nobody is kept in because the event is a draft again", variant(out, "event.status", "draft"), valid),
        ("a leave before the gates open is one all the same", variant(leave, "at", "2026-11-21T10:00:00Z"), valid),
        (
            "gates that close when they open are closed",
            variant(variant(good("card", "entry"), "event.closes_at", OPENS), "at", OPENS),
            ("invalid", "closed"),
        ),
        (
            "an unknown card with another card's message is a clone, not unknown",
            variant(variant(secure, "presented.uid_matches", value=False), "card", None),
            ("invalid", "clone_suspected"),
        ),
        (
            "an unknown card with a good message is unknown, whatever its counter",
            variant(variant(secure, "presented.counter", 0), "card", None),
            ("not_found", None),
        ),
        (
            "a code that is no number of the ticket's is stale, also where it is 0",
            variant(good("qr", "entry"), "presented.credential", 0),
            ("invalid", "stale_credential"),
        ),
    ]


def cases() -> list[dict[str, Any]]:
    """Return every case, in a stable order with stable ids."""
    made: list[dict[str, Any]] = []

    def add(rule: str, case: Input, result: str, reason: str | None) -> None:
        made.append(
            {
                "id": f"adm-{len(made) + 1:04}",
                "rule": rule,
                "input": case,
                "expected": {"result": result, "reason": reason},
            }
        )

    def add_passage(way: str, passage: str) -> None:
        base = good(way, passage)
        add(f"{way}, {passage}: nothing speaks against it", base, "valid", None)
        fitting = [o for o in OBJECTIONS if way in o.ways and passage in o.passages]
        for one in fitting:
            add(f"{way}, {passage}: {one.name}", changed(base, one), one.result, one.reason)
        # All passages ask the same questions in the same order: the others' pairs once, by card, are enough.
        for one, other in itertools.combinations(fitting if passage == "entry" or way == "card" else [], 2):
            if compatible(one, other):
                first = min(one, other, key=lambda objection: objection.rank)
                rule = f"{way}, {passage}: {one.name}, and {other.name}"
                add(rule, changed(base, one, other), first.result, first.reason)

    for way, passage in itertools.product(GOOD, ("entry", "exit")):
        add_passage(way, passage)
    for rule, case, (result, reason) in edges():
        add(rule, case, result, reason)
    for way, passage in itertools.product(GOOD, ("leave", "return")):
        add_passage(way, passage)
    for rule, case, (result, reason) in edges_of_leaves():
        add(rule, case, result, reason)
    return made


def text() -> str:
    """Return the file's content: one case a line."""
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases())
    return '{"format": 1, "cases": [\n' + lines + "\n]}\n"


if __name__ == "__main__":
    FILE.write_text(text())
    sys.stdout.write(f"{len(cases())} cases in {FILE.name}\n{snapshots.write()}\n")
