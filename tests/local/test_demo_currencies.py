"""The demo data in currencies of none, two and three decimals, and with steps and limits of their own."""

import pytest

from chalicelib.domain import money
from chalicelib.domain.money import Money
from chalicelib.schemas.examples import demo
from chalicelib.table.items import CardBalance, Category, Item, Order, SellerBatch
from infra.local import currencies
from infra.local.demo import demo_data
from tests.support.payers import all_raws
from tests.support.settings import configured


@pytest.mark.parametrize("currency", ["KWD", "JPY", "UGX", "ISK", "USD", "HUF", "MGA", "IDR"])
@pytest.mark.usefixtures("moto_cloud")
def test_the_demo_data_loads_with_the_same_whole_units_in_every_currency(currency: str) -> None:
    with configured(**currencies.environment({"CURRENCY": currency})):
        demo_data.load()
        demo_data.load()
        items = [Item.from_raw_data(raw) for raw in all_raws("category", "order", "card_balance", "seller_batch")]
        prices = {Money(int(one.price), one.currency) for one in items if isinstance(one, Category)}
        tiers = (*demo.TIERS, demo.STALLS, demo.BALCONY)
        unit = 10 ** money.digits(currency)
        assert prices == {Money(tier.price // 100 * unit, currency) for tier in tiers}
        for order in (one for one in items if isinstance(one, Order)):
            assert money.uncharged(Money(int(order.total), order.currency)) is None
        (card,) = (one for one in items if isinstance(one, CardBalance) and one.uid == demo.CARD_UID)
        assert (card.amount, card.currency) == (demo.BALANCE // 100 * unit, currency)
        (batch,) = (one for one in items if isinstance(one, SellerBatch))
        assert (batch.price, batch.currency) == (demo.BATCH_PRICE // 100 * unit, currency)
        assert money.card_fee() == Money(demo.CARD_FEE // 100 * unit, currency)
