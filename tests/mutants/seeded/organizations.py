"""Bugs of organizations: users over the limit, accepted invalid invite codes, tickets printed or voided wrongly."""

from tests.mutants.seeded.mutant import Mutant

_ORGANIZATIONS = "chalicelib/domain/organizations/organizations.py"
_INVITATIONS = "chalicelib/domain/organizations/invitations.py"
_VOIDING = "chalicelib/domain/organizations/voiding.py"
_PRINT_RUNS = "chalicelib/domain/organizations/printing/print_runs.py"
_CROWD = "tests/faults/test_organizations.py"
_ACCOUNTS = "tests/portals/tix/test_accounts.py"
_SETTINGS = "tests/portals/tix/test_settings.py"
_PRINTED = "tests/portals/tix/test_print_runs.py"

MUTANTS = (
    Mutant(
        name="organization-overfull",
        bug="more users join than the organization may have",
        file=_INVITATIONS,
        before="has_room = Organization.members < Organization.max_users",
        after="has_room = Organization.members < 1_000_000",
        tests=(_ACCOUNTS,),
    ),
    Mutant(
        name="withdrawn-code-invites",
        bug="an invite code that was changed lets people in all the same",
        file=_INVITATIONS,
        before="(Organization.invite_generation == invitation.generation) & ",
        after="(Organization.invite_generation >= invitation.generation) & ",
        tests=(_ACCOUNTS,),
    ),
    Mutant(
        name="made-up-code-invites",
        bug="an invite code is believed without its MAC",
        file=_INVITATIONS,
        before="if len(raw) != _CODE_BYTES or not _is_genuine(content, mac):",
        after="if len(raw) != _CODE_BYTES or not mac:",
        tests=(_ACCOUNTS,),
    ),
    Mutant(
        name="lock-out-forgotten",
        bug="a token of twelve hours is good again when its lock-out is forgotten after half an hour",
        file="chalicelib/domain/access/lock_outs.py",
        before="gone_at = int((now + tokens.lifetime(portal) + _LONGER).timestamp())",
        after="gone_at = int((now + tokens.LIFETIME + _LONGER).timestamp())",
        tests=(_ACCOUNTS,),
    ),
    Mutant(
        name="member-is-admin",
        bug="every member changes the settings",
        file="chalicelib/portals/http/auth.py",
        before="        return self.roles or (",
        after="        return None or (",
        tests=(_SETTINGS,),
    ),
    Mutant(
        name="settings-lose-users",
        bug="an organization may have fewer users than it has",
        file="chalicelib/domain/organizations/organization_settings.py",
        before='        condition &= Organization.members <= changes["max_users"]\n',
        after="        condition &= Organization.members.exists()\n",
        tests=(_SETTINGS,),
    ),
    Mutant(
        name="scanned-ticket-voided",
        bug="a ticket that is scanned while its range is taken back is void as well",
        file=_VOIDING,
        before="        & NumberedTicket.scanned_at.does_not_exist()\n",
        after="",
        tests=("tests/portals/tix/test_voiding.py",),
    ),
    Mutant(
        name="sheet-not-proved",
        bug="a sheet whose codes cannot be read is given out",
        file=_PRINT_RUNS,
        before="    sheet_proof.prove(content, [ticket.code for ticket in printed], layout)\n",
        after="",
        tests=(_PRINTED,),
    ),
    Mutant(
        name="code-in-anothers-place",
        bug="a code beside another ticket's number passes the proof",
        file="chalicelib/domain/organizations/printing/sheet_proof.py",
        before="if found != dict(enumerate(expected)):",
        after="if sorted(found.values()) != sorted(expected):",
        tests=(_PRINTED,),
    ),
    Mutant(
        name="own-file-deleted",
        bug="a turn whose answer was lost deletes the file that it has entered",
        file=_PRINT_RUNS,
        before="        return found is not None and (found.files or [])[: len(parts)] == parts\n",
        after="        return found is None\n",
        tests=(_CROWD,),
    ),
    Mutant(
        name="formula-in-the-list",
        bug="what somebody wrote on a ticket is run by the spreadsheet that opens the list",
        file="chalicelib/legible.py",
        before="text.startswith(_FORMULA)",
        after="text.startswith(_FORMULA[:1])",
        tests=(_PRINTED,),
    ),
    Mutant(
        name="anothers-job",
        bug="an organization sees another's print run",
        file="chalicelib/domain/background/jobs.py",
        before="if job is None or job.owner_id != owner_id:",
        after="if job is None:",
        tests=(_PRINTED,),
    ),
    Mutant(
        name="numbers-before-the-proof",
        bug="an account with anybody's address orders numbers",
        file=_ORGANIZATIONS,
        before="(not isinstance(account, Account) or account.address_proven_at is None)",
        after="not isinstance(account, Account)",
        tests=("tests/portals/tix/test_addresses.py",),
    ),
    Mutant(
        name="removed-member-keeps-the-session",
        bug="a removed member goes on with the token of twelve hours",
        file="chalicelib/domain/organizations/members.py",
        before="            *lock_outs.revocations(Portal.TIX, user_id),\n",
        after="",
        tests=("tests/portals/tix/test_members.py",),
    ),
    Mutant(
        name="last-admin-goes",
        bug="an organization is left without an admin",
        file="chalicelib/domain/organizations/members.py",
        before="        fewer, remains = [*fewer, Organization.admins.add(-1)], Organization.admins > 1\n",
        after="        fewer, remains = [*fewer, Organization.admins.add(-1)], Organization.admins >= 1\n",
        tests=("tests/portals/tix/test_members.py",),
    ),
    Mutant(
        name="day-without-end",
        bug="an organization orders any number of numbers in a day",
        file="chalicelib/domain/organizations/quotas.py",
        before="TicketDay.ordered <= most - quantity",
        after="TicketDay.ordered <= most",
        tests=("tests/portals/tix/test_quotas.py",),
    ),
    Mutant(
        name="invite-without-end",
        bug="an invite code is valid after its days",
        file=_INVITATIONS,
        before="        of_code & in_time & has_room,\n",
        after="        of_code & has_room,\n",
        tests=(_SETTINGS,),
    ),
)
