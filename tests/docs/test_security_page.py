"""docs/security.md speaks of every portal: how its callers log in, and what they may read."""

import pytest

from chalicelib.vocabulary.access import Portal
from tests.docs import pages

PAGE = (pages.ROOT / "docs" / "security.md").read_text(encoding="utf-8")
# As the page calls the callers of a portal: in its table of log-ins, and in that of knowledge.
CALLERS = {
    Portal.WEBAPP: ("customers", ("customer",)),
    Portal.MERCHANT: ("merchants", ("merchant",)),
    Portal.ORGANIZER: ("organizers", ("organizer",)),
    Portal.USHER: ("ushers", ("usher, device",)),
    Portal.DEVICE: ("devices", ("usher, device",)),
    Portal.ADMIN: ("staff", ("staff",)),
    Portal.CAMPUS: ("campus", ("student", "organizer of a campus", "supervisor, hr and admin of a campus")),
    Portal.TIX: ("Tix", ("Tix user",)),
}


def first_cells(heading: str) -> list[str]:
    """Return the first cell of each row of the table under a heading."""
    part = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [line.split("|")[1].strip() for line in part.splitlines() if line.startswith("|")][2:]


@pytest.mark.parametrize("portal", Portal)
def test_the_log_in_and_the_knowledge_of_each_portals_callers_are_on_the_page(portal: Portal) -> None:
    name, who = CALLERS[portal]
    assert first_cells("Ways to log in").count(name) == 1
    assert [each for each in who if first_cells("Who knows what").count(each) != 1] == []


def test_no_row_is_of_callers_that_no_portal_has() -> None:
    assert set(first_cells("Ways to log in")) == {name for name, _ in CALLERS.values()}
    known = {each for _, who in CALLERS.values() for each in who}
    assert set(first_cells("Who knows what")) == known | {"someone who can read the table"}
