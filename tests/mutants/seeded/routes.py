"""Bugs of jobs, of answers that go out before their work is done, and of drafts."""

from tests.mutants.seeded.mutant import Mutant

_JOBS = "chalicelib/domain/background/jobs.py"
_TICKETS = "chalicelib/domain/organizations/numbered_tickets.py"
_IDEMPOTENCY = "chalicelib/domain/idempotency.py"
_DRAFTS = "chalicelib/domain/organizers/event_drafts.py"
_OF_DRAFTS = "tests/portals/organizer/test_drafts.py"
_MODULE = "chalicelib/portals/live.js"
_OF_MODULE = "tests/portals/test_live_module.py"
_EARLY = "chalicelib/domain/merchants/early_codes.py"
_OF_EARLY = "tests/portals/merchant/test_early_codes.py"
_BATCHES = "chalicelib/domain/organizations/batches.py"
_OF_BATCHES = "tests/portals/tix/test_batches.py"
_RACES = "tests/truth/test_route_races.py"
_BEHIND = "tests/portals/tix/test_behind_the_answer.py"

MUTANTS = (
    Mutant(
        name="job-of-another",
        bug="a job is shown to any account that knows its id",
        file=_JOBS,
        before="    if job is None or job.created_by != starter_id:\n",
        after="    if job is None:\n",
        tests=(f"{_BEHIND}::test_a_job_is_shown_to_its_starter_alone",),
    ),
    Mutant(
        name="same-request-for-ever",
        bug="a request of yesterday is still the same job",
        file=_JOBS,
        before="    is_first = JobRequest.pk.does_not_exist() | (JobRequest.expires_at <= now)\n",
        after="    is_first = JobRequest.pk.does_not_exist()\n",
        tests=(f"{_BEHIND}::test_the_same_request_within_ten_minutes_is_the_same_job",),
    ),
    Mutant(
        name="unwritten-ticket-unknown",
        bug="a ticket that is not written yet is refused as unknown",
        file=_TICKETS,
        before="        if made is not None and id_of(made, ordinal) == ticket_id:\n",
        after="        if made is None:\n",
        tests=(f"{_BEHIND}::test_a_ticket_that_is_not_written_yet_is_scanned_later_and_a_forged_one_is_unknown",),
    ),
    Mutant(
        name="large-answer-stored",
        bug="the answer with ten thousand tickets is stored in one item",
        file=_IDEMPOTENCY,
        before="_LARGEST = 64 * 1024\n",
        after="_LARGEST = 900 * 1024\n",
        tests=(f"{_BEHIND}::test_ten_thousand_fit_into_one_answer_and_are_answered_again_by_their_key",),
    ),
    Mutant(
        name="draft-published-unseen",
        bug="a draft that was changed after its submission is published",
        file=_DRAFTS,
        before="        if event.review == DraftReview.SUBMITTED:\n            actions.append",
        after="        if event.review is None:\n            actions.append",
        tests=(f"{_OF_DRAFTS}::test_the_staff_publish_only_what_was_submitted",),
    ),
    Mutant(
        name="draft-of-last-month-published",
        bug="a draft whose start has passed while it waited is published",
        file=_DRAFTS,
        before="    draft_rules.require_complete(event, offered)\n",
        after="",
        tests=(f"{_OF_DRAFTS}::test_what_was_valid_is_checked_again_when_it_is_submitted_and_published",),
    ),
    Mutant(
        name="live-module-forgets-its-place",
        bug="a client that comes back does not ask for what it missed",
        file=_MODULE,
        before="...(after === null ? {} : { after })",
        after="...{}",
        tests=(_OF_MODULE,),
    ),
    Mutant(
        name="live-module-fires-twice",
        bug="a message that comes twice is fired twice",
        file=_MODULE,
        before="last === null || id > last",
        after="last === null || id >= last",
        tests=(_OF_MODULE,),
    ),
    Mutant(
        name="early-code-for-any-fee",
        bug="a code whose text names no fee hands over a card that costs one",
        file=_EARLY,
        before="or early.fee != fee or",
        after="or",
        tests=(_OF_EARLY,),
    ),
    Mutant(
        name="early-code-that-is-void",
        bug="an assignment takes a code that was voided or exhausted",
        file=_EARLY,
        before="    if not otp.waits(OtpPurpose.CARD_ASSIGNMENT, early.challenge_id, number, shop_id=merchant_id):\n",
        after="    if not early.challenge_id:\n",
        tests=(_OF_EARLY,),
    ),
    Mutant(
        name="neighbours-code-voids",
        bug="a code of another shop for the same number voids the one that this shop sent",
        file="chalicelib/domain/access/otp.py",
        before='    return (challenge.pending or {}).get("shop_id")\n',
        after="    return None\n",
        tests=(_OF_EARLY,),
    ),
    Mutant(
        name="code-of-a-former-number",
        bug="a card is handed over by a code that was sent to a number of somebody else by now",
        file="chalicelib/domain/merchants/handover.py",
        before="    if not otp.was_sent_to(code, account.mobile_number):\n",
        after="    if account.mobile_number is None:\n",
        tests=(_OF_EARLY,),
    ),
    Mutant(
        name="number-changed-meanwhile",
        bug="a card is handed over although the customer's number changed at that moment",
        file="chalicelib/domain/merchants/handover.py",
        before=" & (Account.mobile_number == account.mobile_number)",
        after="",
        tests=(_OF_EARLY,),
    ),
    Mutant(
        name="batches-overlap",
        bug="two sellers get the same numbers at the same time",
        file=_BATCHES,
        before="BatchLock.batches == seen.batches if seen else BatchLock.pk.does_not_exist()",
        after="BatchLock.pk.exists() | BatchLock.pk.does_not_exist()",
        tests=(f"{_RACES}::test_overlapping_batches_at_once_are_given_to_one_seller",),
    ),
    Mutant(
        name="returned-and-not-void",
        bug="after a crash returned numbers are admitted",
        file=_BATCHES,
        before="        *SellerBatch.due_at(keys.jobs.due(now + _PATIENCE, batch.batch_id)),\n",
        after="",
        tests=(f"{_OF_BATCHES}::test_what_was_returned_is_void_although_the_request_died",),
    ),
)
