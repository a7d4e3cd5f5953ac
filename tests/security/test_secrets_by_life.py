"""The platform's secrets by life: what a rotation, a field and a leak end, and what they never end (D-SEC-72)."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.session import get_session
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chalicelib import clock
from chalicelib.clients import key_ring, secrets
from chalicelib.clients.secrets import NUMBERS, PROVIDERS, SESSIONS
from chalicelib.config import config
from chalicelib.domain import paging
from chalicelib.domain.access import devices, numbers, sessions, tokens
from chalicelib.domain.events import events, unfinished
from chalicelib.domain.organizations import organizations
from chalicelib.domain.organizations.organizations import TixRegistration
from chalicelib.domain.payments import sandbox, sandbox_callbacks
from chalicelib.domain.tickets import credentials, gift_index, gifts, tickets
from chalicelib.domain.tickets.tickets import Holder, TicketToIssue
from chalicelib.errors import (
    BadSignature,
    InvalidCredentials,
    InvalidCursor,
    Unauthenticated,
    Unavailable,
    ValidationFailed,
)
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Card, Event, Gift, Ticket
from chalicelib.vocabulary.access import Portal, SecretLife
from chalicelib.vocabulary.cards import CardType
from infra.rotate import rotation
from tests.support import meanwhile, secure_cards
from tests.support.client import Answer, call
from tests.support.factories import (
    PASSWORD,
    customer_token,
    invite_code,
    make_card,
    make_customer,
    make_event,
    make_organization,
    make_reader,
    make_usher,
    public,
    scan_id,
    usher_token,
)
from tests.support.secure_cards import CardKeys
from tests.support.settings import configured

pytestmark = pytest.mark.usefixtures("moto_cloud")
UID = "04C1C2C3C4C5C6"
EARLIER = "gatehouse/master"


@dataclass
class Time:
    """The clock of a test, which moves on by itself and by `pass_`."""

    ahead: timedelta = field(default_factory=timedelta)

    def pass_(self, **so_much: float) -> None:
        self.ahead += timedelta(**so_much)

    def notice(self) -> None:
        """Pass the time after which a fresh key signs."""
        self.ahead += rotation.NOTICE + timedelta(seconds=1)


@pytest.fixture
def time() -> Iterator[Time]:
    begin = clock.now()
    passing = Time()
    with clock.driven_by(lambda: begin + passing.ahead):
        yield passing


def secret(life: SecretLife) -> rotation.Secret:
    client: Any = get_session().create_client("secretsmanager")
    return rotation.Secret(client, config().secret_name.format(life=life), life, EARLIER)


def rotate(life: SecretLife, time: Time, *, leaked: int | None = None) -> None:
    """Rotate a secret, and let every container read it and sign with it."""
    rotation.rotate(secret(life), leaked=leaked)
    time.notice()
    start_again()


def start_again() -> None:
    """Forget what a container keeps of secrets, as a fresh one."""
    secrets.forget()
    tokens.forget()


Use = Callable[[], object]


def an_access_token() -> Use:
    event = make_event()
    access = sessions.start(make_usher(event), event_id=event.event_id).access
    return lambda: tokens.verify(access, Portal.USHER)


def a_refresh_token() -> Use:
    event = make_event()
    refresh = sessions.start(make_usher(event), event_id=event.event_id).refresh

    def use() -> object:
        nonlocal refresh
        refresh = sessions.refresh(refresh, Portal.USHER).refresh
        return refresh

    return use


def a_cursor() -> Use:
    cursor = paging.seal("log_1", bound_to="log/ush_1")
    return lambda: paging.unseal(cursor, bound_to="log/ush_1")


def an_enrolment_code() -> Use:
    made = devices.provision(event_id=make_event().event_id, gate_name="Gate 1", name="Reader", by="adm_1")
    key = public(Ed25519PrivateKey.generate())
    return lambda: devices.enroll(code=made.enrollment_code, public_key=key, address="192.0.2.1")


def a_callback() -> Use:
    raw = json.dumps({"id": "sbx_evt_1", "type": "ping"}).encode()
    header = sandbox_callbacks.sign(raw, at=int(clock.now().timestamp()))
    return lambda: sandbox.Sandbox().parse_webhook(raw, {sandbox_callbacks.SIGNATURE_HEADER: header})


# What keys of sessions and providers make, and how it is refused once they are gone.
MADE: dict[str, tuple[SecretLife, Callable[[], Use], type[Exception]]] = {
    "access token": (SecretLife.SESSIONS, an_access_token, Unauthenticated),
    "refresh token": (SecretLife.SESSIONS, a_refresh_token, Unauthenticated),
    "cursor": (SecretLife.SESSIONS, a_cursor, InvalidCursor),
    "enrolment code": (SecretLife.SESSIONS, an_enrolment_code, InvalidCredentials),
    "callback": (SecretLife.PROVIDERS, a_callback, BadSignature),
}


@dataclass
class Sold:
    """What lives longer than sessions: a ticket's code, a waiting gift, a secure card."""

    event: Event
    coded: Ticket
    code: str
    gift_number: str
    card: CardKeys
    taps: int = 0

    def tap(self, *, keys_of_card: CardKeys | None = None) -> Answer:
        """Tap the card at the gate."""
        self.taps += 1
        shown = secure_cards.message(UID, self.taps, keys_of_card or self.card)
        sun = {"picc_data": shown.picc_data, "cmac": shown.cmac}
        body = {"scan_id": scan_id(), "card_id": UID, "sun": sun}
        return call("POST", "/api/usher/scan/result/", body, token=self.at_the_gate())

    def at_the_gate(self) -> str:
        return usher_token(self.event, make_usher(self.event, username=scan_id()))

    def scan_code(self, code: str | None = None) -> Answer:
        body = {"scan_id": scan_id(), "qr": code or self.code}
        return call("POST", "/api/usher/scan/result/", body, token=self.at_the_gate())

    def claim_gift(self) -> list[str]:
        """Register the number that the gift waits for, and return the events of its tickets."""
        return claimed(self.gift_number)


