"""Every live message arrives once and in order, also when records come twice, late, at the same time or not at all."""

import itertools
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest

import app
from chalicelib import clock
from chalicelib.clients import sockets
from chalicelib.domain.access import lock_outs, sessions
from chalicelib.domain.background import changes
from chalicelib.domain.live import follower
from chalicelib.schemas import live as schema
from chalicelib.table import keys, operations
from chalicelib.table.items import Listener
from chalicelib.table.ranges import Begins
from chalicelib.vocabulary.access import Portal
from chalicelib.vocabulary.messages import LiveType
from tests.contract.ground import stored
from tests.support import event_states
from tests.support.client import call
from tests.support.closing import close_account
from tests.support.factories import (
    PASSWORD,
    admin_token,
    customer_token,
    make_customer,
    make_event,
    make_organizer,
    make_ticket,
    make_usher,
    token_of,
    usher_token,
)
from tests.support.live import Gateway, Socket, Stream, gateway, scan, tell
from tests.support.meanwhile import before, failing, lost
from tests.support.settings import configured

pytestmark = pytest.mark.usefixtures("moto_cloud")


class Gate:
    """An event, an usher who scans, and the listeners."""

    def __init__(self, live: Gateway) -> None:
        self.event = make_event()
        self.channel = f"event-{self.event.event_id}"
        self.token = usher_token(self.event)
        self.stream = Stream()
        self.live = live

    def listener(self, **more: Any) -> Socket:
        return self.live.connect(self.token).subscribe(self.channel, **more)

    def scan(self, times: int = 1) -> list[str]:
        return [scan(self.token, make_ticket(self.event).ticket_id) for _ in range(times)]

    def hops(self, count: int = 3) -> None:
        """Run so many rounds of the stream, each with the records that the one before caused."""
        for _ in range(count):
            tell(self.stream.live())

    def news_kept_until(self) -> int:
        """Return the earliest end of what is stored of the news of check-ins."""
        partition, where = keys.live.news(self.channel, "check-in:")
        return min(int(raw["ttl"]["N"]) for raw in operations.query(partition, Begins(where), consistent=True))

    @property
    def listeners(self) -> set[str]:
        raws = operations.query(keys.live.listener(self.channel).pk, consistent=True)
        return {raw["sk"]["S"] for raw in raws}


@pytest.fixture
def live(moto_cloud: None) -> Iterator[Gateway]:  # noqa: ARG001  # the table first
    with gateway() as made:
        yield made


@pytest.fixture
def at(live: Gateway) -> Gate:
    made = Gate(live)
    made.stream.drain()
    return made


def check_ins(socket: Socket) -> list[str]:
    return [message["data"]["id"] for message in socket.of_type("check-in")]


def ids(socket: Socket) -> list[int]:
    return [message["id"] for message in socket.messages if message["type"] not in ("subscribed", "error", "pong")]


def test_whatever_comes_twice_is_told_once(at: Gate) -> None:
    socket = at.listener()
    scanned = at.scan(3)
    records = at.stream.live()
    for _ in range(2):
        tell(records)
    news = at.stream.live()
    told = [record for record in news if record["eventName"] == "INSERT"]
    for batch in (news, news, told, told[:2], told[1:]):
        tell(batch)
    at.stream.drain()
    assert check_ins(socket) == scanned
    assert ids(socket) == list(range(1, len(ids(socket)) + 1))


def test_a_message_that_cannot_be_shown_holds_up_no_other(at: Gate) -> None:
    socket = at.listener()
    broken, whole = at.scan(2)

    def show(type_: LiveType, subject: Any) -> Any:
        if type_ is LiveType.CHECK_IN and subject.scan.log_id == broken:
            raise KeyError("a bug in what shows it")
        return schema.data_of(type_, subject)

    found = [changes.change_of(record) for record in at.stream.live()]
    follower.follow(found, show=show)
    at.stream.drain()
    assert check_ins(socket) == [whole]
    assert len(at.live.not_shown) == 1
    at.live.not_shown.clear()


