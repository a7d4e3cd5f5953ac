"""Bugs of campus reports: versions that are not registered, signatures that nobody checks, totals that are off."""

from tests.mutants.seeded.mutant import Mutant

_REPORTS = "tests/portals/campus/test_reports.py"
_CHECKED = "tests/portals/campus/test_report_verification.py"

MUTANTS = (
    Mutant(
        name="twin-not-registered",
        bug="the redacted version is not registered, so a third party cannot check it",
        file="chalicelib/domain/campus/reports/report_building.py",
        before="ReportHashes(*hashes, redacted_key=key)",
        after="ReportHashes(hashes[0], hashes[0], redacted_key=key)",
        tests=(_REPORTS,),
    ),
    Mutant(
        name="report-signature-unchecked",
        bug="a report that was changed in the register is found valid",
        file="chalicelib/domain/campus/reports/report_registry.py",
        before="        valid=is_signed and (given is None or matches is not None),\n",
        after="        valid=(given is None or matches is not None),\n",
        tests=(_CHECKED,),
    ),
    Mutant(
        name="report-totals-off",
        bug="the totals of a report count late people as present",
        file="chalicelib/domain/campus/reports/report_totals.py",
        before='        statuses[row["status"]] += 1\n',
        after='        statuses["present"] += 1\n',
        tests=(_REPORTS,),
    ),
    Mutant(
        name="twin-names-people",
        bug="the version for third parties has the names",
        file="chalicelib/domain/campus/reports/report_rows.py",
        before='"full_name": _name(number),',
        after='"full_name": student["full_name"],',
        tests=(_REPORTS,),
    ),
)
