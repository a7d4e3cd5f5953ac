"""Every key of the table and every question it answers. Read this first.

No.  question                                   index  partition                 sort                   asked by
 1   an event and what its gates must know      table  EVENT#event               EVENT, EVENT_REVOKED#… gate
 2   the running totals of an event             table  EVENT#event               COUNTERS               status, stream
 3   a ticket                                   table  TICKET#ticket             TICKET                 the scan
 4   the attendees of an event by name          gsi1   ATTENDEES#event#initial   name#ticket            log search
 5   a card by its UID (its id carries it)     table  CARD#uid                  CARD                   the scan
 6   one scan of one caller (its first answer)  table  SCAN#caller#scan          SCAN#subject           the scan, stream
 7   the check-in log of an event, newest first gsi1   LOG#event#shard           log id                 usher logs
 8   the scans of one ticket or one card        gsi2   TICKET_LOG#event#ticket   log id                 log search
                                                       CARD_LOG#event#uid
 9   who logs in under this name                table  LOGIN#portal#name         LOGIN                  log-in
10   an account                                 table  ACCOUNT#account           ACCOUNT                log-in, refresh
11   a session                                  table  SESSION#session           SESSION                refresh, log-out
12   staff locked out within the last minutes   table  STAFF                     REVOKED#principal      admin's guard
13   a reader device                            table  DEVICE#device             DEVICE                 device's guard
14   all devices, newest first                  gsi1   DEVICES                   device                 admin
15   the devices of an event                    gsi2   EVENT_DEVICES#event       device                 admin, watch
16   a one-time enrolment code, by its MAC      table  ENROLMENT#mac             ENROLMENT              enrolment
17   how often something was tried              table  THROTTLE#what#whom        THROTTLE#window        log-in
18   the events that gates are open for         gsi2   EVENTS_BY_DAY#date        event                  watch

Question 7 is spread over `LOG_SHARDS` partitions: an index partition takes 1,000 writes a second
(AWS: "Best practices for designing and using partition keys"), and a page merges one query per shard.
Question 4 is spread by the first letter, question 18 by day.
"""

import unicodedata
from typing import NamedTuple

LOG_SHARDS = 4


class Key(NamedTuple):
    """The partition and sort key of an item or of its place in an index."""

    pk: str
    sk: str


def _key(*parts: str) -> str:
    return "#".join(parts)


def event(event_id: str) -> Key:
    """Question 1: the event itself."""
    return Key(_key("EVENT", event_id), "EVENT")


def event_revoked(event_id: str, principal_id: str) -> Key:
    """Question 1: a principal or session that this event's gates no longer know."""
    return Key(_key("EVENT", event_id), _key("EVENT_REVOKED", principal_id))


def counters(event_id: str) -> Key:
    """Question 2."""
    return Key(_key("EVENT", event_id), "COUNTERS")


def ticket(ticket_id: str) -> Key:
    """Question 3."""
    return Key(_key("TICKET", ticket_id), "TICKET")


def search_name(name: str) -> str:
    """Return a name as it is searched: without case and accents, single spaces."""
    decomposed = unicodedata.normalize("NFKD", name)
    # Folded after it was taken apart: ℠ only then is "SM".
    plain = "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()
    return " ".join(plain.replace("#", " ").split())


def attendee(event_id: str, name: str, ticket_id: str) -> Key:
    """Question 4: a ticket under its holder's name."""
    return Key(attendees(event_id, name), _key(search_name(name), ticket_id))


def attendees(event_id: str, prefix: str) -> str:
    """Question 4: the partition in which names with this prefix stand."""
    return _key("ATTENDEES", event_id, (search_name(prefix) or "_")[0])


def card(uid: str) -> Key:
    """Question 5."""
    return Key(_key("CARD", uid), "CARD")


def scan(caller_id: str, scan_id: str, subject: str) -> Key:
    """Question 6."""
    return Key(_key("SCAN", caller_id, scan_id), _key("SCAN", subject))


def log_shard(log_id: str) -> str:
    """Question 7: the shard that an entry's id puts it in."""
    return str(ord(log_id[-1]) % LOG_SHARDS)


def log(event_id: str, log_id: str) -> Key:
    """Question 7: one entry."""
    return Key(_key("LOG", event_id, log_shard(log_id)), log_id)


def log_partitions(event_id: str) -> list[str]:
    """Question 7: all of an event's log partitions."""
    return [_key("LOG", event_id, str(shard)) for shard in range(LOG_SHARDS)]


def ticket_log(event_id: str, ticket_id: str, log_id: str = "") -> Key:
    """Question 8, for a ticket."""
    return Key(_key("TICKET_LOG", event_id, ticket_id), log_id)


def card_log(event_id: str, uid: str, log_id: str = "") -> Key:
    """Question 8, for a card whose scan met no ticket."""
    return Key(_key("CARD_LOG", event_id, uid), log_id)


def login(portal: str, name: str) -> Key:
    """Question 9; names differ in more than case."""
    return Key(_key("LOGIN", portal, name.strip().casefold()), "LOGIN")


def account(account_id: str) -> Key:
    """Question 10."""
    return Key(_key("ACCOUNT", account_id), "ACCOUNT")


def session(session_id: str) -> Key:
    """Question 11."""
    return Key(_key("SESSION", session_id), "SESSION")


def staff_revoked(principal_id: str) -> Key:
    """Question 12."""
    return Key("STAFF", _key("REVOKED", principal_id))


def device(device_id: str) -> Key:
    """Question 13."""
    return Key(_key("DEVICE", device_id), "DEVICE")


def all_devices(device_id: str = "") -> Key:
    """Question 14."""
    return Key("DEVICES", device_id)


def event_devices(event_id: str, device_id: str = "") -> Key:
    """Question 15."""
    return Key(_key("EVENT_DEVICES", event_id), device_id)


def enrolment(mac: str) -> Key:
    """Question 16."""
    return Key(_key("ENROLMENT", mac), "ENROLMENT")


def throttle(what: str, whom: str, window: int) -> Key:
    """Question 17."""
    return Key(_key("THROTTLE", what, whom), _key("THROTTLE", str(window)))


def events_by_day(day: str, event_id: str = "") -> Key:
    """Question 18; `day` is the UTC date on which a gate of the event may open."""
    return Key(_key("EVENTS_BY_DAY", day), event_id)
