"""The back office at once: 32 callers pay a balance back, use a claim link, answer a dispute, delete a venue."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest

from chalicelib import clock
from chalicelib.clients.providers import MoveWord
from chalicelib.domain.card_office import claims, pay_backs
from chalicelib.domain.events import venues
from chalicelib.domain.payments import disputes
from chalicelib.errors import Conflict
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Card, CardClaim, Event, NewestCardClaim
from chalicelib.vocabulary.payments import DisputeAnswer
from tests.portals.admin import test_venues
from tests.portals.admin.test_unclaimed import loaded
from tests.portals.organizer.test_drafts import body
from tests.support import engines, payers, settled, taken_back, wallets
from tests.support.at_once import at_once
from tests.support.caches import forget_caches
from tests.support.client import call
from tests.support.factories import admin_token, make_organizer, token_of
from tests.support.purchases import make_show
from tests.support.shops import new_customer
from tests.support.streams import StreamReader

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("ledger"), pytest.mark.timeout(900)]
CALLERS = 32


@pytest.fixture(scope="module", autouse=True)
def exact_cloud() -> Iterator[None]:
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


def balance_of(uid: str) -> int:
    balance = operations.get(keys.money.card_balance(uid))
    return int(balance.amount) if balance else 0


def link_of(card: Card) -> str:
    """Store a card's newest claim link, as its making does; return the token that its message would carry."""
    token, claim_id, now = new_id("tok"), new_id("clm"), clock.now()
    claim = CardClaim(
        *keys.money.card_claim(hashlib.sha256(token.encode()).hexdigest()),
        claim_id=claim_id,
        card_uid=card.uid,
        customer_id=card.customer_id,
        expires_at=now + claims.LIFETIME,
        created_at=now,
        ttl=int((now + claims.LIFETIME).timestamp()),
    )
    newest = NewestCardClaim(*keys.money.newest_claim(card.uid), claim_id=claim_id)
    operations.commit(operations.put(claim), operations.put(newest))
    return token


def test_a_balance_is_paid_back_once_under_many_callers() -> None:
    card, payment_id = loaded(new_customer())
    acts = [
        partial(pay_backs.pay_back, card.uid, by=f"adm_{number}", operation_id=new_id("op"))
        for number in range(CALLERS)
    ]
    answers = at_once(acts)
    assert answers["done"] == 1
    assert set(answers) <= {"done", "InvalidState", "Unavailable"}
    granted = (payers.stored(payment_id).granted or {}).values()
    assert ([int(grant["amount"]) for grant in granted], balance_of(card.uid)) == ([100_000], 0)


def test_a_claim_link_moves_its_money_once_under_many_callers() -> None:
    owner, finder = new_customer(), new_customer()
    card = wallets.make_card(owner, holds=30_000)
    token = link_of(card)
    targets = {customer.account_id: wallets.make_card(customer) for customer in (owner, finder)}
    acts = [
        partial(claims.claim, token, customer_id=name, card_name=target.card_id)
        for name, target in targets.items()
        for _ in range(CALLERS // 2)
    ]
    answers = at_once(acts)
    held = Counter({name: balance_of(target.uid) for name, target in targets.items()})
    assert sorted(held.values()) == [0, 30_000]
    assert balance_of(card.uid) == 0
    # Who claimed it gets the first answer again; for the other the link is spent.
    assert 1 <= answers["done"] <= CALLERS // 2
    assert set(answers) <= {"done", "NotFound", "Unavailable"}


def test_a_dispute_is_answered_in_one_way_under_many_callers() -> None:
    stream = StreamReader()
    stream.skip()
    order = settled.buy(make_show()[1])
    taken_back.tell(order, 150_000, MoveWord.OPENED, reference="dp_race")
    taken_back.project_all(stream)
    dispute_id = disputes.id_of(order.payment_id, "dp_race")
    acts = [
        partial(disputes.answer, dispute_id, answer, evidence="Scanned.", by=f"adm_{number}")
        for number in range(CALLERS // 2)
        for answer in DisputeAnswer
    ]
    answers = at_once(acts)
    assert answers["done"] >= 1
    assert set(answers) <= {"done", "InvalidState"}
    stored, at_provider = disputes.get(dispute_id), operations.get(keys.disputes.sandbox_dispute("dp_race"))
    assert at_provider is not None
    assert (stored.answer, stored.sent_at is not None) == (at_provider.answer, True)
    assert answers["InvalidState"] >= CALLERS // 2


def test_a_venue_is_deleted_or_used_but_never_both_under_many_callers() -> None:
    token, mine = admin_token(), token_of(make_organizer())
    for _ in range(3):
        venue_id = test_venues.create(token).json["id"]

        def use(venue_id: str = venue_id) -> None:
            made = call("POST", "/api/organizer/events/", body(venue_id=venue_id), token=mine)
            if made.status != 201:
                raise Conflict(made.text)

        answers = at_once([*[partial(venues.remove, venue_id)] * 16, *[use] * (CALLERS - 16)])
        raws = [raw for raw in payers.all_raws("event") if raw.get("venue", {}).get("M", {}).get("id", {}).get("S")]
        used = [Event.from_raw_data(raw) for raw in raws if raw["venue"]["M"]["id"]["S"] == venue_id]
        known = operations.get(keys.events.venue(venue_id))
        assert (known is None) is (not used)
        assert known is None or known.event_count == len(used)
        assert answers["done"] == (len(used) if used else 1)
