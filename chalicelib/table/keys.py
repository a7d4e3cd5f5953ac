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
19   who else is locked out, by principal       table  LOCKED_OUT#principal      REVOKED#name           guards
20   a customer and all that is only theirs     table  ACCOUNT#account           PROFILE, DATA_KEY,     webapp
                                                       DEPENDENT#…, FAVORITE#event, TOTALS, VISIT#event
21   a one-time code that was sent              table  CHALLENGE#challenge       CHALLENGE              webapp
22   the newest code of a number, by its MAC    table  OTP#purpose#mac           OTP                    webapp
23   the answer to an Idempotency-Key           table  IDEMPOTENCY#mac           IDEMPOTENCY            every portal
24   what was done once, and what it made       table  OPERATION#operation       OPERATION              every portal
25   the ticket categories of an event          table  EVENT#event               CATEGORY#category      sale, catalogue
26   one shard of a category's stock            table  STOCK#event#category#n    STOCK                  sale
27   an order                                   table  ORDER#order               ORDER                  sale
28   what is due at a minute                    gsi2   DUE#minute#shard          id                     sweep
29   up to where the sweep has come             table  SWEEP                     SWEEP#what             sweep
30   the tickets of a customer, newest first    gsi2   CUSTOMER_TICKETS#customer ticket                 webapp
31   an event as the public sees it             table  LISTING#event             LISTING                catalogue
32   the lists of public events                 table  CATALOGUE#list…           sort#event             catalogue
33   the categories of the catalogue            table  CATALOGUE_CATEGORIES      category               catalogue
34   a payment                                  table  PAYMENT#payment           PAYMENT                sale
35   the payments of a customer, newest first   gsi1   CUSTOMER_PAYMENTS#cust.   payment                webapp
36   a provider's callback that was taken       table  PROVIDER_EVENT#provider#id PROVIDER_EVENT        webhook
37   what the sandbox provider knows            table  SANDBOX#reference         SANDBOX                payments
38   a movement of money                        table  JOURNAL#journal           JOURNAL                ledger
39   the total of a ledger account, by shard    table  ACCOUNT_TOTAL#account#n   currency               ledger
40   a card's balance                           table  CARD#uid                  BALANCE                ledger
41   the lines of a card's ledger               table  CARD_LEDGER#uid           number                 webapp
42   the cards of a customer                    gsi1   CUSTOMER_CARDS#customer   card                   webapp
43   the cards that a customer asked for        table  ACCOUNT#account           CARD_REQUEST#request   webapp
44   an invoice by its number, and its series   table  INVOICE#series            LAST, number           invoices
45   the gifts that wait for a number           table  GIFTS#mac                 gift                   webapp
46   the open wish to give a ticket back        table  TICKET#ticket             REFUND#refund          webapp
47   what became of a ticket's gift             table  TICKET#ticket             GIFT#gift              webapp
48   where a card was refused while unknown     table  CARD#uid                  REFUSED                the scan
49   the card that a customer waits for         table  ACCOUNT#account           OPEN_CARD_REQUEST      webapp
50   the events that a customer goes to yet     gsi1   AHEAD#customer            end#event              webapp
51   by which payment an order is being paid    table  ORDER#order               OPEN_PAYMENT#method    payments
52   the cards of a merchant in one status      gsi2   MERCHANT_CARDS#mer.#stat. uid                   merchant
53   the handing over of one card               table  ASSIGNMENT#assignment     ASSIGNMENT             merchant
54   what a merchant handed out, newest first   gsi1   MERCHANT_ASSIGNED#mer.    moment#uid             merchant
55   a merchant's settings, totals and days     table  ACCOUNT#account           SETTINGS, TOTALS,      merchant
                                                                                 DAY#date
56   the events of an organizer, by their start gsi1   ORGANIZER_EVENTS#org      moment#event           organizer
57   an event's sales and check-ins, in buckets table  ANALYTICS#event           TOTALS, SALES#date,    organizer
                                                                                 CATEGORY#…, HOURS#day
58   an organizer's profile, totals and days    table  ACCOUNT#account           PROFILE, TOTALS,       organizer
                                                                                 DAY#date
