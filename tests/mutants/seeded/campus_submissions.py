"""Bugs of campus submissions: evidence of one student counts for another, or the record is not what was judged."""

from tests.mutants.seeded.mutant import Mutant

_DOMAIN = "chalicelib/domain/campus/attendance"
_SUBMIT = "tests/portals/campus/test_submit.py"

MUTANTS = (
    Mutant(
        name="campus-nonce-unchecked",
        bug="a photo of an earlier submission counts for this one",
        file=f"{_DOMAIN}/submission_evidence.py",
        before="        is_bound=nonce is not None and photo.nonce == nonce,\n",
        after="        is_bound=True,\n",
        tests=(f"{_SUBMIT}::test_photos_that_were_checked_verify_the_record",),
    ),
    Mutant(
        name="campus-old-draft",
        bug="a verified code is good for ever",
        file=f"{_DOMAIN}/submissions.py",
        before="    if draft is None or at >= draft.expires_at:\n",
        after="    if draft is None:\n",
        tests=(f"{_SUBMIT}::test_a_verified_code_is_good_for_ten_minutes",),
    ),
    Mutant(
        name="campus-window-once",
        bug="the time window is checked at the reading of the code alone",
        file=f"{_DOMAIN}/submissions.py",
        before="    if not window.is_open:\n",
        after="    if False:\n",
        tests=(f"{_SUBMIT}::test_the_time_window_is_checked_again_at_the_submission",),
    ),
    Mutant(
        name="campus-judgement-over-decision",
        bug="a later judgement overwrites what staff decided",
        file=f"{_DOMAIN}/resubmission.py",
        before="    if record.verified_by is None:\n",
        after="    if True:\n",
        tests=(f"{_SUBMIT}::test_a_later_judgement_leaves_what_staff_decided",),
    ),
)
