"""Bugs of the lists of staff: a filter, a range or a state that is not looked at."""

from tests.mutants.seeded.mutant import Mutant

_PAGES = "chalicelib/domain/lists/pages.py"
_ENGINE = "tests/domain/lists/test_engine.py"
_EXPORTS = "tests/contract/test_list_exports.py"

MUTANTS = (
    Mutant(
        name="list-filter-ignored",
        bug="a second filter, which no index covers, shows all rows",
        file=_PAGES,
        before="return all(value in known[name] for name, value in self.filters.items() if name in known) and all(",
        after="return all(name in known for name, value in self.filters.items() if name in known) and all(",
        tests=(f"{_ENGINE}::test_a_filter_shows_the_things_that_have_its_value_and_no_others",),
    ),
    Mutant(
        name="list-item-not-checked",
        bug="a row is shown under a value that its item no longer has",
        file=_PAGES,
        before="if operations.key_of(row.raw) not in rows or not self.fits(self.listed.facts_of(item)):",
        after="if not self.fits(self.listed.facts_of(item)):",
        tests=(f"{_ENGINE}::test_a_page_shows_no_thing_that_is_gone_or_no_longer_fits_and_follows_its_change",),
    ),
    Mutant(
        name="list-cursor-of-any-caller",
        bug="the cursor of one member of staff continues the list of another",
        file=_PAGES,
        before='["list", listed.name, asked.caller_id, wish,',
        after='["list", listed.name, wish,',
        tests=(f"{_ENGINE}::test_a_cursor_or_an_ordering_of_another_list_is_refused",),
    ),
    Mutant(
        name="list-replay-trusted",
        bug="a stream record that is replayed leaves the entries of an old state",
        file="chalicelib/domain/lists/follower.py",
        before="    if entries.same(rows, written.rows):\n        return None\n",
        after="    return None\n",
        tests=(f"{_ENGINE}::test_a_replayed_or_overtaken_record_leaves_the_entries_of_the_present_state",),
    ),
    Mutant(
        name="venue-in-use-deleted",
        bug="a venue is deleted while an event takes it",
        file="chalicelib/domain/events/venues.py",
        before="operations.remove(venue.place, KnownVenue.pk.exists() & unused)",
        after="operations.remove(venue.place)",
        tests=("tests/portals/admin/test_venues.py::test_a_venue_that_an_event_takes_at_the_same_time_is_not_deleted",),
    ),
    Mutant(
        name="formula-in-an-export",
        bug="a name that is a formula is computed by whoever opens the export",
        file="chalicelib/domain/documents/spreadsheets.py",
        before="    return str(cell) if isinstance(cell, int) else spreadsheet_cell(cell)\n",
        after="    return str(cell)\n",
        tests=(
            "tests/portals/admin/test_checkin_log.py::test_an_export_as_csv_has_a_row_for_each_scan_and_computes_nothing",
        ),
    ),
    Mutant(
        name="formula-in-a-workbook",
        bug="a name that is a formula is computed by a workbook",
        file="chalicelib/domain/documents/spreadsheets.py",
        before="self._sheet.write_string(",
        after="self._sheet.write(",
        tests=("tests/domain/documents/test_spreadsheets.py::test_a_text_stays_the_text_that_it_is",),
    ),
    Mutant(
        name="part-of-an-export-twice",
        bug="two steps of an export at once both enter their part",
        file="chalicelib/domain/runs_in_parts.py",
        before="(cls.status == JobStatus.OPEN) & (cls.parts == run.parts)",
        after="cls.status == JobStatus.OPEN",
        tests=("tests/portals/admin/test_checkin_log.py::test_a_part_that_two_steps_read_is_entered_once",),
    ),
    Mutant(
        name="export-of-people-by-readers",
        bug="support exports the numbers of all customers",
        file="chalicelib/domain/exports/list_files.py",
        before="if listed.has_people and not",
        after="if False and not",
        tests=(
            f"{_EXPORTS}::test_a_list_of_people_is_exported_by_administrators_and_any_other_by_its_readers[customers]",
        ),
    ),
    Mutant(
        name="export-of-every-kind-of-user",
        bug="an export of the merchants has every user",
        file="chalicelib/portals/http/list_doors.py",
        before="narrowed(asked_of(listed, call))",
        after="asked_of(listed, call)",
        tests=(f"{_EXPORTS}::test_a_list_of_one_kind_of_user_exports_that_kind_alone",),
    ),
    Mutant(
        name="export-without-an-entry",
        bug="an export of a list is not in the audit log",
        file="chalicelib/portals/http/staff_acts.py",
        before="action = route.audited or _export(route, request)",
        after="action = route.audited",
        tests=(f"{_EXPORTS}::test_an_export_and_its_refusal_are_in_the_audit_log_and_a_page_is_not",),
    ),
)