def sell(number: str = "+923001230001") -> Sold:
    """Sell a ticket with a code, another one on a secure card, and a third that waits for a number."""
    event = an_event()
    giver = make_customer()
    coded, carded = a_ticket(event, giver), a_ticket(event, giver)
    make_card(carded, uid=UID, card_type=CardType.SECURE)
    give(event, giver, number)
    return Sold(event, coded, tickets.code(coded), number, secure_cards.keys_of(UID))


def an_event() -> Event:
    now = clock.now()
    return make_event(starts_at=now, ends_at=now + timedelta(days=90))


def a_ticket(event: Event, customer: Account) -> Ticket:
    holder = Holder(name="Ayesha Khan", customer_id=customer.account_id)
    return tickets.issue(TicketToIssue(event_id=event.event_id, holder=holder, number=scan_id()))


def give(event: Event, giver: Account, number: str) -> str:
    """Give a ticket to a number without an account; return the ticket's id."""
    ticket = a_ticket(event, giver)
    path = f"/api/v1/users/tickets/{ticket.ticket_id}/gift/"
    answer = call("POST", path, {"mobile_number": number}, token=customer_token(giver))
    assert (answer.status, answer.json["status"]) == (201, "pending"), answer.text
    return ticket.ticket_id


def claimed(number: str) -> list[str]:
    customer = make_customer(mobile_number=number)
    gifts.claim_all(customer)
    answer = call("GET", "/api/v1/users/tickets/", token=customer_token(customer))
    return [ticket["id"] for ticket in answer.json["results"]]


def admitted(answer: Answer) -> bool:
    assert answer.status == 200, answer.text
    return bool(answer.json["result"] == "valid")


