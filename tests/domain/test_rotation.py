"""The rotation of the master secret: tokens, codes and keys from before are valid after one rotation, not after two."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.session import get_session
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chalicelib.clients import secrets
from chalicelib.config import config
from chalicelib.domain import paging
from chalicelib.domain.access import devices, sessions, tokens
from chalicelib.domain.gate import sun
from chalicelib.errors import InvalidCredentials, InvalidCursor, Unauthenticated
from chalicelib.vocabulary import Portal
from tests.support import secure_cards
from tests.support.factories import make_event, make_usher, public
from tests.support.settings import configured

pytestmark = pytest.mark.usefixtures("moto_cloud")
UID = "04C1C2C3C4C5C6"


def put(master: str) -> None:
    """Store a new master secret, which another process finds."""
    client: Any = get_session().create_client("secretsmanager")
    client.put_secret_value(SecretId=config().secret_id, SecretString=json.dumps({"master": master}))


def rotate(master: str) -> None:
    """Store a new master secret, which a process that starts afterwards finds."""
    put(master)
    secrets.forget()
    tokens.forget()


def an_access_token() -> Callable[[], object]:
    event = make_event()
    access = sessions.start(make_usher(event), event_id=event.event_id).access
    return lambda: tokens.verify(access, Portal.USHER)


def a_refresh_token() -> Callable[[], object]:
    event = make_event()
    token = sessions.start(make_usher(event), event_id=event.event_id).refresh

    def use() -> object:
        nonlocal token
        secret = token.rpartition(".")[2]
        pair = sessions.refresh(token, Portal.USHER)
        assert pair.refresh.rpartition(".")[2] != secret
        return pair

    return use


def a_cursor() -> Callable[[], object]:
    cursor = paging.seal("log_1", bound_to="log/ush_1")
    return lambda: paging.unseal(cursor, bound_to="log/ush_1")


def an_enrolment_code() -> Callable[[], object]:
    made = devices.provision(event_id=make_event().event_id, gate_name="Gate 1", name="Reader", by="adm_1")
    key = public(Ed25519PrivateKey.generate())
    return lambda: devices.enroll(code=made.enrollment_code, public_key=key, address="192.0.2.1")


MADE: dict[str, tuple[Callable[[], Callable[[], object]], type[Exception]]] = {
    "access token": (an_access_token, Unauthenticated),
    "refresh token": (a_refresh_token, Unauthenticated),
    "cursor": (a_cursor, InvalidCursor),
    "enrolment code": (an_enrolment_code, InvalidCredentials),
}


@pytest.mark.parametrize("what", MADE)
def test_what_was_made_before_a_rotation_is_good_after_it(what: str) -> None:
    use = MADE[what][0]()
    rotate("another master")
    assert use() is not None


@pytest.mark.parametrize("what", MADE)
def test_what_was_made_two_rotations_ago_is_worth_nothing(what: str) -> None:
    make, refusal = MADE[what]
    use = make()
    rotate("another master")
    rotate("a third master")
    with pytest.raises(refusal):
        use()


def test_a_secure_card_written_before_a_rotation_is_read_after_it_and_not_after_two() -> None:
    message = secure_cards.message(UID, 7)
    rotate("another master")
    assert sun.open_message(message.picc_data, message.cmac) == sun.GenuineTap(UID, 7)
    rotate("a third master")
    assert sun.open_message(message.picc_data, message.cmac) is None


FIRST, SECOND = "the-first-master-secret-of-the-platform-00000000", "the-second-master-secret-of-the-platform-0000000"


def _made_by_another_container() -> str:
    """Return a token signed with a new secret, in a process that has just read the old one and knows no other."""
    event = make_event()
    usher = make_usher(event)
    rotate(SECOND)
    access = sessions.start(usher, event_id=event.event_id).access
    rotate(FIRST)
    rotate(FIRST)
    sessions.start(usher, event_id=event.event_id)
    put(SECOND)
    return access


def test_a_warm_container_takes_what_the_new_secret_signed() -> None:
    access = _made_by_another_container()
    with configured(LIMIT_SECRET_SECONDS=0):
        assert tokens.verify(access, Portal.USHER).portal is Portal.USHER


def test_strangers_do_not_make_a_container_read_its_secret_at_will() -> None:
    access = _made_by_another_container()
    with pytest.raises(Unauthenticated):
        tokens.verify(access, Portal.USHER)
