"""Bugs of the hub: answers that a power cut takes back, strangers that are believed, people who wait for a dead hub."""

from tests.mutants.seeded.mutant import Mutant

_HUB = "reader-agent/src/reader_agent/hub"
_TESTS = "reader-agent/tests"

MUTANTS = (
    Mutant(
        name="hub-answers-before-its-disk",
        bug="the hub answers while the decision is still on its way to the disk",
        file=f"{_HUB}/desk.py",
        before="                self.journal.record(peer.device_id, digest, answer)\n",
        after="                threading.Timer(0, self.journal.record, (peer.device_id, digest, answer)).start()\n",
        tests=(f"{_TESTS}/test_hub.py::test_no_answer_is_given_that_is_not_on_the_disk",),
    ),
    Mutant(
        name="hub-journal-in-the-cache",
        bug="the hub's journal is left to the system's cache, and a power cut forgets who is in",
        file=f"{_HUB}/journal.py",
        before='        self._db.execute("PRAGMA synchronous = FULL")\n',
        after='        self._db.execute("PRAGMA synchronous = OFF")\n',
        tests=(f"{_TESTS}/test_hub.py::test_the_journal_is_on_the_disk_at_each_commit",),
    ),
    Mutant(
        name="hub-key-not-compared",
        bug="a certificate that a peer signed for another key counts as the peer's",
        file=f"{_HUB}/tls.py",
        before="        self.peer = self.context.peer_of(self.getpeercert(binary_form=True))\n",
        after="        self.peer = next(iter(self.context._peers.values()))\n",
        tests=(f"{_TESTS}/test_hub.py::test_a_certificate_that_a_peer_signed_for_another_key_is_not_the_peer",),
    ),
    Mutant(
        name="hub-revoked-stays-connected",
        bug="a revoked device goes on asking on its open connection",
        file=f"{_HUB}/serving.py",
        before="            answer = route(self.server.still_a_peer(self.connection.peer))\n",
        after="            answer = route(self.connection.peer)\n",
        tests=(f"{_TESTS}/test_hub.py::test_a_revoked_device_is_refused_on_its_open_connection_and_on_a_new_one",),
    ),
    Mutant(
        name="hub-any-peer-is-the-hub",
        bug="another gate on the way to the hub decides in its place",
        file=f"{_HUB}/client.py",
        before="        hubs = [peer for peer in others if place.device_id in (None, peer.device_id)]\n",
        after="        hubs = others\n",
        tests=(f"{_TESTS}/test_hub.py::test_an_agent_sends_nothing_to_a_man_in_the_middle",),
    ),
    Mutant(
        name="hub-retry-decided-again",
        bug="a retry after a lost answer is decided again, and refuses the person that it let in",
        file=f"{_HUB}/desk.py",
        before="            if before:\n",
        after="            if before and before.answer.passage is None:\n",
        tests=(f"{_TESTS}/test_hub.py::test_a_retry_gets_the_same_answer_and_a_restarted_hub_knows_who_is_in",),
    ),
    Mutant(
        name="hub-news-not-learned",
        bug="the gates do not learn who passed at the others, and admit them again once the hub is dead",
        file=f"{_HUB}/link.py",
        before="            learn(self._gate, passage)\n",
        after="            pass\n",
        tests=(f"{_TESTS}/test_hub_link.py::test_every_gate_knows_who_is_in_when_the_hub_dies",),
    ),
    Mutant(
        name="hub-dead-asked-each-time",
        bug="each person waits a second for a hub that is known to be away",
        file=f"{_HUB}/link.py",
        before="        if client is None or not self._is_up:\n",
        after="        if client is None:\n",
        tests=(
            f"{_TESTS}/test_hub_link.py::test_a_hub_that_falls_silent_costs_one_person_a_second_and_a_lost_answer_counts",
        ),
    ),
)
