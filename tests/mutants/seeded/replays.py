"""Bugs of records that were made without the network: their order, their time, their verdicts and their totals."""

from tests.mutants.seeded.mutant import Mutant

_TESTS = "tests/portals/test_sync_logs.py"
_FILTERS = "tests/infra/test_filters.py"

MUTANTS = (
    Mutant(
        name="order-of-arrival-decides",
        bug="the claim that arrives first admits, not the earliest",
        file="chalicelib/domain/gate/passages.py",
        before="moment: datetime = passage.scanned_at or passage.decided_at",
        after="moment: datetime = passage.decided_at",
        tests=(f"{_TESTS}::test_the_earlier_of_two_records_admits_though_it_arrives_later",),
    ),
    Mutant(
        name="double-admission-not-reported",
        bug="a second admission of a ticket is no conflict",
        file="chalicelib/domain/gate/merging.py",
        before="    return effect is Effect.DOUBLE or (",
        after="    return effect is Effect.NOTHING or (",
        tests=(f"{_TESTS}::test_the_earlier_of_two_records_admits_though_it_arrives_later",),
    ),
    Mutant(
        name="return-without-re-entry-not-reported",
        bug="an entry after an exit is no conflict where the event has no re-entry",
        file="chalicelib/domain/gate/merging.py",
        before="(effect is Effect.RETURN and not may_return)",
        after="False",
        tests=(f"{_TESTS}::test_an_entry_after_an_exit_is_a_double_admission_where_nobody_may_return",),
    ),
    Mutant(
        name="displaced-admission-still-counted",
        bug="the admission that an earlier one displaces stays in the totals",
        file="chalicelib/domain/gate/projection.py",
        before="checkin_totals.recount(changed)",
        after="checkin_totals.recount([])",
        tests=(f"{_TESTS}::test_the_hour_of_an_admission_follows_the_claim_that_admits",),
    ),
    Mutant(
        name="change-of-a-counted-entry-filtered-out",
        bug="on AWS the totals never follow an admission that an earlier one displaces",
        file="chalicelib/domain/gate/merging.py",
        before="""                Scan.revision.add(1),
                Scan.projected.remove(),
            ]""",
        after="""                Scan.revision.add(1),
            ]""",
        tests=(f"{_FILTERS}::test_an_admission_that_an_earlier_one_displaces_comes_once_and_what_counts_it_never",),
    ),
    Mutant(
        name="numbers-not-noted",
        bug="the numbers of an upload are not noted, so that a lost record is not seen",
        file="chalicelib/portals/scan_records.py",
        before="    if number_source is not None:",
        after='    if number_source == "":',
        tests=(f"{_TESTS}::test_the_numbers_of_a_devices_records_are_noted_and_a_missing_one_is_seen",),
    ),
    Mutant(
        name="rejected-record-dropped",
        bug="a rejected record leaves no entry in the log",
        file="chalicelib/domain/gate/settling.py",
        before="        operations.record(operations.put(record, Scan.pk.does_not_exist()))",
        after="        pass",
        tests=(f"{_TESTS}::test_a_record_of_the_future_or_of_long_ago_is_rejected_and_kept",),
    ),
    Mutant(
        name="monotonic-clock-ignored",
        bug="a record of the same boot is timed by the wall clock",
        file="chalicelib/domain/gate/uploads.py",
        before="is_same_boot = record.boot_id is not None and record.boot_id == sender.boot_id",
        after="is_same_boot = False",
        tests=(f"{_TESTS}::test_within_one_boot_the_monotonic_clock_counts_and_not_the_wall_clock",),
    ),
    Mutant(
        name="judged-by-the-state-of-now",
        bug="a ticket cancelled after its admission makes that admission wrong",
        file="chalicelib/domain/tickets/states.py",
        before="was_valid = ticket.void_since is not None and at < ticket.void_since",
        after="was_valid = False",
        tests=(f"{_TESTS}::test_a_record_is_judged_by_the_state_at_its_own_time",),
    ),
    Mutant(
        name="late-claim-takes-the-first-ticket",
        bug="on a family's card an earlier claim that arrives last does not take the place of the latest one",
        file="chalicelib/domain/gate/claimed_tickets.py",
        before="return max(good, key=passages.came_in, default=None)",
        after="return next(iter(good), None)",
        tests=(f"{_TESTS}::test_the_earliest_claims_of_a_familys_card_admit_in_any_order_of_arrival",),
    ),
    Mutant(
        name="late-card-takes-a-later-ticket",
        bug="a late record by a card takes a ticket that came onto it after the record",
        file="chalicelib/domain/gate/claimed_tickets.py",
        before="    opened = [ticket for ticket in owned if had_come(upload, ticket)] or owned\n",
        after="    opened = owned\n",
        tests=("tests/portals/test_claimed_tickets.py",),
    ),
    Mutant(
        name="kept-records-moved-with-their-device",
        bug="what a device kept until it was moved is logged at its new gate",
        file="chalicelib/domain/gate/readings.py",
        before="return self.moved[1] if self.moved is not None and at < self.moved[0] else self.gate",
        after="return self.gate",
        tests=("tests/portals/admin/test_devices.py",),
    ),
)