class TestRotation:
    """A rotation, as often as the operator likes."""

    @pytest.mark.parametrize("what", MADE)
    def test_what_was_made_before_a_fresh_key_signs_is_good_after_it(self, what: str, time: Time) -> None:
        life, make, _ = MADE[what]
        rotation.rotate(secret(life))
        time.pass_(seconds=rotation.NOTICE.total_seconds() - 1)
        use = make()
        time.pass_(seconds=2)
        start_again()
        assert use() is not None

    def test_a_replaced_key_of_sessions_verifies_for_as_long_as_a_refresh_token_lives(self, time: Time) -> None:
        use = a_cursor()
        rotate(SecretLife.SESSIONS, time)
        time.pass_(days=29)
        assert use()
        time.pass_(days=2)
        with pytest.raises(InvalidCursor):
            use()

    def test_sessions_outlive_five_rotations_within_their_30_days(self, time: Time) -> None:
        use = a_refresh_token()
        for _ in range(5):
            rotate(SecretLife.SESSIONS, time)
            time.pass_(days=5)
            assert use()

    @pytest.mark.parametrize("count", [2, 5])
    def test_codes_gifts_and_cards_outlive_rotations_of_all_secrets(self, count: int, time: Time) -> None:
        sold = sell()
        for _ in range(count):
            for life in SecretLife:
                rotate(life, time)
        assert admitted(sold.scan_code())
        assert admitted(sold.tap())
        assert len(sold.claim_gift()) == 1

    def test_a_fresh_key_signs_only_once_every_container_has_read_it(self, time: Time) -> None:
        before = SESSIONS.current("x")
        rotation.rotate(secret(SecretLife.SESSIONS))
        start_again()
        assert SESSIONS.current("x") == before
        assert rotation.NOTICE.total_seconds() > secrets.LIFETIME_SECONDS
        time.notice()
        assert SESSIONS.current("x") != before

    def test_a_fresh_ticket_key_has_a_kid_of_its_own(self, time: Time) -> None:
        sold = sell()
        rotate(SecretLife.TICKETS, time)
        fresh = tickets.code(sold.coded)
        raws = [credentials.from_base45(code.removeprefix("GH1:")) or b"" for code in (fresh, sold.code)]
        assert len({raw[1:5] for raw in raws}) == 2
        assert admitted(sold.scan_code(fresh))

    def test_a_heartbeat_names_every_key_that_verifies_and_the_one_that_signs_first(self, time: Time) -> None:
        reader = make_reader(make_event())

        def named() -> list[str]:
            beat = {"queue_depth": 0, "app_version": "1.0.0"}
            keys: list[str] = call("POST", "/api/device/heartbeat/", beat, token=reader.token()).json[
                "server_public_keys"
            ]
            return keys

        before = named()
        rotation.rotate(secret(SecretLife.TICKETS))
        start_again()
        # Known to the gates before the first code is signed with it.
        assert named()[0] == before[0]
        assert len(named()) == 2
        time.notice()
        assert named()[1:] == before
        rotate(SecretLife.TICKETS, time, leaked=1)
        assert before[0] not in named()


class TestFields:
    """A new field, and a new version of a secret that changes no key."""

    @pytest.mark.parametrize("life", SecretLife)
    def test_a_field_ends_nothing_however_often_it_is_set(self, life: SecretLife) -> None:
        sold, uses = sell(), {what: make() for what, (_, make, _) in MADE.items()}
        for value in ("one", "two", "three"):
            rotation.set_field(secret(life), "some_field", value)
            start_again()
        assert all(use() is not None for use in uses.values())
        assert admitted(sold.scan_code())
        assert admitted(sold.tap())
        assert len(sold.claim_gift()) == 1

    def test_a_providers_key_is_read_from_its_own_secret(self) -> None:
        rotation.set_field(secret(SecretLife.PROVIDERS), "stripe_api_key", "sk_test_1")
        start_again()
        assert PROVIDERS.field("stripe_api_key") == "sk_test_1"

    @pytest.mark.parametrize("name", ["key_1", "versions", "rekeyed_to"])
    def test_a_key_cannot_be_written_over_as_a_field(self, name: str) -> None:
        before = secret(SecretLife.SESSIONS).read()
        with pytest.raises(rotation.CannotRotate):
            rotation.set_field(secret(SecretLife.SESSIONS), name, "x")
        assert secret(SecretLife.SESSIONS).read() == before


