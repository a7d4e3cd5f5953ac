"""Bugs of what operators run: redrive, deployments, the gate's log."""

from tests.mutants.seeded.mutant import Mutant

_REBUILD, _PREWARM = "tests/infra/test_rebuild.py", "tests/infra/test_prewarm.py"
_LINES = "tests/workers/test_counted_lines.py"
_REDRIVE = "tests/faults/test_redrive.py"
_COMMAND = "tests/local/test_redrive.py"
_DEPLOY = "tests/infra/test_deploy.py"
_LOGS = "tests/portals/test_logs.py"
_PAGES, _RESTORE = "tests/infra/test_distribution.py", "tests/infra/test_restore.py"

MUTANTS = (
    Mutant(
        name="failed-letter-removed",
        bug="records that fail again are lost with their letter",
        file="infra/redrive/stream_letters.py",
        before="    if failures:\n",
        after="    if failures and not records:\n",
        tests=(f"{_REDRIVE}::test_records_of_a_day_without_projection_are_replayed_and_each_scan_counts_once",),
    ),
    Mutant(
        name="letter-kept-after-its-replay",
        bug="the alarm never ends, and each run replays everything again",
        file="infra/redrive/stream_letters.py",
        before="    s3.delete_object(Bucket=bucket, Key=letter.key)\n",
        after="",
        tests=(f"{_COMMAND}::test_records_of_the_stream_are_replayed_and_what_fails_again_is_kept",),
    ),
    Mutant(
        name="letter-moved-and-kept",
        bug="a letter is sent to its queue and stays a dead letter, so each run sends it again",
        file="infra/redrive/queue_letters.py",
        before="            sqs.delete_message(QueueUrl=queue.dead_letters_url, ReceiptHandle=letter["
        '"ReceiptHandle"])\n',
        after="",
        tests=(f"{_COMMAND}::test_letters_of_each_queue_go_back_and_a_look_moves_nothing",),
    ),
    Mutant(
        name="removed-table-not-marked",
        bug="a deployment that removes the table needs no word of its own",
        file="infra/deploy/stack.py",
        before='(self.replaces or self.action == "Remove")',
        after="self.replaces",
        tests=(f"{_DEPLOY}::test_removing_what_keeps_data_needs_a_word_of_its_own",),
    ),
    Mutant(
        name="first-entries-not-in-searches",
        bug="a search of the log by card or attendee misses the admissions",
        file="chalicelib/domain/gate/checkin_log.py",
        before="entered, index = _first_entries(ticket_ids), ",
        after="entered, index = [], ",
        tests=(f"{_LOGS}::test_the_log_is_searched_by_every_field_and_combination",),
    ),
    Mutant(
        name="former-entries-kept-when-catching-up",
        bug="after a stream that lost records, a list shows an event under a status that it no longer has",
        file="infra/rebuild/followers.py",
        before="    lists.tidy(row for row in rows if isinstance(row, ListEntry | ListWord))\n",
        after="",
        tests=(f"{_REBUILD}::test_a_table_in_use_catches_up_with_what_its_stream_never_read",),
    ),
    Mutant(
        name="warm-throughput-lowered",
        bug="AWS refuses the whole change, since one of its values is lower than it was",
        file="infra/prewarm.py",
        before="max(has[unit], asked[unit])",
        after="asked[unit]",
        tests=(f"{_PREWARM}::test_it_shows_warms_schedules_and_takes_back",),
    ),
    Mutant(
        name="warm-containers-above-the-share",
        bug="the schedule fails at the hour of the event, when nobody looks",
        file="infra/prewarm.py",
        before="if reserved is not None and number > reserved:",
        after="if reserved is None and number > 1000:",
        tests=(f"{_PREWARM}::test_what_would_fail_at_the_hour_is_refused_now",),
    ),
    Mutant(
        name="warm-containers-left-on",
        bug="after it was taken back, containers are paid for until somebody sees the bill",
        file="infra/prewarm.py",
        before="            functions.delete_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)\n",
        after="            pass\n",
        tests=(f"{_PREWARM}::test_it_shows_warms_schedules_and_takes_back",),
    ),
    Mutant(
        name="stock-of-what-is-over",
        bug="an event that is over keeps the lowest stock on the dashboard",
        file="chalicelib/domain/events/listings.py",
        before="event.status in PUBLIC and capacity:",
        after="capacity:",
        tests=(f"{_LINES}::test_what_is_left_of_an_event_on_sale_is_said_where_its_stock_changed",),
    ),
    Mutant(
        name="rollback-past-the-release-before",
        bug="a deployment that was killed is rolled back by two releases",
        file="infra/deploy/deployment.py",
        before="    if not _runs(target, last):\n",
        after="    if last.code_key is None:\n",
        tests=(f"{_DEPLOY}::test_a_release_whose_deployment_was_killed_is_rolled_back_to_the_one_before_it",),
    ),
    Mutant(
        name="assets-removed-with-their-release",
        bug="pages that are open load no further part once another release is published",
        file="infra/deploy/pages.py",
        before="now - datetime.fromisoformat(at) > _KEPT_FOR]",
        after="name not in kept or now - datetime.fromisoformat(at) > _KEPT_FOR]",
        tests=(f"{_PAGES}::test_assets_stay_for_a_month_after_their_release_however_long_it_was_served",),
    ),
    Mutant(
        name="second-window-replaces-the-first",
        bug="the first of two events is not warmed, and nothing says so",
        file="infra/prewarm.py",
        before='ScheduledActionName=f"{name}-{window.begin:{_NAMED}}"',
        after='ScheduledActionName=f"{name}-x"',
        tests=(f"{_PREWARM}::test_two_events_are_warmed_each_and_windows_that_overlap_are_refused",),
    ),
    Mutant(
        name="printed-numbers-given-out-again",
        bug="after a restore two sheets have one number, and the wrong one is admitted",
        file="infra/rebuild/restore.py",
        before="        keep_printed(client, source, target)\n",
        after="",
        tests=(f"{_RESTORE}::test_ticket_numbers_go_on_after_those_that_were_printed_in_the_lost_hours",),
    ),
)
