"""Bugs of campus events: which codes are good, who may do what, who is expected."""

from tests.mutants.seeded.mutant import Mutant

_CODES = "chalicelib/domain/campus/events/rotating_codes.py"
_TESTED = "tests/domain/campus/test_rotating_codes.py"

MUTANTS = (
    Mutant(
        name="epoch-not-compared",
        bug="a photo of a code from before the refresh is still accepted",
        file=_CODES,
        before="    if claims.epoch != event.qr_epoch:\n",
        after="    if claims.epoch > event.qr_epoch:\n",
        tests=(_TESTED,),
    ),
    Mutant(
        name="epoch-not-raised",
        bug="a refresh shows a next picture of the same epoch",
        file="chalicelib/domain/campus/events/event_records.py",
        before="    raised = [CampusEvent.qr_epoch.add(1)]\n",
        after="    raised = [CampusEvent.qr_epoch.add(0)]\n",
        tests=("tests/portals/campus/test_codes.py",),
    ),
    Mutant(
        name="two-earlier-codes",
        bug="a code is accepted for a time step too long",
        file=_CODES,
        before="_EARLIER_STEPS = 1\n",
        after="_EARLIER_STEPS = 2\n",
        tests=(_TESTED,),
    ),
    Mutant(
        name="code-tries-of-everybody",
        bug="five wrong guesses of one student lock the code for the whole room",
        file="chalicelib/domain/campus/events/code_tries.py",
        before='    return Limit("campus code", f"{event_id} {user_id}", TRIES',
        after='    return Limit("campus code", f"{event_id}", TRIES',
        tests=("tests/portals/campus/test_codes.py",),
    ),
    Mutant(
        name="supervisor-of-every-campus",
        bug="a supervisor changes the events of another campus",
        file="chalicelib/domain/campus/events/campus_events.py",
        before="            return event.campus_id == campus_of(principal.id)\n",
        after="            return campus_of(principal.id) is not None\n",
        tests=("tests/portals/campus/test_event_rights.py",),
    ),
    Mutant(
        name="ambiguous-number-listed",
        bug="the first who claims a student number is expected in place of its owner",
        file="chalicelib/domain/campus/events/roster_lists.py",
        before='    return (found[0], "") if len(found) == 1 else (None, SEVERAL)\n',
        after='    return found[0], ""\n',
        tests=("tests/portals/campus/test_roster.py",),
    ),
    Mutant(
        name="past-events-judge-by-the-group-of-now",
        bug="who moves to another department was absent from its earlier lectures",
        file="chalicelib/domain/campus/people/student_groups.py",
        before="    return since(profile, moment)[0]\n",
        after="    return present(profile)\n",
        tests=("tests/portals/campus/test_people_of_a_rule.py",),
    ),
)
