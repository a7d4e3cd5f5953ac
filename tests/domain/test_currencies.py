"""Amounts in every currency that a stage may have: each has the decimals of its currency, wherever it is written."""

import re

import pytest

from chalicelib.clients.stripe_amounts import SUPPORTED
from chalicelib.domain import money
from chalicelib.domain.documents import page
from chalicelib.domain.merchants import early_codes
from chalicelib.domain.money import Money

# Minor units: nothing, the least, within one whole unit, whole units alone, groups, and a turnover.
MINOR = (0, 1, 7, 10, 99, 100, 101, 999, 1_000, 1_010, 123_456, 150_000, 1_234_567, 10**11 - 1)


def read_back(text: str, currency: str) -> Money | None:
    return money.parse(text.removeprefix(f"{currency} ").replace(",", ""), currency)


def decimals(text: str) -> int:
    return len(text.partition(".")[2])


@pytest.mark.parametrize("currency", sorted(SUPPORTED))
def test_an_amount_is_the_same_after_it_was_written_and_has_the_decimals_of_its_currency(currency: str) -> None:
    places = money.digits(currency)
    for minor in MINOR:
        amount = Money(minor, currency)
        for text in (amount.amount, page.printed(minor, currency), page.grouped(minor, currency)):
            assert read_back(text, currency) == amount, text
            assert decimals(text) == places, text
        owed = Money(-minor, currency).amount
        assert owed == (f"-{amount.amount}" if minor else amount.amount)
        assert page.grouped(-minor, currency).replace(",", "") == owed


@pytest.mark.parametrize("currency", sorted(SUPPORTED))
def test_the_text_of_a_code_names_whole_units_without_decimals_and_all_others_with_all_of_them(currency: str) -> None:
    places = money.digits(currency)
    for minor in MINOR[1:]:
        fee = early_codes.fee_in_words(minor, currency)
        shown = re.fullmatch(rf"fee {currency} (\d+(?:\.\d+)?)", fee)
        assert shown is not None, fee
        assert read_back(shown[1], currency) == Money(minor, currency)
        assert decimals(shown[1]) == (places if minor % 10**places else 0), fee
    assert early_codes.fee_in_words(0, currency) == "no fee"


@pytest.mark.parametrize("currency", sorted(SUPPORTED))
def test_what_has_more_decimals_than_its_currency_is_no_amount_and_zeros_do_not_count(currency: str) -> None:
    places = money.digits(currency)
    assert money.parse("15.0000", currency) == money.parse("15", currency) == Money(15 * 10**places, currency)
    assert money.parse(f"15.{'0' * places}1", currency) is None
    said = money.must_be_of(currency)
    assert said.endswith(f"at most {places} digits after the point" if places else "in whole units")
