"""The examples of the staff's portal: log-in."""

from urllib.parse import quote

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import ADMIN_ID, REFRESH, TOKENS, Example

_ADMIN = {
    "id": ADMIN_ID,
    "email": demo.ADMIN_EMAIL,
    "name": demo.ADMIN_NAME,
    "role": "super_admin",
    "permissions": ["devices", "ushers"],
}

# A shape of the real ones, opening nothing.
_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105  # as above

OPERATIONS: dict[str, Example] = {
    "admin_login": Example(
        {"email": demo.ADMIN_EMAIL, "password": demo.PASSWORD},
        {**TOKENS, "csrf_token": None, "admin": _ADMIN, "must_enrol": False},
    ),
    "admin_refresh": Example({"refresh": REFRESH}, {**TOKENS, "csrf_token": None}),
    "admin_logout": Example(answer={}),
    "admin_change_password": Example({"old_password": demo.PASSWORD, "new_password": demo.NEW_PASSWORD}, {}),
    "public_first_admin": Example(
        {"token": "AfPwmKS1bGmsPp0js4_S3VzIr5jSfbzzehqECxmdP9E", "password": demo.NEW_PASSWORD},
        {**_ADMIN, "email": demo.NEW_ADMIN_EMAIL, "name": demo.NEW_ADMIN_NAME},
    ),
    "public_set_password": Example(
        {
            "token": "AfPwmKS1bGmsPp0js4_S3VzIr5jSfbzzehqECxmdP9Eadm_01JD0Z3M2V7T9WQX4R8N5K6P1C",
            "password": demo.NEW_PASSWORD,
        }
    ),
    "admin_second_factor": Example(
        {},
        {
            "enabled": False,
            "secret": _SECRET,
            "recovery_codes": None,
            "uri": f"otpauth://totp/Gatehouse:{quote(demo.ADMIN_EMAIL)}?secret={_SECRET}&issuer=Gatehouse",
        },
    ),
    "admin_remove_second_factor": Example({"code": "492039"}),
    "admin_me": Example(answer=_ADMIN),
}
