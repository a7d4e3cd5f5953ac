"""Bugs of sessions and of what a principal may hold: another's session ended, a key of small order, no bound."""

from tests.mutants.seeded.mutant import Mutant

_SESSIONS = "tests/security/test_own_sessions.py"
_DEVICES = "tests/security/test_device_keys.py"
_SOCKETS = "tests/security/test_sockets.py"
_RATES = "tests/security/test_request_rates.py"

MUTANTS = (
    Mutant(
        name="anybodys-session-ended",
        bug="a caller ends the session of another by its id",
        file="chalicelib/domain/access/sessions.py",
        before="    is_own = (Session.account_id == principal.id) & (Session.portal == principal.portal)\n",
        after="    is_own = Session.portal == principal.portal\n",
        tests=(f"{_SESSIONS}::TestEveryPortal::test_another_principals_session_is_not_found_and_stays",),
    ),
    Mutant(
        name="whole-address-shown",
        bug="the list of sessions shows whole addresses",
        file="chalicelib/domain/access/visitors.py",
        before="_SHOWN = {4: 24, 6: 64}",
        after="_SHOWN = {4: 32, 6: 128}",
        tests=(f"{_SESSIONS}::test_of_an_address_its_network_is_shown",),
    ),
    Mutant(
        name="new-device-unheard",
        bug="a customer hears nothing of a log-in from a new device",
        file="chalicelib/domain/customers/registration.py",
        before="    known_devices.notify(account, visitor)\n",
        after="",
        tests=(f"{_SESSIONS}::test_the_same_device_in_another_network_is_new",),
    ),
    Mutant(
        name="small-order-enrolled",
        bug="a device enrols with a key that verifies signatures nobody made",
        file="chalicelib/domain/access/device_keys.py",
        before="    if y >= _P or y in _SMALL:\n",
        after="    if y >= _P or y in (1, _P - 1):\n",
        tests=(f"{_DEVICES}::test_an_enrolment_refuses_every_key_of_small_order_and_keeps_its_code",),
    ),
    Mutant(
        name="assertion-replayed",
        bug="a device's signed log-in gets a stranger a token too",
        file="chalicelib/domain/access/devices.py",
        before="    _use_once(device_id, assertion, claims)\n",
        after="",
        tests=(f"{_DEVICES}::test_a_signed_log_in_is_not_exchanged_twice",),
    ),
    Mutant(
        name="second-factor-in-the-clear",
        bug="the secret of a second factor is stored as it is",
        file="chalicelib/domain/access/second_factor.py",
        before="Account.totp_pending.set(encryption.seal(account.account_id, _FIELD, secret)),",
        after="Account.totp_pending.set(secret.encode()),",
        tests=("tests/security/test_second_factor.py::test_a_secret_is_never_at_rest_in_the_clear",),
    ),
    Mutant(
        name="eleventh-socket",
        bug="a principal opens one socket too many",
        file="chalicelib/domain/live/open_sockets.py",
        before="(size(LiveSockets.open) < allowed())",
        after="(size(LiveSockets.open) <= allowed())",
        tests=(f"{_SOCKETS}::test_the_eleventh_socket_of_a_principal_is_refused_until_one_closes",),
    ),
    Mutant(
        name="rate-of-one-process",
        bug="a process does not learn what the others have admitted",
        file="chalicelib/domain/access/request_rates.py",
        before="            count.elsewhere = max(count.elsewhere, total - count.added)\n",
        after="            count.elsewhere = 0\n",
        tests=(f"{_RATES}::test_two_processes_share_the_limit",),
    ),
    Mutant(
        name="link-for-everybody",
        bug="the one-time link creates an administrator for each of those who use it at once",
        file="chalicelib/domain/access/first_admin.py",
        before="(FirstAdmin.token_hash == invitation.token_hash) & FirstAdmin.account_id.does_not_exist()",
        after="FirstAdmin.pk.exists()",
        tests=(
            "tests/security/test_first_admin.py::test_of_32_who_use_the_link_at_once_one_becomes_the_administrator",
        ),
    ),
)
