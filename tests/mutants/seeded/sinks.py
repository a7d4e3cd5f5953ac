"""Bugs of text that leaves the platform: characters that draw in mails, logs and documents."""

from tests.mutants.seeded.mutant import Mutant

_SINKS = ("tests/test_sinks.py",)

MUTANTS = (
    Mutant(
        name="bidi-in-the-mail",
        bug="a name turns the rest of a mail around, since only controls count as drawing",
        file="chalicelib/legible.py",
        before='_DRAWING = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})',
        after='_DRAWING = frozenset({"Cc", "Zl", "Zp", "Cs"})',
        tests=_SINKS,
    ),
    Mutant(
        name="subject-as-it-is",
        bug="the subject of a mail takes line ends from a name",
        file="chalicelib/clients/messages.py",
        before="    return legible(message.subject or _SUBJECT, isolates=True)\n",
        after="    return message.subject or _SUBJECT\n",
        tests=_SINKS,
    ),
    Mutant(
        name="log-line-that-draws",
        bug="a line of the log carries characters that move the cursor of its reader",
        file="chalicelib/observability.py",
        before='separators=(",", ":"))',
        after='separators=(",", ":"), ensure_ascii=False)',
        tests=_SINKS,
    ),
)
