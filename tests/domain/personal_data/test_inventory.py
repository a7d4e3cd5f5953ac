"""The inventory of personal data, held against the item classes."""

import re
from collections.abc import Iterator

import pytest
from pynamodb.attributes import BinaryAttribute, JSONAttribute, ListAttribute, MapAttribute, UnicodeSetAttribute

from chalicelib.domain.personal_data.inventory import INVENTORY, OF_OTHERS, Fate
from chalicelib.table import items
from chalicelib.table.items import Item

# Names that say that an attribute may hold data of a person, and types that hold anything.
_PERSONAL = re.compile(
    "customer|holder|giver|mobile|phone|name|email|login|birth|blood|emergency|address|bank|iban|photo|device|label"
    "|message|reason|note|contact|account_id|mac$|password|hash|body|data$|text|words"
)
_ANYTHING = (BinaryAttribute, JSONAttribute, ListAttribute, MapAttribute, UnicodeSetAttribute)
# What only a customer has.
_OF_A_CUSTOMER = re.compile("customer_id|holder_name|giver|birth|blood|emergency|pledged_to")
_OF_THE_TABLE = {"pk", "sk", "kind", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk", "ttl"}


def kinds(cls: type[Item] = Item) -> Iterator[type[Item]]:
    """Return every class of items."""
    for one in cls.__subclasses__():
        if one.__module__.startswith(items.__name__):
            yield one
            yield from kinds(one)


def suspects(cls: type[Item], pattern: re.Pattern[str] = _PERSONAL) -> set[str]:
    """Return the attributes of a class that may hold data of a person.

    In a class that holds some, these are also those whose type holds anything.
    """
    own = {name: each for name, each in cls.get_attributes().items() if name not in _OF_THE_TABLE}
    is_known = pattern is _PERSONAL and cls in INVENTORY
    return {name for name, each in own.items() if pattern.search(name) or (is_known and isinstance(each, _ANYTHING))}


def test_each_attribute_that_may_hold_data_of_a_customer_is_in_the_inventory() -> None:
    missing = {
        cls.__name__: sorted(suspects(cls) - set(INVENTORY.get(cls, {})))
        for cls in set(kinds())
        if cls not in OF_OTHERS and suspects(cls) - set(INVENTORY.get(cls, {}))
    }
    assert missing == {}


@pytest.mark.parametrize("cls", sorted(OF_OTHERS, key=str))
def test_what_is_said_to_be_of_others_has_nothing_that_only_a_customer_has(cls: type[Item]) -> None:
    assert cls not in INVENTORY
    assert suspects(cls, _OF_A_CUSTOMER) == set()


@pytest.mark.parametrize("cls", sorted(INVENTORY, key=str))
def test_the_inventory_names_attributes_that_exist(cls: type[Item]) -> None:
    assert set(INVENTORY[cls]) <= set(cls.get_attributes())


def test_a_class_with_a_forgotten_attribute_is_found() -> None:
    known = set(INVENTORY[items.Ticket])
    assert "holder_name" in suspects(items.Ticket) & known
    assert INVENTORY[items.Ticket]["holder_name"] is Fate.CLEARED
