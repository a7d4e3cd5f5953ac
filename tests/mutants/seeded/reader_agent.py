"""Bugs of the reader agent: people who wait for old taps, gates that one answer ends, cards taken for clones."""

from tests.mutants.seeded.mutant import Mutant

_AGENT = "reader-agent/src/reader_agent"
_TESTS = "reader-agent/tests"
_ALONE = (f"{_TESTS}/test_hostile_answers.py::test_a_tap_that_fails_alone_steps_aside_and_its_neighbours_go_on",)

MUTANTS = (
    Mutant(
        name="backlog-first",
        bug="the person at the gate waits for the oldest kept taps, which go along",
        file=f"{_AGENT}/delivery.py",
        before="            return self.outbox.of_card(tap, self._offline.tickets_of(tap) if self._offline else ())\n",
        after="            return self.outbox.pending(10)[:-1]\n",
        tests=(f"{_TESTS}/test_outage.py::test_a_person_waits_for_no_slice_of_kept_taps",),
    ),
    Mutant(
        name="slices-of-a-hundred",
        bug="kept taps go in slices of a hundred, however long the server takes for them",
        file=f"{_AGENT}/pace.py",
        before="        self.size = 1\n",
        after="        self.size = 100\n",
        tests=(f"{_TESTS}/test_outage.py::test_a_slice_is_as_large_as_its_answer_is_quick",),
    ),
    Mutant(
        name="lock-out-on-one-403",
        bug="one refusal of a firewall is taken for a revoked device",
        file=f"{_AGENT}/standing.py",
        before="REFUSALS_UNTIL_ALARM = 3\n",
        after="REFUSALS_UNTIL_ALARM = 1\n",
        tests=(
            f"{_TESTS}/test_hostile_answers.py::test_a_device_that_is_refused_again_and_again_raises_the_alarm_and_recovers_by_itself",
        ),
    ),
    Mutant(
        name="retry-after-unbounded",
        bug="a server that asks for an hour gets an hour of silence",
        file=f"{_AGENT}/server.py",
        before="        return float(min(int(header[:6]), _LONGEST_RETRY_AFTER))\n",
        after="        return float(int(header[:6]))\n",
        tests=(f"{_TESTS}/test_identity.py::test_a_pause_that_the_platform_asks_for_has_a_bound",),
    ),
    Mutant(
        name="torn-read-as-plain-card",
        bug="a secure card that left too early is sent without its message, and taken for a clone",
        file=f"{_AGENT}/readers/nfc.py",
        before="        return [] if tag.is_present else None\n",
        after="        return []\n",
        tests=(
            f"{_TESTS}/test_reading.py::test_a_secure_card_that_leaves_too_early_is_asked_for_again_and_never_sent_without_its_message",
        ),
    ),
    Mutant(
        name="two-cards-alternate",
        bug="two cards in one field are tapped again and again",
        file=f"{_AGENT}/readers/debounce.py",
        before="        alternates = now - self._busy_until < min(_ALTERNATES_SECONDS, self.seconds)\n",
        after="        alternates = False\n",
        tests=(f"{_TESTS}/test_reading.py::test_a_reading_is_new_repeated_or_the_same",),
    ),
    Mutant(
        name="names-draw-at-the-gate",
        bug="a name moves the cursor of the gate's screen and writes ADMITTED",
        file=f"{_AGENT}/display.py",
        before="        shown = [legible(line, _LONGEST_LINE) for line in lines]\n",
        after="        shown = lines\n",
        tests=(f"{_TESTS}/test_screen.py::test_nothing_from_outside_draws_on_the_display",),
    ),
    Mutant(
        name="one-bad-tap-holds-all",
        bug="a tap that fails alone is tried again and again before the next one",
        file=f"{_AGENT}/backlog.py",
        before="            self._suspects[entry.sequence] = time.monotonic()\n",
        after="            self._suspects.clear()\n",
        tests=_ALONE,
    ),
    Mutant(
        name="outage-buries-taps",
        bug="each tap that fails alone becomes a dead letter, also while all fail",
        file=f"{_AGENT}/backlog.py",
        before="        if is_proven or is_rejected_again:\n",
        after="        if True:\n",
        tests=(f"{_TESTS}/test_hostile_answers.py::test_a_platform_that_fails_for_all_makes_no_dead_letter",),
    ),
    Mutant(
        name="earlier-boots-forgotten",
        bug="a tap of an earlier boot keeps the time of a clock that was wrong",
        file=f"{_AGENT}/tap.py",
        before="        if self.boot_id == clock.boot_id:\n",
        after="        if self.boot_id:\n",
        tests=(f"{_TESTS}/test_enrolments.py::test_a_tap_of_an_earlier_boot_has_the_time_that_boot_knew",),
    ),
)
