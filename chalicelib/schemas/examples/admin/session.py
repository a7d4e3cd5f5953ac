"""The examples of the staff's portal: log-in."""

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import ADMIN_ID, REFRESH, TOKENS, Example

_ADMIN = {
    "id": ADMIN_ID,
    "email": demo.ADMIN_EMAIL,
    "name": demo.ADMIN_NAME,
    "role": "super_admin",
    "permissions": ["devices", "ushers"],
}

OPERATIONS: dict[str, Example] = {
    "admin_login": Example(
        {"email": demo.ADMIN_EMAIL, "password": demo.ADMIN_PASSWORD}, {**TOKENS, "csrf_token": None, "admin": _ADMIN}
    ),
    "admin_refresh": Example({"refresh": REFRESH}, {**TOKENS, "csrf_token": None}),
    "admin_logout": Example(answer={}),
    "admin_change_password": Example({"old_password": demo.ADMIN_PASSWORD, "new_password": demo.NEW_PASSWORD}, {}),
    "admin_second_factor": Example(
        {},
        {
            "enabled": False,
            "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
            "uri": f"otpauth://totp/Gatehouse:{demo.ADMIN_EMAIL}?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Gatehouse",
        },
    ),
    "admin_remove_second_factor": Example(),
    "admin_me": Example(answer=_ADMIN),
}