59   the wishes to change an event              table  EVENT_EDITS#event         EDIT_REQUEST#request   organizer
60   the wishes to change events, by status     gsi1   EDIT_REQUESTS#status      request                staff
61   a payout                                   table  PAYOUT#payout             PAYOUT                 organizer
62   the payouts of an organizer, newest first  gsi1   ORGANIZER_PAYOUTS#org     payout                 organizer
63   the card that a merchant holds for someone table  ACCOUNT#account           OPEN_ASSIGNMENT#mer.   merchant
64   a venue                                    table  VENUE#venue               VENUE                  organizer
65   the closed books of an event               table  EVENT#event               SETTLEMENT             payouts
66   an organization with its own tickets       table  TIX_ORG#organization      TIX_ORG                tix
67   what an organization's tickets come to     table  TIX_ORG#organization      TALLY                  tix, stream
68   the last number of a prefix, its ranges    table  TIX_NUMBERS#org.#prefix   LAST, RANGE#first      tix
69   a job of any area, by its id               table  JOB#job                   JOB                    owner, worker
70   a numbered ticket; an organization's       table  TIX_TICKETS#org.#bucket   ordinal                the scan, tix
     tickets in the order of their making
71   which of a bucket were scanned or deleted  table  TIX_BUCKETS#organization  BUCKET#number          tix, stream
72   how many of a hundred buckets were         table  TIX_BUCKETS#organization  GROUP#number           tix, stream
73   what an organization generated and         table  TIX_DAYS#organization     date                   tix, stream
     scanned on a day
80   a one-time ticket of a live connection     table  LIVE_TICKET#hash          LIVE_TICKET            live
81   a live connection                          table  LIVE_CONNECTION#conn.     LIVE_CONNECTION        live
82   the live connections of a principal        table  LIVE_OF#principal         connection             live
83   who listens to a channel                   table  LISTENERS#channel         connection             live
84   how far a channel has come                 table  LIVE#channel              HEAD, COUNTERS         live
85   what is to be told on a channel            table  LIVE#channel              NEWS#source            live
86   what was told on a channel, by its number  table  LIVE#channel              TOLD#number            live

Question 7 is spread over `LOG_SHARDS` partitions: an index partition takes 1,000 writes a second
(AWS: "Best practices for designing and using partition keys"), and a page merges one query per shard.
Question 4 is spread by the first letter, question 18 by day, question 28 by minute and `DUE_SHARDS`.
Question 26 has a partition per shard, since a sale's first second takes thousands of orders of one category;
question 39 too, since every payment moves the same few accounts.
Question 70 has a partition for each thousand tickets of an organization, which are a page's neighbours.
Questions 84 to 86 share a partition per channel: the stream tells of one partition in order, which is the order in
which a channel is told.
"""

import unicodedata
from datetime import UTC, datetime
from typing import NamedTuple

LOG_SHARDS = 4
DUE_SHARDS = 4
# How many tickets stand in one partition, and how many of these a group adds up.
TICKETS_PER_BUCKET = 1000
BUCKETS_PER_GROUP = 100


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


def locked_out(principal_id: str, name: str = "") -> Key:
    """Question 19; `name` is the principal or one of their sessions."""
    return Key(_key("LOCKED_OUT", principal_id), _key("REVOKED", name))


def profile(customer_id: str) -> Key:
    """Question 20: what a customer says of themselves."""
    return Key(account(customer_id).pk, "PROFILE")


def data_key(owner_id: str) -> Key:
    """Question 20: the key of what is sealed."""
    return Key(account(owner_id).pk, "DATA_KEY")


def dependent(customer_id: str, dependent_id: str = "") -> Key:
    """Question 20: one dependent."""
    return Key(account(customer_id).pk, _key("DEPENDENT", dependent_id))


def favorite(customer_id: str, event_id: str = "") -> Key:
    """Question 20: one favourite."""
    return Key(account(customer_id).pk, _key("FAVORITE", event_id))


def customer_totals(customer_id: str) -> Key:
    """Question 20: the running totals."""
    return Key(account(customer_id).pk, "TOTALS")


def visit(customer_id: str, event_id: str = "") -> Key:
    """Question 20: an event that the customer has to do with."""
    return Key(account(customer_id).pk, _key("VISIT", event_id))


def challenge(challenge_id: str) -> Key:
    """Question 21."""
    return Key(_key("CHALLENGE", challenge_id), "CHALLENGE")


def newest_challenge(purpose: str, mac: str) -> Key:
    """Question 22."""
    return Key(_key("OTP", purpose, mac), "OTP")


def idempotency(mac: str) -> Key:
    """Question 23."""
    return Key(_key("IDEMPOTENCY", mac), "IDEMPOTENCY")


def operation(operation_id: str) -> Key:
    """Question 24."""
    return Key(_key("OPERATION", operation_id), "OPERATION")


def category(event_id: str, category_id: str = "") -> Key:
    """Question 25."""
    return Key(event(event_id).pk, _key("CATEGORY", category_id))


def stock(event_id: str, category_id: str, shard: int) -> Key:
    """Question 26."""
    return Key(_key("STOCK", event_id, category_id, str(shard)), "STOCK")


def order(order_id: str) -> Key:
    """Question 27."""
    return Key(_key("ORDER", order_id), "ORDER")


def minute(moment: datetime) -> str:
    """Return the minute of a moment in UTC, such as `2026-11-21T08:30`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")


