"""What the requests of merchants' and organizers' log-ins share."""

from functools import lru_cache

from chalicelib.domain import accounts, otp, passwords, throttle
from chalicelib.table import keys, operations
from chalicelib.table.items import Account
from chalicelib.vocabulary import Portal

PASSWORD = "a password of the tests"


def unthrottled() -> None:
    """Let the place that the tests send from have asked for no code yet."""
    limit = throttle.Limit("code from address", "127.0.0.1", 0, otp.LIFETIME)
    operations.record(throttle.forgetting(limit))


@lru_cache(maxsize=4)
def _hash(password: str) -> str:
    return passwords.hash_password(password)


def keeping_password(of: Account, password: str) -> None:
    """Let an account have its password again, whatever an earlier request made of it or guessed at."""
    account = accounts.get(of.account_id)
    operations.commit(
        operations.change(Account, keys.account(account.account_id), [Account.password_hash.set(_hash(password))]),
        throttle.forgetting(accounts._failures(Portal(account.portal), account.login)),
    )
