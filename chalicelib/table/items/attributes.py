"""Typed attributes of the table: values need no cast after reading, and each type has one stored format.

An attribute with `null=True` reads as None where it is absent, and its type includes None.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, TypeVar, overload

from pynamodb.attributes import Attribute, AttributeContainer, ListAttribute, MapAttribute
from pynamodb.constants import NUMBER, STRING
from pynamodb.expressions.operand import _Decrement, _IfNotExists, _Increment, _ListAppend
from pynamodb.expressions.update import RemoveAction, SetAction

from chalicelib import clock
from chalicelib.table.items.reading import plan_of

ValueT = TypeVar("ValueT")
MomentT = TypeVar("MomentT", datetime, datetime | None)
IntegerT = TypeVar("IntegerT", int, int | None)
WordT = TypeVar("WordT", bound=StrEnum | None)
SomeWordT = TypeVar("SomeWordT", bound=StrEnum)


class TypedAttribute(Attribute[ValueT]):
    """An attribute that is absent for None, where PynamoDB itself would store DynamoDB's NULL."""

    def set(
        self, value: ValueT | Attribute[ValueT] | _Increment | _Decrement | _IfNotExists | _ListAppend
    ) -> SetAction | RemoveAction:
        """Return the action that writes a value, or removes the attribute for None."""
        return self.remove() if value is None else super().set(value)


class MomentAttribute(TypedAttribute[MomentT]):
    """A moment in UTC, as RFC 3339 text with milliseconds."""

    attr_type = STRING

    @overload
    def __init__(self: "MomentAttribute[datetime]") -> None: ...
    @overload
    def __init__(self: "MomentAttribute[datetime | None]", *, null: Literal[True]) -> None: ...
    def __init__(self, *, null: bool = False) -> None:
        super().__init__(null=null)

    def serialize(self, value: datetime) -> str:
        """Return the stored text of a moment."""
        return clock.to_text(value)

    def deserialize(self, value: str) -> datetime:
        """Return the moment of a stored text."""
        return datetime.fromisoformat(value)


class IntegerAttribute(TypedAttribute[IntegerT]):
    """An integer."""

    attr_type = NUMBER

    @overload
    def __init__(
        self: "IntegerAttribute[int]", *, default: int | None = None, attr_name: str | None = None
    ) -> None: ...
    @overload
    def __init__(self: "IntegerAttribute[int | None]", *, null: Literal[True]) -> None: ...
    def __init__(self, *, null: bool = False, default: int | None = None, attr_name: str | None = None) -> None:
        super().__init__(null=null, default=default, attr_name=attr_name)

    def serialize(self, value: int) -> str:
        """Return the stored text of an integer. Raises ValueError for a fraction."""
        return format(value, "d")

    def deserialize(self, value: str) -> int:
        """Return the integer of a stored text."""
        return int(value)


class EnumAttribute(TypedAttribute[WordT]):
    """A member of a vocabulary enum, stored as its text."""

    attr_type = STRING

    @overload
    def __init__(self: "EnumAttribute[SomeWordT]", words: type[SomeWordT]) -> None: ...
    @overload
    def __init__(self: "EnumAttribute[SomeWordT | None]", words: type[SomeWordT], *, null: Literal[True]) -> None: ...
    def __init__(self, words: type[StrEnum], *, null: bool = False) -> None:
        super().__init__(null=null)
        self.words: Callable[[str], StrEnum] = words

    def __set__(self, instance: Any, value: Any) -> None:
        """Convert a text to its enum member."""
        super().__set__(instance, value if value is None else self.words(value))  # type: ignore[arg-type]

    def serialize(self, value: str) -> str:
        """Return the stored text of a member. Raises ValueError for a text outside the enum."""
        return self.words(value).value

    def deserialize(self, value: str) -> StrEnum:
        """Return the member of a stored text."""
        return self.words(value)


class MapPart(MapAttribute[str, Any]):
    """A map with declared attributes, none of which has parts of its own.

    It is read and written by what it has, where PynamoDB goes through all that its class declares.
    """

    def deserialize(self, values: Mapping[str, Any]) -> Any:
        """Return the part of its stored form."""
        cls = type(self)
        plan = plan_of(cls)
        try:
            found = plan.values(values) if plan is not None else None
        except KeyError:
            found = None
        if found is None:
            # This also says what is wrong.
            return super().deserialize(values)  # type: ignore[no-untyped-call]  # PynamoDB leaves it out
        part = cls.__new__(cls)
        part.attribute_kwargs = {}
        part.attribute_values = found
        return part

    def serialize(self, values: Any, *, null_check: bool = True) -> Any:
        """Return the stored form of a part. Raises AttributeNullError for a required attribute that is absent."""
        cls = type(self)
        if not isinstance(values, cls):
            return super().serialize(values, null_check=null_check)
        attributes, has = cls.get_attributes(), values.attribute_values
        if null_check and any(has.get(name) is None for name, each in attributes.items() if not each.null):
            return super().serialize(values, null_check=null_check)
        return {
            attributes[name].attr_name: {attributes[name].attr_type: attributes[name].serialize(value)}
            for name, value in has.items()
            if value is not None
        }

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Refuse attributes that have parts of their own."""
        super().__init_subclass__(**keywords)
        for name, attribute in cls.__dict__.items():
            if isinstance(attribute, (ListAttribute, AttributeContainer)):
                raise TypeError(f"{cls.__name__}.{name} has parts of its own")
