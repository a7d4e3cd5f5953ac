"""Bugs of tokens, sessions, devices and cursors: the identity of a caller, and how long it is valid."""

from tests.mutants.seeded.mutant import Mutant

_IDENTITY = ("tests/domain/access/test_lockout.py",)
_DEVICES = ("tests/domain/access/test_enrolment.py",)

MUTANTS = (
    # Tokens and sessions
    Mutant(
        name="signature-skipped",
        bug="anybody makes an access token",
        file="chalicelib/domain/access/tokens.py",
        before='                "verify_aud": False,\n',
        after='                "verify_signature": False,\n                "verify_aud": False,\n',
        tests=_IDENTITY,
    ),
    Mutant(
        name="audience-ignored",
        bug="a device's token opens the usher's doors",
        file="chalicelib/domain/access/tokens.py",
        before="    if portal is not None and principal.portal is not portal:\n        raise Unauthenticated\n",
        after="",
        tests=_IDENTITY,
    ),
    Mutant(
        name="expiry-ignored",
        bug="an access token lives for ever",
        file="chalicelib/domain/access/tokens.py",
        before="    if clock.now().timestamp() >= expires:\n        raise TokenExpired\n",
        after="",
        tests=_IDENTITY,
    ),
    Mutant(
        name="revocation-ignored",
        bug="a locked-out principal goes on scanning",
        file="chalicelib/domain/access/lock_outs.py",
        before="if locked_out_at is not None and principal.issued_at <= locked_out_at:",
        after="if locked_out_at is not None and principal.issued_at > locked_out_at:",
        tests=_IDENTITY,
    ),
    Mutant(
        name="refresh-reuse-not-detected",
        bug="a stolen refresh token works beside its owner's",
        file="chalicelib/domain/access/sessions.py",
        before="    if session.ended_at is None and is_last_spent and now - session.rotated_at <= GRACE:\n",
        after="    if session.ended_at is None:\n",
        tests=_IDENTITY,
    ),
    Mutant(
        name="reuse-leaves-session-open",
        bug="a session whose refresh token was used twice goes on",
        file="chalicelib/domain/access/sessions.py",
        before='        end(session_id, ended_because="refresh token reused")\n',
        after="",
        tests=_IDENTITY,
    ),
    Mutant(
        name="assignment-not-checked",
        bug="an usher logs in at an event of others",
        file="chalicelib/domain/access/accounts.py",
        before="    if event_id not in (account.event_ids or []):\n        raise NotAssigned\n",
        after="",
        tests=_IDENTITY,
    ),
    Mutant(
        name="cursor-unbound",
        bug="a cursor made for one usher opens another's page",
        file="chalicelib/domain/paging.py",
        before='bound_to.encode() + b"\\x00" + payload',
        after='b"\\x00" + payload',
        tests=_IDENTITY,
    ),
    # Devices
    Mutant(
        name="enrolment-code-reusable",
        bug="a one-time code makes a second device of another key",
        file="chalicelib/domain/access/devices.py",
        before=(
            "    is_unused = Enrolment.used_by_key.does_not_exist()\n"
            "    is_waiting = Device.status == DeviceStatus.PROVISIONED\n"
        ),
        after="    is_unused = Enrolment.pk.exists()\n    is_waiting = Device.pk.exists()\n",
        tests=_DEVICES,
    ),
    Mutant(
        name="assertion-of-anybody",
        bug="a device's assertion is not checked against its own key",
        file="chalicelib/domain/access/devices.py",
        before='            options={"require": ["exp", "iat", "sub"], "verify_exp": False, "verify_iat": False},\n',
        after='            options={"verify_exp": False, "verify_iat": False, "verify_signature": False},\n',
        tests=_DEVICES,
    ),
)
