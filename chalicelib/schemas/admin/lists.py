"""What every list of staff takes; `portals/http/list_pages.py` adds the filters that a list declares."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib.schemas.wire import PageIn

SearchText = Annotated[str, StringConstraints(min_length=1, max_length=100)]
FilterText = Annotated[str, StringConstraints(min_length=1, max_length=100)]
# Of an amount, in whole units of its currency.
AmountText = Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,12}(\.[0-9]{1,4})?$")]
# A count, such as a capacity.
Number = Annotated[int, Field(ge=-(10**12), le=10**12)]


class OrderedIn(PageIn):
    """The page of a list without words to search for."""

    ordering: str | None = None


class ListIn(OrderedIn):
    """The page of a list of staff."""

    search: SearchText | None = Field(None, description="The beginning of any word; several words must all be found.")