def due(moment: datetime, thing_id: str) -> Key:
    """Question 28."""
    return Key(_key("DUE", minute(moment), str(ord(thing_id[-1]) % DUE_SHARDS)), thing_id)


def due_partitions(moment: datetime) -> list[str]:
    """Question 28: all that is due at the minute of a moment."""
    return [_key("DUE", minute(moment), str(shard)) for shard in range(DUE_SHARDS)]


def sweep_mark(what: str) -> Key:
    """Question 29."""
    return Key("SWEEP", _key("SWEEP", what))


def customer_tickets(customer_id: str, ticket_id: str = "") -> Key:
    """Question 30."""
    return Key(_key("CUSTOMER_TICKETS", customer_id), ticket_id)


def listing(event_id: str) -> Key:
    """Question 31."""
    return Key(_key("LISTING", event_id), "LISTING")


def catalogue(*which: str, sort: str = "", event_id: str = "") -> Key:
    """Question 32; `which` names the list, `sort` is what it is ordered by."""
    return Key(_key("CATALOGUE", *which), _key(sort, event_id))


def catalogue_category(name: str = "") -> Key:
    """Question 33."""
    return Key("CATALOGUE_CATEGORIES", name)


def payment(payment_id: str) -> Key:
    """Question 34."""
    return Key(_key("PAYMENT", payment_id), "PAYMENT")


def customer_payments(customer_id: str, payment_id: str = "") -> Key:
    """Question 35."""
    return Key(_key("CUSTOMER_PAYMENTS", customer_id), payment_id)


def provider_event(provider: str, provider_event_id: str) -> Key:
    """Question 36."""
    return Key(_key("PROVIDER_EVENT", provider, provider_event_id), "PROVIDER_EVENT")


def sandbox_charge(reference: str) -> Key:
    """Question 37."""
    return Key(_key("SANDBOX", reference), "SANDBOX")


def journal(journal_id: str) -> Key:
    """Question 38."""
    return Key(_key("JOURNAL", journal_id), "JOURNAL")


def account_total(ledger_account: str, shard: int, currency: str) -> Key:
    """Question 39."""
    return Key(_key("ACCOUNT_TOTAL", ledger_account, str(shard)), currency)


def card_balance(uid: str) -> Key:
    """Question 40."""
    return Key(card(uid).pk, "BALANCE")


def card_entry(uid: str, number: int) -> Key:
    """Question 41; twelve digits, so that text order is number order."""
    return Key(_key("CARD_LEDGER", uid), f"{number:012d}")


def card_ledger(uid: str) -> str:
    """Question 41: all lines of a card."""
    return _key("CARD_LEDGER", uid)


def customer_cards(customer_id: str, card_id: str = "") -> Key:
    """Question 42."""
    return Key(_key("CUSTOMER_CARDS", customer_id), card_id)