def test_news_that_is_found_again_after_the_head_forgot_it_is_not_told_again(
    at: Gate,
) -> None:
    socket = at.listener()
    scanned = at.scan(3)
    records = at.stream.live()
    with configured(LIMIT_LIVE_MARKS=1):
        tell(records)
        at.stream.drain()
        # An equal write makes no record. A later one keeps the news longer, and so changes their items.
        with clock.set_to(clock.now() + timedelta(seconds=5)):
            kept_until = at.news_kept_until()
            tell(records)
            assert at.news_kept_until() > kept_until
            at.stream.drain()
    assert check_ins(socket) == scanned


def test_a_worker_that_dies_between_sending_and_its_note_sends_the_same_under_the_same_numbers(
    at: Gate,
) -> None:
    socket = at.listener()
    scanned = at.scan(4)
    tell(at.stream.live())
    news = [record for record in at.stream.live() if record["dynamodb"]["NewImage"]["kind"]["S"] == "live_news"]
    with failing("UpdateItem", matches=is_of_head):
        assert app.live({"Records": news}, None)["batchItemFailures"]
    tell(news)
    at.stream.drain()
    by_number: dict[int, set[str]] = {}
    for message in socket.of_type("check-in"):
        by_number.setdefault(message["id"], set()).add(message["data"]["id"])
    assert [list(told) for told in by_number.values()] == [[log_id] for log_id in scanned]


def is_of_head(request: dict[str, Any]) -> bool:
    """Whether a request moves the head of a channel, the note of what was sent."""
    return "told" in request["ExpressionAttributeNames"].values()


def test_who_comes_back_gets_what_they_missed_once_and_in_order(at: Gate) -> None:
    socket, stays = at.listener(), at.listener()
    scanned = at.scan(3)
    at.stream.drain()
    last = ids(socket)[-1]
    socket.leave()
    assert at.listeners == {stays.id}
    scanned += at.scan(3)
    at.stream.drain()
    again = at.listener(after=last)
    scanned += at.scan()
    at.stream.drain()
    assert check_ins(socket) + check_ins(again) == check_ins(stays) == scanned
    assert ids(socket) + ids(again) == ids(stays) == list(range(1, len(ids(stays)) + 1))
    # A listener that is up to date gets no message again.
    assert at.listener(after=ids(stays)[-1]).types == ["subscribed"]
    assert at.listener(after=ids(stays)[-2]).types == ["subscribed", stays.types[-1]]
    # Numbers are strict.
    assert at.listener(after=str(ids(stays)[-2])).types == ["error"]


@pytest.mark.parametrize("away", [timedelta(minutes=9), timedelta(minutes=11)])
def test_what_is_kept_no_longer_is_said_to_be_lost(at: Gate, away: timedelta) -> None:
    socket = at.listener()
    at.scan(2)
    at.stream.drain()
    with clock.set_to(clock.now() + away):
        at.token = usher_token(at.event)
        came = at.listener(after=1)
        assert came.types == (["subscribed", *socket.types[2:]] if away < timedelta(minutes=10) else _RESYNC)
        assert came.messages[-1]["id"] == socket.messages[-1]["id"]
        scanned = at.scan()
        at.hops()
        assert check_ins(came)[-1:] == scanned


_RESYNC = ["subscribed", "resync"]


def test_who_missed_too_much_or_names_a_number_that_never_was_reads_anew(
    at: Gate,
) -> None:
    at.listener()
    at.scan(3)
    at.stream.drain()
    assert at.listener(after=10**6).types == _RESYNC
    with configured(LIMIT_LIVE_MISSED=2):
        assert at.listener(after=0).types == _RESYNC


def test_who_joins_while_others_are_told_gets_each_message_once_and_in_order(at: Gate) -> None:
    stays = at.listener()
    scanned = at.scan(2)
    at.stream.drain()
    joins = at.listener()
    joins.leave()
    came = at.live.connect(at.token)

    def goes_on() -> None:
        # During the replay of the missed messages, further scans are published to all.
        scanned.extend(at.scan(2))
        at.hops()
        if len(scanned) < 8:
            came.meanwhile = goes_on

    came.meanwhile = goes_on
    came.subscribe(at.channel, after=0)
    scanned += at.scan(2)
    at.stream.drain()
    assert check_ins(came) == check_ins(stays) == scanned
    assert ids(came) == ids(stays) == list(range(1, len(ids(stays)) + 1))


