"""Base classes of the table's items."""

from collections.abc import Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, Self

from pynamodb.attributes import DiscriminatorAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chalicelib.config import config
from chalicelib.table import members, shapes
from chalicelib.table.items.attributes import IntegerAttribute, MomentAttribute
from chalicelib.table.items.reading import plan_of
from chalicelib.table.places import Key, Place

members.install()


class Item(Model):
    """The base of every item: table key, index keys, and the TTL in epoch seconds.

    `unread` are the attributes that a read item has and its class does not know, as they are stored.
    """

    class Meta:
        """PynamoDB's settings of the table."""

        table_name = config().table_name

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    kind = DiscriminatorAttribute()
    gsi1pk = UnicodeAttribute(null=True)
    gsi1sk = UnicodeAttribute(null=True)
    gsi2pk = UnicodeAttribute(null=True)
    gsi2sk = UnicodeAttribute(null=True)
    ttl = IntegerAttribute(null=True)
    # Absent for 1 (chalicelib/table/shapes.py).
    shape = IntegerAttribute(null=True)
    unread: Mapping[str, Any] = MappingProxyType({})

    def __init__(
        self,
        pk: str | None = None,
        sk: str | None = None,
        *,
        gsi1: Key | None = None,
        gsi2: Key | None = None,
        **attributes: Any,
    ) -> None:
        """Create an item; `gsi1` and `gsi2` are its index keys."""
        super().__init__(pk, sk, **attributes)
        if type(self).kind_name() in shapes.STEPS and attributes.get("_user_instantiated", True):
            self.shape = shapes.newest(type(self).kind_name())
        if gsi1 is not None:
            self.put_in_gsi1(gsi1)
        if gsi2 is not None:
            self.put_in_gsi2(gsi2)

    @classmethod
    def from_raw_data(cls, data: dict[str, Any]) -> Self:
        """Return the item of its stored form, of the class that its kind names. Raises ValueError for another class.

        It has the newest shape of its class (chalicelib/table/shapes.py). A kind of a later release is read as a plain
        Item where any kind may be: readers of a whole partition pass it by.
        """
        kind = data.get("kind")
        name = kind.get("S") if kind else None
        if name in shapes.STEPS:
            data = shapes.upgraded(data)
        stored = _stored_class(cls, name)
        if stored is None and cls is Item and name not in _kinds():
            return super().from_raw_data({each: value for each, value in data.items() if each != "kind"})
        plan = plan_of(stored) if stored is not None else None
        if plan is None:
            return super().from_raw_data(data)  # which also says what is wrong
        try:
            values = plan.values(data)
        except KeyError:
            return super().from_raw_data(data)
        item = stored.__new__(stored)
        item.attribute_values = values
        if not data.keys() <= plan.known:
            item.unread = {each: value for each, value in data.items() if each not in plan.known}
        return item  # type: ignore[no-any-return]  # it is of this class or one below

    @classmethod
    def kind_name(cls) -> str:
        """Return the kind of the class, as the table stores it; empty for a base class."""
        return str(cls.kind.get_discriminator(cls) or "")

    def put_in_gsi1(self, key: Key) -> None:
        """Set the key in the first index on an item that is not yet written."""
        self.gsi1pk, self.gsi1sk = key

    def put_in_gsi2(self, key: Key) -> None:
        """Set the key in the second index on an item that is not yet written."""
        self.gsi2pk, self.gsi2sk = key

    @property
    def place(self) -> Place[Self]:
        """Return its table key and class."""
        return Place(type(self), self.pk, self.sk)

    @classmethod
    def in_gsi1(cls, key: Key | None) -> list[Action]:
        """Return the actions that set the key in the first index, or remove it for None."""
        if key is None:
            return [cls.gsi1pk.remove(), cls.gsi1sk.remove()]
        return [cls.gsi1pk.set(key.pk), cls.gsi1sk.set(key.sk)]

    @classmethod
    def in_gsi2(cls, key: Key | None) -> list[Action]:
        """Return the actions that set the key in the second index, or remove it for None."""
        if key is None:
            return [cls.gsi2pk.remove(), cls.gsi2sk.remove()]
        return [cls.gsi2pk.set(key.pk), cls.gsi2sk.set(key.sk)]


@lru_cache(maxsize=1_024)
def _stored_class(cls: type[Item], kind: str | None) -> Any:
    """Return the class of an item that is read as `cls`, or None where PynamoDB refuses it."""
    if kind is None:
        return cls
    try:
        stored = cls.kind.deserialize(kind)
    except ValueError:
        return None
    return stored if issubclass(stored, cls) else None


class SweptItem(Item):
    """An item with pending work, which the sweep finds in the second index.

    `due_tries` counts the runs that failed on it in a row since `due_failed_at`; scheduling it resets both.
    """

    due_tries = IntegerAttribute(null=True)
    due_failed_at = MomentAttribute(null=True)

    @property
    def is_due(self) -> bool:
        """Whether the sweep will find it, now or later."""
        return self.gsi2pk is not None

    @classmethod
    def due_at(cls, key: Key) -> list[Action]:
        """Return the actions that schedule it for the sweep at a key of `keys.jobs.due`."""
        return [*cls.in_gsi2(key), cls.due_tries.remove(), cls.due_failed_at.remove()]

    @classmethod
    def not_due(cls) -> list[Action]:
        """Return the actions that remove it from the sweep's index."""
        return cls.in_gsi2(None)

    def is_due_as_read(self) -> Condition:
        """Return the condition that its due key is unchanged since it was read."""
        cls = type(self)
        return cls.gsi2pk == self.gsi2pk if self.gsi2pk else cls.gsi2pk.does_not_exist()


@cache
def _kinds() -> frozenset[str]:
    """Return the kinds that this release knows. The classes are all there once the package is imported."""
    classes: list[type[Item]] = [Item]
    for cls in classes:
        classes += cls.__subclasses__()
    return frozenset(cls.kind_name() for cls in classes)
