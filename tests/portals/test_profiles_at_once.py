"""Photos and bank accounts of customers and organizers, changed twice at the same moment or again."""

from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.clients import files
from chalicelib.table import keys, operations
from tests.portals.webapp.test_profile import objects, picture
from tests.support import meanwhile
from tests.support.client import Answer, call
from tests.support.codes import texts
from tests.support.factories import customer_token, make_customer, make_organizer, token_of

pytestmark = pytest.mark.usefixtures("moto_cloud")
BANKS = [
    {"title": "Ayesha Khan", "iban": "PK36SCBL0000001123456702"},
    {"title": "Another", "iban": "PK36SCBL0000001123456702"},
]


@dataclass
class Owner:
    """Somebody with a profile, and how their portal names the picture."""

    path: str
    picture: str
    token: str
    profile: Any

    def put(self, **changes: Any) -> Answer:
        answer = call("PUT", self.path, changes, token=self.token)
        assert answer.status == 200, answer.text
        return answer

    def shown(self) -> str | None:
        found: str | None = getattr(operations.get(self.profile), f"{self.picture}_key")
        return found

    def uploaded(self) -> dict[str, str]:
        """Upload a picture; return the change that accepts it."""
        asked = {"content_type": "image/jpeg", "size": 1000}
        key: str = self.put(**{self.picture: asked}).json[f"{self.picture}_upload"]["key"]
        files.write(key, picture(size=(40, 20)), content_type="image/jpeg")
        return {f"{self.picture}_key": key}


@pytest.fixture(params=["customer", "organizer"])
def owner(request: pytest.FixtureRequest, moto_cloud: None) -> Owner:  # noqa: ARG001  # the ground under it
    if request.param == "customer":
        customer = make_customer()
        profile: Any = keys.customers.profile(customer.account_id)
        return Owner("/api/v1/users/profile/", "photo", customer_token(customer), profile)
    organizer = make_organizer()
    profile = keys.organizers.profile(organizer.account_id)
    return Owner("/api/organizer/profile/", "image", token_of(organizer), profile)


@pytest.mark.parametrize("before", [False, True], ids=["the first picture", "a later picture"])
def test_of_two_pictures_at_once_one_is_kept_and_no_file_is_left_over(owner: Owner, *, before: bool) -> None:
    if before:
        owner.put(**owner.uploaded())
    one, other = owner.uploaded(), owner.uploaded()
    with meanwhile.before("TransactWriteItems", lambda: owner.put(**other)):
        owner.put(**one)
    assert objects() == [owner.shown()]


def test_the_same_picture_twice_at_once_is_one(owner: Owner) -> None:
    same = owner.uploaded()
    with meanwhile.before("TransactWriteItems", lambda: owner.put(**same)):
        owner.put(**same)
    assert objects() == [owner.shown()]
    again = owner.uploaded()
    # The other request has finished before this one reads the upload.
    with meanwhile.before("GetObject", lambda: owner.put(**again), service="s3"):
        owner.put(**again)
    assert objects() == [owner.shown()]


def test_a_picture_and_its_removal_at_once_end_in_one_of_them(owner: Owner) -> None:
    owner.put(**owner.uploaded())
    one = owner.uploaded()
    with meanwhile.before("TransactWriteItems", lambda: owner.put(**dict.fromkeys(one))):
        owner.put(**one)
    assert objects() == [owner.shown()]


def notices() -> set[str]:
    """Return the ids of the notices that wait, each of which is sent once."""
    return {text["message_id"] for text in texts() if "bank account" in text["body"]}


def test_a_bank_account_that_is_set_again_or_twice_at_once_is_one_change(owner: Owner) -> None:
    owner.put(email="owner@example.com")
    with meanwhile.before("TransactWriteItems", lambda: owner.put(bank_account=BANKS[0])):
        owner.put(bank_account=BANKS[0])
    owner.put(bank_account=BANKS[0])
    assert len(notices()) == 2  # by SMS and by mail
    # Back and forth are changes of their own.
    for bank in (BANKS[1], BANKS[0], None, BANKS[0]):
        owner.put(bank_account=bank)
        owner.put(bank_account=bank)
        assert len(notices()) == 2, bank