@pytest.fixture
def impatient() -> Iterator[None]:
    """Give a socket little time, yet enough for one that takes its frame on a busy machine."""
    with configured(LIMIT_SOCKET_MS=3000):
        sockets.forget()
        yield
    sockets.forget()


@pytest.mark.usefixtures("impatient")
def test_a_socket_that_takes_nothing_or_is_gone_delays_nobody_and_is_dropped(at: Gate) -> None:
    well, slow, gone, unsaid = (at.listener() for _ in range(4))
    slow.takes.clear()
    gone.is_open = False
    # Its disconnect was processed before it was stored among the listeners.
    operations.record(operations.remove(keys.live.connection(unsaid.id)))
    unsaid.is_open = False
    scanned = at.scan(2)
    records = at.stream.live()
    tell(records)
    at.stream.drain()
    # Everything is delivered while the slow one has not received any.
    assert not check_ins(slow)
    assert check_ins(well) == scanned
    assert at.listeners == {well.id}
    assert not slow.is_open


def test_who_was_never_let_in_is_cut_off_so_that_they_come_again(at: Gate) -> None:
    killed, fails = at.listener(), at.live.connect(at.token)
    head = keys.live.head(at.channel)
    # What they missed cannot be read.
    with before("GetItem", lost, matches=lambda request: request["Key"]["pk"]["S"] == head.pk):
        assert fails.subscribe(at.channel).types == ["subscribed", "error"]
    assert at.listeners == {killed.id}
    # The state after a function was killed while it subscribed a connection.
    key = keys.live.listener(at.channel, killed.id)
    operations.record(operations.change(key, [Listener.sent_to.remove()]))
    at.scan()
    at.stream.drain()
    assert killed.is_open
    with clock.set_to(clock.now() + timedelta(seconds=31)):
        at.scan()
        at.hops()
    assert not killed.is_open
    assert at.listeners == set()


def test_counters_come_at_most_twice_a_second_and_the_last_of_them_always(at: Gate) -> None:
    socket = at.listener()
    began = clock.now()
    for tenth in range(14):
        with clock.set_to(began + timedelta(milliseconds=100 * tenth)):
            at.scan()
            at.hops()
    with clock.set_to(began + timedelta(seconds=2.5)):
        at.stream.drain()
    told = socket.of_type("counters")
    moments = [datetime.fromisoformat(message["at"]) for message in told]
    assert all(later - earlier >= timedelta(milliseconds=500) for earlier, later in itertools.pairwise(moments))
    assert 3 <= len(told) <= 5
    assert told[-1]["data"]["admitted"] == 14
    assert len(check_ins(socket)) == 14


def test_nothing_is_written_where_nobody_listens(at: Gate) -> None:
    at.scan()
    at.stream.drain()
    assert not [key for key in stored() if key[0].startswith("LIVE#")]
    socket = at.listener()
    socket.leave()
    with clock.set_to(clock.now() + timedelta(hours=3)):
        before = stored()
        at.token = usher_token(at.event)
        at.scan()
        at.stream.drain()
        after = stored()
    assert {key for key in after if key[0].startswith("LIVE#") and after[key] != before.get(key)} == set()


def test_messages_go_together_for_who_asked_for_that(at: Gate) -> None:
    one_by_one, together = at.listener(), at.listener(batch=True)
    scanned = at.scan(5)
    at.hops(2)
    assert check_ins(one_by_one) == check_ins(together) == scanned
    assert ids(one_by_one) == ids(together)
    assert len(together.frames) == 2 < len(one_by_one.frames)
    assert json.loads(together.frames[1])["type"] == "batch"