class TestLeaks:
    """A leaked key is retired at once; it ends what it signed and nothing else."""

    @pytest.mark.parametrize("what", MADE)
    def test_what_a_leaked_key_signed_is_refused(self, what: str) -> None:
        life, make, refusal = MADE[what]
        use = make()
        rotation.rotate(secret(life), leaked=1)
        start_again()
        with pytest.raises(refusal):
            use()
        assert make()() is not None

    def test_a_leak_of_sessions_ends_no_ticket_gift_or_card(self, time: Time) -> None:
        sold = sell()
        rotate(SecretLife.SESSIONS, time, leaked=1)
        assert admitted(sold.scan_code())
        assert admitted(sold.tap())
        assert len(sold.claim_gift()) == 1

    def test_a_leak_of_ticket_keys_ends_old_codes_and_the_app_shows_new_ones(self, time: Time) -> None:
        sold = sell()
        rotate(SecretLife.TICKETS, time, leaked=1)
        assert sold.scan_code().json["reason"] == "bad_signature"
        assert admitted(sold.scan_code(tickets.code(sold.coded)))

    def test_a_warm_container_refuses_a_forged_token_that_it_had_proven(self) -> None:
        use = an_access_token()
        assert use()
        rotation.rotate(secret(SecretLife.SESSIONS), leaked=1)
        # The container reads its secret again, as it does every ten minutes; it keeps what it has proven.
        secrets.forget()
        with pytest.raises(Unauthenticated):
            use()

    def test_a_key_that_is_not_there_cannot_be_retired(self) -> None:
        with pytest.raises(rotation.CannotRotate, match="no version 7"):
            rotation.rotate(secret(SecretLife.CARDS), leaked=7)

    def test_a_key_of_the_number_index_is_re_keyed_and_never_retired(self) -> None:
        with pytest.raises(rotation.CannotRotate, match="re-key"):
            rotation.rotate(secret(SecretLife.NUMBERS), leaked=1)

    def _made_by_another_container(self) -> str:
        """Return a token under a key that signs at once, in a process that has just read the secret without it."""
        store = secret(SecretLife.SESSIONS)
        before = store.read()
        rotation.rotate(store, leaked=1)
        start_again()
        event = make_event()
        access = sessions.start(make_usher(event), event_id=event.event_id).access
        after = store.read()
        store.write(before)
        start_again()
        SESSIONS.ring()
        store.write(after)
        return access

    def test_a_warm_container_takes_what_a_key_of_this_minute_signed(self) -> None:
        access = self._made_by_another_container()
        with configured(LIMIT_SECRET_SECONDS=0):
            assert tokens.verify(access, Portal.USHER).portal is Portal.USHER

    def test_strangers_do_not_make_a_container_read_its_secret_at_will(self) -> None:
        access = self._made_by_another_container()
        with pytest.raises(Unauthenticated):
            tokens.verify(access, Portal.USHER)