def card_request(customer_id: str, request_id: str = "") -> Key:
    """Question 43."""
    return Key(account(customer_id).pk, _key("CARD_REQUEST", request_id))


def invoice(series: str, number: str) -> Key:
    """Question 44: one invoice."""
    return Key(_key("INVOICE", series), number)


def invoice_series(series: str) -> Key:
    """Question 44: the last number of a series."""
    return Key(_key("INVOICE", series), "LAST")


def gift(mac: str, gift_id: str = "") -> Key:
    """Question 45; `mac` stands for the number."""
    return Key(_key("GIFTS", mac), gift_id)


def refund_request(ticket_id: str, refund_id: str = "") -> Key:
    """Question 46."""
    return Key(ticket(ticket_id).pk, _key("REFUND", refund_id))


def closed_gift(ticket_id: str, gift_id: str) -> Key:
    """Question 47: a gift that waits no more."""
    return Key(ticket(ticket_id).pk, _key("GIFT", gift_id))


def unknown_card(uid: str) -> Key:
    """Question 48."""
    return Key(card(uid).pk, "REFUSED")


def open_card_request(customer_id: str) -> Key:
    """Question 49; there is one at a time."""
    return Key(account(customer_id).pk, "OPEN_CARD_REQUEST")


def ahead(customer_id: str, ends_at: str = "", event_id: str = "") -> Key:
    """Question 50: an event that a customer has valid tickets of; `ends_at` is RFC 3339 in UTC."""
    return Key(_key("AHEAD", customer_id), _key(ends_at, event_id))


def open_payment(order_id: str, method: str) -> Key:
    """Question 51."""
    return Key(order(order_id).pk, _key("OPEN_PAYMENT", method))


def merchant_cards(merchant_id: str, status: str, uid: str = "") -> Key:
    """Question 52."""
    return Key(_key("MERCHANT_CARDS", merchant_id, status), uid)


def assignment(assignment_id: str) -> Key:
    """Question 53."""
    return Key(_key("ASSIGNMENT", assignment_id), "ASSIGNMENT")


def merchant_assigned(merchant_id: str, moment: str = "", uid: str = "") -> Key:
    """Question 54; `moment` is RFC 3339 in UTC."""
    return Key(_key("MERCHANT_ASSIGNED", merchant_id), _key(moment, uid))


def uid_assigned(sk: str) -> str:
    """Question 54: the card in a sort key."""
    return sk.rpartition("#")[2]


def settings(account_id: str) -> Key:
    """Question 55."""
    return Key(account(account_id).pk, "SETTINGS")


def account_totals(account_id: str) -> Key:
    """Questions 55 and 58: the running totals of a merchant or an organizer."""
    return Key(account(account_id).pk, "TOTALS")


def account_day(account_id: str, date: str = "") -> Key:
    """Questions 55 and 58: what a merchant or an organizer did on one day."""
    return Key(account(account_id).pk, _key("DAY", date))


def organizer_events(organizer_id: str, starts_at: str = "", event_id: str = "") -> Key:
    """Question 56; `starts_at` is RFC 3339 in UTC."""
    return Key(_key("ORGANIZER_EVENTS", organizer_id), _key(starts_at, event_id))


def analytics(event_id: str, what: str = "", name: str = "") -> Key:
    """Question 57: one bucket; `what` is SALES, CATEGORY, HOURS or, without a name, TOTALS."""
    return Key(_key("ANALYTICS", event_id), _key(what, name) if name else what)


def edit_request(event_id: str, request_id: str = "") -> Key:
    """Question 59."""
    return Key(_key("EVENT_EDITS", event_id), _key("EDIT_REQUEST", request_id))


def edit_requests(status: str, request_id: str = "") -> Key:
    """Question 60."""
    return Key(_key("EDIT_REQUESTS", status), request_id)


def venue(venue_id: str) -> Key:
    """Question 64."""
    return Key(_key("VENUE", venue_id), "VENUE")


def payout(payout_id: str) -> Key:
    """Question 61."""
    return Key(_key("PAYOUT", payout_id), "PAYOUT")


def organizer_payouts(organizer_id: str, payout_id: str = "") -> Key:
    """Question 62."""
    return Key(_key("ORGANIZER_PAYOUTS", organizer_id), payout_id)