def test_what_is_no_command_is_answered_so_and_changes_nothing(at: Gate) -> None:
    socket = at.listener()
    before = stored()
    for said in (
        {},
        {"action": "shout"},
        {"action": "subscribe"},
        {"action": "subscribe", "channel": "a" * 81},
        {"action": "subscribe", "channel": "event-x#y"},
        {"action": "subscribe", "channel": at.channel, "after": -1},
        {"action": "subscribe", "channel": at.channel, "after": "soon"},
    ):
        assert socket.say(**said).messages[-1]["type"] == "error"
    for body in ("", "no JSON", "[1]", "null", "{" * 5000, "\x00"):
        event = {"requestContext": {"routeKey": "$default", "connectionId": socket.id, "stage": "x", "apiId": "x"}}
        event["requestContext"] |= {"domainName": "x"}
        assert app.websocket_message(event | {"body": body}, None) == {"statusCode": 200}
        assert socket.messages[-1]["type"] == "error"
    assert stored() == before
    assert socket.say(action="ping").messages[-1]["type"] == "pong"
    socket.say(action="unsubscribe", channel=at.channel)
    assert socket.messages[-1]["type"] == "unsubscribed"
    at.scan()
    at.stream.drain()
    assert check_ins(socket) == []
    stranger = Socket("never-opened")
    at.live.sockets[stranger.id] = stranger
    assert stranger.subscribe(at.channel).messages[-1]["data"]["code"] == "UNAUTHENTICATED"
    assert not stranger.is_open


def test_one_socket_listens_to_so_many_channels_and_no_more(at: Gate) -> None:
    token = admin_token()
    socket = at.live.connect(token)
    for _ in range(21):
        socket.subscribe(f"event-{make_event().event_id}")
    assert socket.types == ["subscribed"] * 20 + ["error"]
    socket.leave()
    left = {key[0] for key in stored() if key[0].startswith(("LISTENERS#", "LIVE_OF#", "LIVE_CONNECTION#"))}
    assert left == set()


# Locked-out principals


def test_who_signed_out_or_was_locked_out_is_cut_off_and_nobody_else(live: Gateway) -> None:
    event, other_event, stream = make_event(), make_event(), Stream()
    usher = make_usher(event)
    customer, organizer = make_customer(), make_organizer()
    opened_as: dict[str, Socket] = {}

    def opened(name: str, token: str, channel: str) -> str:
        opened_as[name] = live.connect(token).subscribe(channel)
        assert opened_as[name].types == ["subscribed"], name
        return token

    customers = f"customer-{customer.account_id}"
    leaves = opened("logged out", usher_token(event, usher), f"event-{event.event_id}")
    opened("another session", usher_token(event, usher), f"event-{event.event_id}")
    opened("customer", customer_token(customer), customers)
    kept = opened("customer who changes the password", customer_token(customer), customers)
    opened("staff", admin_token(), "admin")
    gone_staff = opened("deactivated staff", admin_token(), "admin")
    stream.drain()

    assert call("POST", "/api/usher/logout/", token=leaves).status == 200
    body = {"old_password": PASSWORD, "new_password": "quite another password"}
    assert call("POST", "/api/v1/users/change-password/", body, token=kept).status == 200
    close_account(_id_of(gone_staff))
    stream.drain()
    still = {name for name, socket in opened_as.items() if socket.is_open}
    assert still == {"another session", "customer who changes the password", "staff"}

    event_of = make_event(organizer_id=organizer.account_id)
    opened("organizer", token_of(organizer), f"event-{event_of.event_id}")
    opened("staff at the event", admin_token(), f"event-{event_of.event_id}")
    event_states.change(event_of.event_id, organizer_id=make_organizer().account_id)
    operations.commit(*lock_outs.revocations(Portal.USHER, usher.account_id, event_ids=[other_event.event_id]))
    stream.drain()
    assert not opened_as["organizer"].is_open
    assert opened_as["staff at the event"].is_open
    # At another event only.
    assert opened_as["another session"].is_open
    operations.commit(*lock_outs.revocations(Portal.USHER, usher.account_id, event_ids=[event.event_id]))
    stream.drain()
    assert not opened_as["another session"].is_open


def _id_of(token: str) -> str:
    return str(jwt.decode(token, options={"verify_signature": False})["sub"])


def test_who_logs_in_again_after_a_lock_out_is_not_cut_off_by_it(live: Gateway) -> None:
    customer, stream = make_customer(), Stream()
    first = sessions.start(customer)
    assert call("POST", "/api/v1/users/logout/", token=first.access).status in (200, 204)
    with clock.set_to(clock.now() + timedelta(seconds=1)):
        socket = live.connect(customer_token(customer)).subscribe(f"customer-{customer.account_id}")
        stream.drain()
    assert socket.is_open
