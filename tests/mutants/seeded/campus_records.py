"""Bugs of campus records: a decision loses what it replaced, and an appeal that is somebody else's."""

from tests.mutants.seeded.mutant import Mutant

_WRITES = "chalicelib/domain/campus/attendance/record_writes.py"
_APPEALS = "chalicelib/domain/campus/attendance/attendance_appeals.py"
_DECISIONS = "chalicelib/domain/campus/attendance/record_decisions.py"
_NOTICES = "chalicelib/domain/campus/attendance/record_notices.py"
_TESTS = "tests/portals/campus"
_RACES = "tests/truth/test_campus_decisions.py"

MUTANTS = (
    Mutant(
        name="campus-correction-overwrites",
        bug="a correction keeps no version of what it replaced",
        file=_WRITES,
        before="        operations.put(version, AttendanceVersion.pk.does_not_exist()),\n",
        after="",
        tests=(f"{_TESTS}/test_decisions.py::test_every_correction_keeps_all_earlier_versions_readable",),
    ),
    Mutant(
        name="campus-decision-without-lock",
        bug="of decisions at the same moment the last one overwrites the others",
        file=_WRITES,
        before=(
            "        operations.change(record.place, actions, attendance_records.unchanged(record)),\n"
            "        operations.put(version, AttendanceVersion.pk.does_not_exist()),\n"
        ),
        after="        operations.change(record.place, actions),\n        operations.put(version),\n",
        tests=(f"{_RACES}::test_of_different_decisions_at_once_none_is_lost_and_the_others_are_refused",),
    ),
    Mutant(
        name="campus-appeal-of-another",
        bug="a student contests the record of another",
        file=_APPEALS,
        before="        if record.user_id != caller.id:\n",
        after='        if record.user_id == "":\n',
        tests=(f"{_TESTS}/test_appeals.py::test_nobody_contests_the_record_of_another",),
    ),
    Mutant(
        name="campus-notice-of-an-erased-person",
        bug="a person whose account is erased is still written to",
        file=_NOTICES,
        before="    is_erased = account is None or account.status is AccountStatus.ERASED\n",
        after="    is_erased = account is None\n",
        tests=(f"{_TESTS}/test_record_notices.py",),
    ),
    Mutant(
        name="campus-notice-of-nothing",
        bug="the stream says nothing of decisions",
        file="chalicelib/domain/campus/background.py",
        before="    record_notices.follow,\n",
        after="",
        tests=(f"{_TESTS}/test_record_notices.py",),
    ),
    Mutant(
        name="campus-notice-for-each-delivery",
        bug="a fact that comes twice is two mails",
        file=_NOTICES,
        before='id_of_fact("msg", f"',
        after='id_of_fact("msg", f"{clock.now()}',
        tests=(f"{_TESTS}/test_record_notices.py",),
    ),
    Mutant(
        name="campus-reject-is-absent",
        bug="staff who reject the evidence make the person absent",
        file=_DECISIONS,
        before="and review.status is not None else status,\n",
        after=(
            "and review.status is not None\n"
            "        else (AttendanceStatus.ABSENT if review.decision is ReviewDecision.REJECT else status),\n"
        ),
        tests=(f"{_TESTS}/test_decisions.py::test_verify_and_reject_change_the_verification_and_never_the_status",),
    ),
)
