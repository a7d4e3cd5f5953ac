"""Bodies of the staff's portal: the daily reconciliation."""

from datetime import date

from pydantic import Field

from chalicelib.schemas.wire import Day, Moment, MoneyOut, Out, PageIn
from chalicelib.vocabulary.payments import DifferenceKind, DifferenceState, ReconciliationState


class ReconciliationIn(PageIn):
    """The day to show, in UTC; yesterday by default."""

    date: Day | None = None


class DifferenceOut(Out):
    """A difference between the provider's list and the journal; each side is null where it has nothing."""

    id: str
    kind: DifferenceKind
    state: DifferenceState
    owner: str = Field(description="The role that answers for it.")
    reference: str
    payment_id: str | None
    at_provider: MoneyOut | None
    in_journal: MoneyOut | None
    found_at: Moment


class ReconciliationPage(Out):
    """The reconciliation of a day; no differences are shown as an empty list of a day that is `done`."""

    date: date
    status: ReconciliationState
    provider: str
    provider_count: int = Field(description="The movements of the provider's list that were compared.")
    journal_count: int = Field(description="The movements of the journal that were compared.")
    finished_at: Moment | None
    results: list[DifferenceOut]
    next: str | None = Field(description="The cursor of the page after this one.")
    count: int | None = Field(description="The number of differences, once the day is `done` and they fit on one page.")