class TestCards:
    """The master of secure cards: its version is on the card, and the table has it from the last tap."""

    def _version(self) -> int | None:
        card = operations.get(keys.cards.card(UID))
        assert isinstance(card, Card)
        return card.sun_key

    def test_a_card_written_five_rotations_ago_opens_and_its_version_is_noted(self, time: Time) -> None:
        sold = sell()
        for _ in range(5):
            rotate(SecretLife.CARDS, time)
        assert admitted(sold.tap())
        assert self._version() == 1

    def test_a_leaked_master_is_refused_and_a_card_that_is_re_keyed_opens(self, time: Time) -> None:
        sold = sell()
        rotate(SecretLife.CARDS, time, leaked=1)
        assert sold.tap().json["reason"] == "clone_suspected"
        # The ticket itself is not lost meanwhile: its code opens.
        (bound,) = operations.get(keys.cards.card(UID)).tickets[sold.event.event_id]  # type: ignore[union-attr]
        sold.card = secure_cards.keys_of(UID)
        assert admitted(sold.tap())
        assert self._version() == 2
        assert tickets.get(bound).presence == "inside"

    def test_until_its_card_is_re_keyed_a_ticket_opens_by_its_code(self, time: Time) -> None:
        sold = sell()
        rotate(SecretLife.CARDS, time, leaked=1)
        assert not admitted(sold.tap())
        (bound,) = operations.get(keys.cards.card(UID)).tickets[sold.event.event_id]  # type: ignore[union-attr]
        assert admitted(sold.scan_code(tickets.code(tickets.get(bound))))

    def test_a_message_under_the_keys_from_before_its_re_keying_is_a_forgery(self, time: Time) -> None:
        sold, old = sell(), secure_cards.keys_of(UID)
        rotate(SecretLife.CARDS, time)
        sold.card = secure_cards.keys_of(UID)
        assert admitted(sold.tap())
        sold.taps += 10
        assert sold.tap(keys_of_card=old).json["reason"] == "clone_suspected"
        assert self._version() == 2

    def test_another_cards_master_stays_good(self, time: Time) -> None:
        sold = sell()
        rotate(SecretLife.CARDS, time)
        newer = secure_cards.keys_of(UID)
        rotate(SecretLife.CARDS, time, leaked=1)
        sold.card = newer
        assert admitted(sold.tap())


class TestNumberIndex:
    """The index of numbers, re-keyed by a job."""

    NUMBERS = tuple(f"+92300555{place:04}" for place in range(6))

    def _give_all(self) -> dict[str, str]:
        event, giver = an_event(), make_customer()
        return {number: give(event, giver, number) for number in self.NUMBERS}

    def _rekey(self) -> str:
        start_again()
        return rotation.rekey(secret(SecretLife.NUMBERS), lambda: len(list(gift_index.rekey())))

    def _versions(self, given: dict[str, str]) -> list[int | None]:
        found = []
        for ticket_id in given.values():
            ticket = tickets.get(ticket_id)
            gift = operations.get(keys.tickets.gift(ticket.pledged_to or "", ticket.pledge or ""))
            assert isinstance(gift, Gift)
            found.append(gift.number_version)
        return found

    def _require_claimable(self, given: dict[str, str]) -> None:
        assert {number: claimed(number) for number in given} == {number: [name] for number, name in given.items()}

    def test_while_it_runs_gifts_under_both_keys_are_found(self, time: Time) -> None:
        given = self._give_all()
        rotate(SecretLife.NUMBERS, time)
        some = gift_index.rekey()
        assert [next(some), next(some)]
        assert sorted(self._versions(given)) == [1, 1, 1, 1, 2, 2]  # type: ignore[type-var]
        assert len(numbers.number_macs(self.NUMBERS[0])) == 2
        self._require_claimable(given)

    @pytest.mark.parametrize("place", range(6))
    def test_killed_at_any_gift_and_run_again_it_ends_with_all_re_keyed(self, place: int, time: Time) -> None:
        given = self._give_all()
        rotate(SecretLife.NUMBERS, time)
        acts = [None] * place + [meanwhile.lost]
        with meanwhile.before("TransactWriteItems", *acts), pytest.raises(Unavailable):
            self._rekey()
        assert self._versions(given).count(2) == place
        assert "Run this again" in self._rekey()
        assert self._versions(given) == [2] * len(given)
        self._require_claimable(given)

    def test_an_answer_that_was_lost_moves_no_gift_twice(self, time: Time) -> None:
        given = self._give_all()
        rotate(SecretLife.NUMBERS, time)
        with meanwhile.after("TransactWriteItems", meanwhile.lost), pytest.raises(Unavailable):
            self._rekey()
        self._rekey()
        assert self._versions(given) == [2] * len(given)
        self._require_claimable(given)

    def test_two_runs_at_once_move_each_gift_once(self, time: Time) -> None:
        given = self._give_all()
        rotate(SecretLife.NUMBERS, time)
        with meanwhile.before("TransactWriteItems", lambda: list(gift_index.rekey())):
            list(gift_index.rekey())
        assert self._versions(given) == [2] * len(given)
        self._require_claimable(given)

    def test_a_gift_that_is_claimed_meanwhile_stays_claimed(self, time: Time) -> None:
        given = self._give_all()
        rotate(SecretLife.NUMBERS, time)
        with meanwhile.before("TransactWriteItems", lambda: self._require_claimable(given)):
            list(gift_index.rekey())
        assert all(tickets.get(name).pledge is None for name in given.values())
        assert all(numbers.macs_of_gifts(number) for number in given)

    def test_it_ends_once_nothing_is_left_and_codes_under_the_old_key_are_gone(self, time: Time) -> None:
        given = self._give_all()
        rotation.rotate(secret(SecretLife.NUMBERS))
        with pytest.raises(rotation.CannotRotate, match="signs from"):
            self._rekey()
        time.notice()
        assert "6 gifts re-keyed" in self._rekey()
        assert "0 gifts re-keyed" in self._rekey()
        time.pass_(minutes=40)
        assert "Nothing is left" in self._rekey()
        start_again()
        assert len(numbers.number_macs(self.NUMBERS[0])) == 1
        self._require_claimable(given)

    def test_five_rotations_each_re_keyed_leave_one_look_up_and_every_gift(self, time: Time) -> None:
        given = self._give_all()
        for _ in range(5):
            rotate(SecretLife.NUMBERS, time)
            self._rekey()
            time.pass_(minutes=40)
            assert "Nothing is left" in self._rekey()
            start_again()
        assert len(numbers.number_macs(self.NUMBERS[0])) == 1
        assert self._versions(given) == [6] * len(given)
        self._require_claimable(given)

    def test_a_code_that_was_sent_under_the_old_key_is_taken(self, time: Time) -> None:
        rotation.rotate(secret(SecretLife.NUMBERS))
        time.pass_(seconds=rotation.NOTICE.total_seconds() - 1)
        sent = numbers.number_mac("+923001112233")
        time.pass_(seconds=2)
        start_again()
        assert numbers.number_mac("+923001112233") != sent
        assert sent in numbers.number_macs("+923001112233")


