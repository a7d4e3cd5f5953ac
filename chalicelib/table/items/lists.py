"""Items of the lists of staff."""

from typing import Any

from pynamodb.attributes import JSONAttribute, ListAttribute, UnicodeAttribute

from chalicelib.table.items.item import Item


class ListEntry(Item, discriminator="list_entry"):
    """An item in one ordering of one index of a list.

    `facts` are the declared values of the item: by filter the values, by ordering the text that sorts.
    """

    item_pk = UnicodeAttribute()
    item_sk = UnicodeAttribute()
    facts: JSONAttribute = JSONAttribute()


class ListWord(Item, discriminator="list_word"):
    """An item of a list under one of its words; `texts` are its folded texts, words apart."""

    item_pk = UnicodeAttribute()
    item_sk = UnicodeAttribute()
    facts: JSONAttribute = JSONAttribute()
    texts: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute)
