"""What every list of staff takes; `portals/http/list_pages.py` adds the filters that a list declares."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from chalicelib.schemas.wire import Filter, PageIn
from chalicelib.vocabulary.work import ExportFormat

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


class ExportedListIn(ListIn):
    """The page of a list of staff, or a file of all that it selects."""

    format: Filter[Literal["json", "csv", "xlsx"]] = Field(
        "json", description="`csv` and `xlsx` are a file of all that is selected: a job writes it."
    )

    @property
    def file_format(self) -> ExportFormat | None:
        """The kind of file that is asked for; None for a page."""
        return None if self.format == "json" else ExportFormat(self.format)
