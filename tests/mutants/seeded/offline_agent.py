"""Bugs of a gate without the network: admissions that no disk has, old snapshots, lost numbers, two for one ticket."""

from tests.mutants.seeded.mutant import Mutant

_AGENT = "reader-agent/src/reader_agent"
_TESTS = "reader-agent/tests"

MUTANTS = (
    Mutant(
        name="rotated-key-ignored",
        bug="after a rotation of the platform's key a gate takes no snapshot until it is enrolled again",
        file=f"{_AGENT}/agent.py",
        before="            self._trust(answer.server_public_keys)\n",
        after="            pass\n",
        tests=(f"{_TESTS}/test_offline.py::test_after_a_rotation_a_gate_takes_snapshots_and_codes_of_both_keys",),
    ),
    Mutant(
        name="silence-never-noticed",
        bug="each person of a silent outage waits a whole timeout",
        file=f"{_AGENT}/silence.py",
        before="        self._in_a_row += 1\n",
        after="",
        tests=(f"{_TESTS}/test_offline.py::test_while_the_platform_stays_silent_few_people_wait_for_it",),
    ),
    Mutant(
        name="outbox-without-full",
        bug="the outbox does not sync its log, so a power cut takes what was shown",
        file=f"{_AGENT}/outbox.py",
        before='        self._db.execute("PRAGMA synchronous = FULL")\n',
        after='        self._db.execute("PRAGMA synchronous = OFF")\n',
        tests=(f"{_TESTS}/test_outbox.py::test_every_commit_reaches_the_disk",),
    ),
    Mutant(
        name="shown-before-stored",
        bug="a decision of the gate is shown although the disk did not take it",
        file=f"{_AGENT}/delivery.py",
        before="            self._offline.undo(mine.tap.scan_id)\n            raise\n",
        after="            pass\n",
        tests=(f"{_TESTS}/test_offline.py::test_nobody_is_shown_an_admission_that_is_not_on_the_disk",),
    ),
    Mutant(
        name="clock-set-back-hides-a-passage",
        bug="a gate ignores its own passage where its clock was set back, and admits the ticket again",
        file=f"{_AGENT}/local_gate.py",
        before="(before.at > at and not is_next)",
        after="before.at > at",
        tests=(
            f"{_TESTS}/test_local_gate.py::test_passages_of_this_gate_count_in_their_order_although_its_clock_is_set",
        ),
    ),
    Mutant(
        name="exit-repeated",
        bug="a family that goes out as fast as it taps stays inside in the count",
        file=f"{_AGENT}/local_gate.py",
        before=' and admission.decide(each).result == "already_scanned":',
        after=":",
        tests=(f"{_TESTS}/test_local_gate.py::test_only_an_entry_is_repeated_so_a_family_goes_out_as_fast_as_it_taps",),
    ),
    Mutant(
        name="window-by-the-decision",
        bug="a card that bounces while the platform is waited for lets in the next of a family",
        file=f"{_AGENT}/local_gate.py",
        before="            read_at = self._time.monotonic() if read_at is None else read_at\n",
        after="            read_at = self._time.monotonic()\n",
        tests=(
            (
                f"{_TESTS}/test_local_gate.py"
                "::test_the_window_is_between_the_readings_however_long_the_platform_was_waited_for"
            ),
        ),
    ),
    Mutant(
        name="admission-of-1970-sent-as-it-is",
        bug="admissions of a boot that never heard the server are rejected for their time, and counted by nobody",
        file=f"{_AGENT}/tap.py",
        before="elif decided_at is not None and decided_at - self.scanned_at > _DECIDED_LATER:",
        after="elif decided_at is None:",
        tests=(
            (
                f"{_TESTS}/test_enrolments.py"
                "::test_an_admission_of_a_boot_in_1970_arrives_with_a_time_that_the_platform_believes"
            ),
        ),
    ),
    Mutant(
        name="online-admission-forgotten",
        bug="what the platform admitted before the cut is admitted again after it",
        file=f"{_AGENT}/offline.py",
        before='        self.gate.passed(ticket, presence, at=at, scan_id=tap.scan_id, by="platform")\n',
        after="        return None\n",
        tests=(
            f"{_TESTS}/test_offline.py::test_what_the_platform_admitted_is_not_admitted_again_after_a_cut_or_a_restart",
        ),
    ),
    Mutant(
        name="snapshot-judged-by-the-wall-clock",
        bug="a board that boots in 1970 takes yesterday's snapshot for a fresh one",
        file=f"{_AGENT}/trusted_time.py",
        before="        return max(wall, counted)\n",
        after="        return wall if counted else wall\n",
        tests=(
            f"{_TESTS}/test_snapshot_store.py::test_a_board_that_boots_in_1970_takes_no_old_snapshot_for_a_new_one",
        ),
    ),
    Mutant(
        name="snapshot-signature-not-checked",
        bug="a snapshot that was changed on the way is used",
        file=f"{_AGENT}/snapshot/package.py",
        before="        key.verify(signature, LABEL + signed)\n",
        after="        len(signature)\n",
        tests=(f"{_TESTS}/test_local_gate.py::test_a_foreign_platforms_snapshot_is_refused",),
    ),
    Mutant(
        name="time-of-a-wrong-clock-stays",
        bug="a kept tap of an earlier boot is sent with the time by a clock that was set since, hours early",
        file=f"{_AGENT}/sending.py",
        before="        late = [entry for entry in entries if entry.tap.boot_id != clock.boot_id]\n",
        after=(
            "        late = [each for each in entries if each.sent_as is None and each.tap.boot_id != clock.boot_id]\n"
        ),
        tests=(
            (
                f"{_TESTS}/test_enrolments.py"
                "::test_a_tap_of_an_earlier_boot_has_its_time_also_where_the_clock_is_set_between_two_attempts"
            ),
        ),
    ),
    Mutant(
        name="wipe-loses-a-snapshot-on-its-way",
        bug="a snapshot that was on its way while staff wiped a stolen device comes into use after it, with its names",
        file=f"{_AGENT}/agent.py",
        before="_WIPED_FOR_NOW if self._is_wiped else self.standing.locked_out\n",
        after="self.standing.locked_out\n",
        tests=(
            (
                f"{_TESTS}/test_snapshot_store.py"
                "::test_a_snapshot_that_is_on_its_way_while_staff_wipe_the_device_is_not_used"
            ),
        ),
    ),
    Mutant(
        name="message-of-a-plain-card-passed-over",
        bug="without the network a gate admits a card whose message the platform would refuse",
        file=f"{_AGENT}/local_gate.py",
        before="        if card is not None and tap.sun is not None:\n",
        after="        if card is not None and card.is_secure and tap.sun is not None:\n",
        tests=(f"{_TESTS}/test_local_gate.py",),
    ),
)