class TestMigration:
    """A stage that had one secret for everything: its keys go on as version 0."""

    @pytest.fixture
    def before(self, moto_cloud: None) -> Iterator[None]:  # noqa: ARG002  # the cloud comes first
        """Leave the earlier secret alone in the cloud, as the release before did."""
        client: Any = get_session().create_client("secretsmanager")
        value = json.dumps({"master": "the-one-secret-of-before", "stripe_api_key": "sk_before"})
        client.create_secret(Name=EARLIER, SecretString=value)
        for life in SecretLife:
            client.delete_secret(SecretId=config().secret_name.format(life=life), ForceDeleteWithoutRecovery=True)
        with configured(EARLIER_SECRET=EARLIER):
            start_again()
            yield
        start_again()

    def _deploy(self) -> None:
        """Create the secrets by life, as the template does."""
        client: Any = get_session().create_client("secretsmanager")
        for life in SecretLife:
            name = config().secret_name.format(life=life)
            client.create_secret(Name=name, SecretString=json.dumps({"key_1": f"fresh {life}"}))
        start_again()

    @pytest.mark.usefixtures("before")
    def test_what_the_one_secret_made_is_good_after_the_secrets_by_life_are_there(self, time: Time) -> None:
        sold, uses = sell(), {what: make() for what, (_, make, _) in MADE.items()}
        self._deploy()
        assert all(use() is not None for use in uses.values())
        for _ in range(2):
            for life in SecretLife:
                rotate(life, time)
        assert admitted(sold.scan_code())
        assert admitted(sold.tap())
        assert PROVIDERS.field("stripe_api_key") == "sk_before"

    @pytest.mark.usefixtures("before")
    def test_gifts_of_before_are_claimed_after_rotations_and_re_keying(self, time: Time) -> None:
        number = "+923001230009"
        sold = sell(number)
        self._as_the_release_before_wrote(sold)
        self._deploy()
        rotation.rekey(secret(SecretLife.NUMBERS), lambda: len(list(gift_index.rekey())))
        for _ in range(2):
            rotate(SecretLife.NUMBERS, time)
            time.pass_(hours=1)
            rotation.rekey(secret(SecretLife.NUMBERS), lambda: len(list(gift_index.rekey())))
            start_again()
        assert NUMBERS.ring().rekeyed_to == 3
        assert len(sold.claim_gift()) == 1

    def _as_the_release_before_wrote(self, sold: Sold) -> None:
        """Take from the gift what that release did not write."""
        mac = numbers.number_mac(sold.gift_number)
        (raw,) = operations.query(keys.tickets.gift(mac).pk, consistent=True)
        gift = Gift.from_raw_data(raw)
        operations.record(operations.change(gift.place, [Gift.number_version.remove(), *Gift.in_gsi2(None)]))

    @pytest.mark.usefixtures("before")
    def test_the_one_secret_is_retired_as_version_0(self, time: Time) -> None:
        sold, cursor = sell(), a_cursor()
        self._deploy()
        rotate(SecretLife.SESSIONS, time, leaked=0)
        with pytest.raises(InvalidCursor):
            cursor()
        assert admitted(sold.scan_code())