def open_assignment(customer_id: str, merchant_id: str) -> Key:
    """Question 63; the last one that the merchant began."""
    return Key(account(customer_id).pk, _key("OPEN_ASSIGNMENT", merchant_id))


def settlement(event_id: str) -> Key:
    """Question 65."""
    return Key(event(event_id).pk, "SETTLEMENT")


def organization(organization_id: str) -> Key:
    """Question 66."""
    return Key(_key("TIX_ORG", organization_id), "TIX_ORG")


def ticket_tally(organization_id: str) -> Key:
    """Question 67."""
    return Key(organization(organization_id).pk, "TALLY")


def last_number(organization_id: str, prefix: str) -> Key:
    """Question 68: the series itself."""
    return Key(_key("TIX_NUMBERS", organization_id, prefix), "LAST")


def range_place(organization_id: str, prefix: str, first: int) -> Key:
    """Question 68: the range that begins with a number; ten digits, so that text order is number order."""
    return Key(_key("TIX_NUMBERS", organization_id, prefix), _key("RANGE", f"{first:010d}"))


def job(job_id: str) -> Key:
    """Question 69."""
    return Key(_key("JOB", job_id), "JOB")


def numbered_ticket(organization_id: str, ordinal: int) -> Key:
    """Question 70; the organization is part of the key, so another's ticket is not found. Ten digits, as above."""
    return Key(_key("TIX_TICKETS", organization_id, str(bucket_of(ordinal))), f"{ordinal:010d}")


def bucket_of(ordinal: int) -> int:
    """Questions 70 and 71: which bucket an ordinal is in; ordinals begin at 1, buckets at 0."""
    return (ordinal - 1) // TICKETS_PER_BUCKET


def ticket_bucket(organization_id: str, bucket: int) -> Key:
    """Question 71; seven digits, so that text order is number order."""
    return Key(_key("TIX_BUCKETS", organization_id), _key("BUCKET", f"{bucket:07d}"))


def bucket_group(organization_id: str, group: int) -> Key:
    """Question 72; six digits, as above."""
    return Key(_key("TIX_BUCKETS", organization_id), _key("GROUP", f"{group:06d}"))


def bucket_groups(organization_id: str) -> Key:
    """Question 72: what all of them begin with."""
    return Key(_key("TIX_BUCKETS", organization_id), "GROUP")


def ticket_day(organization_id: str, date: str) -> Key:
    """Question 73."""
    return Key(_key("TIX_DAYS", organization_id), date)


def live_ticket(ticket_hash: str) -> Key:
    """Question 80."""
    return Key(_key("LIVE_TICKET", ticket_hash), "LIVE_TICKET")


def live_connection(connection_id: str) -> Key:
    """Question 81."""
    return Key(_key("LIVE_CONNECTION", connection_id), "LIVE_CONNECTION")


def live_of(principal_id: str, connection_id: str = "") -> Key:
    """Question 82."""
    return Key(_key("LIVE_OF", principal_id), connection_id)


def listener(channel: str, connection_id: str = "") -> Key:
    """Question 83."""
    return Key(_key("LISTENERS", channel), connection_id)


def live_head(channel: str) -> Key:
    """Question 84."""
    return Key(_key("LIVE", channel), "HEAD")


def live_counters(channel: str) -> Key:
    """Question 84: that an event's counters have changed."""
    return Key(live_head(channel).pk, "COUNTERS")


def live_news(channel: str, source: str) -> Key:
    """Question 85; `source` names what the news is of, the same however often the stream tells of it."""
    return Key(live_head(channel).pk, _key("NEWS", source))


def live_told(channel: str, number: int) -> Key:
    """Question 86; twelve digits, so that text order is number order."""
    return Key(live_head(channel).pk, _key("TOLD", f"{number:012d}"))


def told_number(sk: str) -> int:
    """Question 86: the number in a sort key."""
    return int(sk.rpartition("#")[2])


def whose(pk: str) -> str:
    """Return whom or what a partition of one prefix is about: the customer of a lock-out, the event of a revocation."""
    return pk.partition("#")[2]
