"""Bugs of what operators run: redrive, deployments, the gate's log."""

from tests.mutants.seeded.mutant import Mutant

_REDRIVE = "tests/faults/test_redrive.py"
_COMMAND = "tests/local/test_redrive.py"
_DEPLOY = "tests/infra/test_deploy.py"
_LOGS = "tests/portals/test_logs.py"

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
)