class TestPruning:
    """A key of ticket codes is kept until the last event that it signed is over."""

    def test_a_key_is_removed_once_no_event_from_its_time_is_open(self, time: Time) -> None:
        starts = clock.now() + events.FARTHEST - timedelta(days=1)
        make_event(starts_at=starts, ends_at=starts + timedelta(days=2))
        rotate(SecretLife.TICKETS, time)
        assert "Version 1 is kept for" in rotation.prune(secret(SecretLife.TICKETS), unfinished.last_made_before)
        time.pass_(days=events.FARTHEST.days + 2)
        assert "Removed: 1." in rotation.prune(secret(SecretLife.TICKETS), unfinished.last_made_before)
        assert [key.version for key in key_ring.parse(secret(SecretLife.TICKETS).read()).keys] == [2]

    def test_an_event_made_after_its_time_needs_no_replaced_key(self) -> None:
        farthest: datetime = clock.now() + events.FARTHEST - timedelta(minutes=1)
        # An id that was given by hand does not say when.
        made = [
            make_event(event_id=name, starts_at=farthest - timedelta(days=days), ends_at=farthest + timedelta(hours=1))
            for name, days in (("evt_by_hand", 1), (None, 0))
        ]
        assert unfinished.last_made_before(clock.now() - timedelta(days=1)) == made[0].event_id
        assert unfinished.last_made_before(clock.now() + timedelta(days=1)) == made[1].event_id

    @pytest.mark.parametrize("life", [life for life in SecretLife if life is not SecretLife.TICKETS])
    def test_other_keys_are_not_removed_by_events(self, life: SecretLife) -> None:
        with pytest.raises(rotation.CannotRotate):
            rotation.prune(secret(life), unfinished.last_made_before)


def _join(code: str) -> Account:
    member = TixRegistration(email=f"{scan_id()}@tix.example.com", password=PASSWORD, name="Member")
    return organizations.join(member, invite_code=code)


def test_an_invite_code_outlives_a_rotation_and_no_leak(time: Time) -> None:
    admin = make_organization()
    code = invite_code(admin)
    rotate(SecretLife.SESSIONS, time)
    assert _join(code)
    rotate(SecretLife.SESSIONS, time, leaked=1)
    with pytest.raises(ValidationFailed):
        _join(code)


def test_no_key_is_shown() -> None:
    store = secret(SecretLife.CARDS)
    rotation.rotate(store)
    shown = rotation.shown(store)
    assert "version 2" in shown
    assert "version 1, signs now" in shown
    assert not any(value in shown for name, value in store.read().items() if key_ring.is_key(name))
