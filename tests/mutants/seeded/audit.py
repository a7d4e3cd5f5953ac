"""Bugs of the audit log: chains that are not chained, acts without an entry, entries without an act, wrong roles."""

from tests.mutants.seeded.mutant import Mutant

_ACTS = "chalicelib/domain/audit/acts.py"
_CHAINS = "chalicelib/domain/audit/chains.py"
_SEALS = "chalicelib/domain/audit/seals.py"
_VERIFICATION = "chalicelib/domain/audit/verification.py"
_DOOR = "tests/portals/admin/test_audit.py"
_WALK = "tests/domain/audit/test_verification.py"
_CROWD = "tests/faults/test_audit.py"

MUTANTS = (
    Mutant(
        name="audit-without-a-chain",
        bug="an entry names no entry before it, so a rewritten one goes unseen",
        file=_CHAINS,
        before='"previous": head.digest if head else GENESIS',
        after='"previous": GENESIS',
        tests=(_WALK,),
    ),
    Mutant(
        name="audit-entry-beside-the-act",
        bug="an act that fails leaves an entry, and a process that dies leaves one without the other",
        file=_ACTS,
        before="            operations.commit(*writes, *appended)\n",
        after="            operations.commit(*appended)\n            operations.commit(*writes)\n",
        tests=(_CROWD,),
    ),
    Mutant(
        name="audit-gives-up-silently",
        bug="an act that meets others on each chain is answered as done, and was not",
        file=_ACTS,
        before="_ATTEMPTS = 20\n",
        after="_ATTEMPTS = 1\n",
        tests=(_CROWD,),
    ),
    Mutant(
        name="audit-refusals-unrecorded",
        bug="nobody sees what staff tried and may not do",
        file="chalicelib/portals/http/door.py",
        before="    staff_acts.note_principal(principal)\n    route.guard.permit(principal)\n",
        after="    route.guard.permit(principal)\n    staff_acts.note_principal(principal)\n",
        tests=(_DOOR,),
    ),
    Mutant(
        name="audit-tail-cut-unseen",
        bug="the last entries of a chain are removed, and the log verifies",
        file=_VERIFICATION,
        before="        if head is not None:\n            self._up_to(shard, head)\n",
        after="",
        tests=(_WALK,),
    ),
    Mutant(
        name="audit-seal-of-lost-entries",
        bug="a chain that was cut is sealed as it is",
        file=_SEALS,
        before="_number(heads, shard) < _number(sealed, shard)",
        after="_number(heads, shard) < 0",
        tests=(_WALK,),
    ),
    Mutant(
        name="roles-weakened",
        bug="support closes books",
        file="chalicelib/domain/access/permissions.py",
        before="AdminRole.SUPPORT: frozenset({Permission.SUPPORT}),",
        after="AdminRole.SUPPORT: frozenset({Permission.SUPPORT, Permission.FINANCE}),",
        tests=("tests/contract/test_authorization.py",),
    ),
)
