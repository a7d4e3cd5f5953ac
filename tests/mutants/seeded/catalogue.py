"""Bugs of the catalogue: what the public sees, and until when."""

from tests.mutants.seeded.mutant import Mutant

_LISTINGS = "tests/portals/webapp/test_listings.py"
_CATALOGUE = "tests/portals/webapp/test_catalogue.py"
_OVERTAKEN = "tests/domain/test_overtaken.py"

MUTANTS = (
    Mutant(
        name="draft-listed",
        bug="the public sees what nobody has published",
        file="chalicelib/domain/events/listings.py",
        before="PUBLIC = (EventStatus.PUBLISHED, EventStatus.LIVE)",
        after="PUBLIC = (EventStatus.PUBLISHED, EventStatus.LIVE, EventStatus.DRAFT)",
        tests=(f"{_LISTINGS}::test_an_event_that_is_published_stands_in_every_list_and_leaves_all_when_it_is_not",),
    ),
    Mutant(
        name="hidden-event-found-by-its-id",
        bug="who knows its id reads an event that is not public",
        file="chalicelib/domain/events/catalogue.py",
        before="    if listing is None or not listing.public:\n",
        after="    if listing is None:\n",
        tests=(f"{_LISTINGS}::test_an_event_that_is_published_stands_in_every_list_and_leaves_all_when_it_is_not",),
    ),
    Mutant(
        name="ended-event-listed",
        bug="an event is listed as to come at the moment it ends",
        file="chalicelib/domain/events/catalogue.py",
        before="(self.include_past or entry.ends_at > clock.now())",
        after="(self.include_past or entry.ends_at >= clock.now())",
        tests=(f"{_LISTINGS}::test_an_event_that_is_over_leaves_what_is_to_come_at_the_sweep",),
    ),
    Mutant(
        name="ended-event-counted",
        bug="an event that is over stays among those to come of its category",
        file="chalicelib/domain/events/listings.py",
        before="    is_to_come = is_public and event.ends_at > clock.now()\n",
        after="    is_to_come = is_public\n",
        tests=(f"{_LISTINGS}::test_an_event_that_is_over_leaves_what_is_to_come_at_the_sweep",),
    ),
    Mutant(
        name="listing-version-ignored",
        bug="a projection that read before the last change writes after it",
        file="chalicelib/domain/events/listings.py",
        before="condition = Listing.version == seen.version if seen else Listing.pk.does_not_exist()",
        after="condition = Listing.pk.exists() if seen else Listing.pk.does_not_exist()",
        tests=(f"{_OVERTAKEN}::test_a_listing_that_was_projected_from_an_older_state_is_not_written",),
    ),
    Mutant(
        name="places-left-behind",
        bug="an event that was renamed is still found by its old name",
        file="chalicelib/domain/events/listings.py",
        before="for place in sorted(stood - belongs)]",
        after="for place in sorted(belongs - belongs)]",
        tests=(f"{_LISTINGS}::test_a_renamed_event_is_found_by_its_new_name_only",),
    ),
)
