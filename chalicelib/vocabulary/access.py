"""The words of callers: audiences, roles, accounts, log-ins and codes."""

from enum import StrEnum


class Portal(StrEnum):
    """An audience of the API; the `aud` of its access tokens."""

    WEBAPP = "webapp"
    MERCHANT = "merchant"
    ORGANIZER = "organizer"
    USHER = "usher"
    DEVICE = "device"
    ADMIN = "admin"
    CAMPUS = "campus"
    TIX = "tix"


class AdminRole(StrEnum):
    """What a member of the platform's staff may do."""

    SUPER_ADMIN = "super_admin"
    ADMIN = "admin"
    FINANCE = "finance"
    SUPPORT = "support"
    USHER_MANAGER = "usher_manager"


class TixRole(StrEnum):
    """What a user of Tix may do in their organization: an admin also changes its settings and clears its tickets."""

    ADMIN = "admin"
    MEMBER = "member"


class UsherRole(StrEnum):
    """What an usher may do at an event."""

    USHERING = "ushering"
    LEAVE_DESK = "leave_desk"


class UserType(StrEnum):
    """The users whom staff manage; each type is also a portal."""

    ORGANIZER = "organizer"
    MERCHANT = "merchant"
    USHER = "usher"
    ADMIN = "admin"


class AccountStatus(StrEnum):
    """Whether an account may log in."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    BLOCKED = "blocked"
    DEACTIVATED = "deactivated"
    # Of customers and campus people: their personal data is being erased, or is gone. It is final.
    ERASED = "erased"


class Factor(StrEnum):
    """What a caller proves at a log-in; a registration proves nothing yet."""

    PASSWORD = "password"  # noqa: S105  # the word, not a password
    OTP = "otp"
    TOTP = "totp"
    RECOVERY_CODE = "recovery_code"
    DEVICE_KEY = "device_key"
    REGISTRATION = "registration"


class OtpPurpose(StrEnum):
    """The purpose of a one-time code."""

    REGISTER = "register"
    LOGIN = "login"
    RESET = "reset"
    MERCHANT_LOGIN = "merchant_login"
    ORGANIZER_LOGIN = "organizer_login"
    ORGANIZER_RESET = "organizer_reset"
    MOBILE_CHANGE = "mobile_change"
    CARD_ASSIGNMENT = "card_assignment"
    TIX_ADDRESS = "tix_address"
    TIX_RESET = "tix_reset"
    CAMPUS_RESET = "campus_reset"
    CANCELLATION = "cancellation"


class SecretLife(StrEnum):
    """The platform's secrets, by what ends when one is rotated."""

    SESSIONS = "sessions"
    NUMBERS = "numbers"
    TICKETS = "tickets"
    CARDS = "cards"
    REPORTS = "reports"
    PROVIDERS = "providers"
