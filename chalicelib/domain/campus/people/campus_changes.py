"""Changes of campus people, by themselves and by the office: one transaction each, on what was read.

A change moves the keys with it: the e-mail address of the log-in, the claim to a student number, the card. Nobody
changes their own role or access, and the office's role is checked in the transaction. So one admin always remains, also
where two take the role from each other at the same moment (D-CAMPUS-05).
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain.access import accounts, lock_outs, notices
from chalicelib.domain.access.notices import Changed
from chalicelib.domain.campus.people import (
    campus_accounts,
    campus_cards,
    campus_profiles,
    campuses,
    student_groups,
    student_numbers,
)
from chalicelib.domain.campus.people.campus_profiles import CampusProfileView
from chalicelib.errors import Forbidden, NotFound, Refusal, Unavailable, ValidationFailed
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Account, CampusProfile, Login
from chalicelib.table.operations import Write
from chalicelib.vocabulary.access import AccountStatus, Portal
from chalicelib.vocabulary.campus import CampusRole

# What staff verified; a change of it by the person ends the verification (D-CAMPUS-04).
_VERIFIED_FACTS = ("first_name", "last_name", "student_id", "department", "campus_id")
_MAY_BE_CLEARED = ("student_id", "year_level", "card_uid")
_OFFICE = (CampusRole.HR, CampusRole.ADMIN)


class _CampusPlan(Struct):
    """What a change writes: of the profile, of the account, beside them, and what each failed write beside means."""

    profile: list[Action] = field(default_factory=list)
    account: list[Action] = field(default_factory=list)
    beside: list[Write] = field(default_factory=list)
    refusals: dict[int, Refusal] = field(default_factory=dict)
    # Access tokens carry the role, and sockets stay open: a changed role ends both, as does another campus of a
    # supervisor. A session then refreshes.
    ends_access: bool = False

    def add(self, write: Write, refusal: Refusal | None = None) -> None:
        """Add a write beside; `refusal` is what its failed condition means."""
        if refusal is not None:
            self.refusals[len(self.beside)] = refusal
        self.beside.append(write)


class _CampusState(Struct, frozen=True):
    """A person as they were read."""

    account: Account
    profile: CampusProfile


def change_own(user_id: str, given: Mapping[str, Any]) -> CampusProfileView:
    """Change the caller's own profile. A field left out stays, None clears.

    A verified person who changes what was verified has to be verified again. The owner is notified at the old address
    of a changed e-mail address. Raises ValidationFailed, AlreadyExists (the address), NotFound, Unavailable.
    """
    return _change(user_id, given, by=None)


def change(user_id: str, given: Mapping[str, Any], *, by: str) -> CampusProfileView:
    """Change a person, as the office does. A field left out stays, None clears.

    Raises NotFound, Forbidden, ValidationFailed, AlreadyExists (the card), Conflict (the number), Unavailable.
    """
    return _change(user_id, given, by=by)


def verify(user_id: str, *, by: str) -> CampusProfileView:
    """Mark a person as verified, and their claim to the student number as the verified one. Idempotent.

    Raises NotFound, Forbidden, Conflict where the number is verified for somebody else, Unavailable.
    """
    return _change(user_id, {"is_verified": True}, by=by)


def _change(user_id: str, given: Mapping[str, Any], *, by: str | None) -> CampusProfileView:
    wanted = _wanted(given)
    for _ in retries.attempts():
        state = _read(user_id)
        actor = None if by is None else _acting(by, state.account, wanted)
        after = _after(state, wanted, is_own=by is None)
        if by is None:
            _require_own(state.account, after)
        plan = _plan(state, after)
        if not plan.profile and not plan.account and not plan.beside:
            break
        try:
            _commit(state, plan, actor)
        except operations.ConditionFailed:
            continue  # changed between the read and the write
        _follow_up(state, after, plan, by=by)
        break
    else:
        raise Unavailable(retry_after=1)
    return campus_profiles.view(user_id)


def _wanted(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given fields by the names of the profile. Raises ValidationFailed."""
    wanted = dict(given)
    for name, value in wanted.items():
        if value is None and name not in _MAY_BE_CLEARED:
            raise ValidationFailed(details=[{"field": name, "message": "cannot be cleared"}])
    if "campus" in wanted:
        wanted["campus_id"] = campuses.named(wanted.pop("campus")).campus_id
    if "email" in wanted:
        wanted["email"] = wanted["email"].casefold()
    return wanted


def _read(user_id: str) -> _CampusState:
    places = keys.access.account(user_id), keys.campus_people.profile(user_id)
    found = operations.get_many(places)
    account, profile = (found.get(place) for place in places)
    if not isinstance(account, Account) or not isinstance(profile, CampusProfile):
        raise NotFound("There is no such user.")
    # From the closing on: who gave access back would leave what the erasure has passed already.
    if account.status is AccountStatus.ERASED or campus_profiles.is_erased(profile):
        raise NotFound("This person was erased, and cannot be changed any more.")
    return _CampusState(account, profile)


def _acting(by: str, target: Account, wanted: Mapping[str, Any]) -> Account:
    """Return the account of who acts. Raises Forbidden where their role does not allow this change."""
    actor = target if by == target.account_id else operations.get(keys.access.account(by))
    if actor is None or actor.status is not AccountStatus.ACTIVE or actor.role not in _OFFICE:
        raise Forbidden("Permission denied")
    if actor.account_id == target.account_id:
        is_active = target.status is AccountStatus.ACTIVE
        if wanted.get("role", target.role) != target.role or wanted.get("is_active", is_active) != is_active:
            raise Forbidden("Permission denied: nobody changes their own role or access. Ask another admin.")
    elif actor.role != CampusRole.ADMIN and CampusRole.ADMIN in (target.role, wanted.get("role")):
        raise Forbidden("Permission denied: only an admin makes or changes an admin.")
    return actor


def _after(state: _CampusState, wanted: Mapping[str, Any], *, is_own: bool) -> dict[str, Any]:
    """Return what is changed, by name."""
    before = {
        **{name: getattr(state.profile, name) for name in CampusProfile.get_attributes()},
        "is_active": state.account.status is AccountStatus.ACTIVE,
    }
    after = {name: value for name, value in wanted.items() if before[name] != value}
    if is_own and state.profile.is_verified and any(name in after for name in _VERIFIED_FACTS):
        after["is_verified"] = False
    return after


def _require_own(account: Account, after: Mapping[str, Any]) -> None:
    """Raise ValidationFailed where somebody would change their own access: a supervisor sees all of their campus."""
    if account.role == CampusRole.SUPERVISOR and "campus_id" in after:
        message = "says what a supervisor sees; ask the office to change it"
        raise ValidationFailed(details=[{"field": "campus", "message": message}])


def _plan(state: _CampusState, after: Mapping[str, Any]) -> _CampusPlan:
    plan = _CampusPlan()
    attributes = CampusProfile.get_attributes()
    for name, value in after.items():
        attribute: Any = attributes[name]
        plan.profile.append(attribute.remove() if value is None else attribute.set(value))
    # Who comes back has had no access until now.
    if after.keys() & {*student_groups.PARTS} or (after.get("is_active") and state.profile.left_at is not None):
        plan.profile.append(CampusProfile.former_groups.set(student_groups.closed(state.profile)))
    if after.keys() & {"first_name", "last_name"}:
        parts = (after.get(part, getattr(state.profile, part)) for part in ("first_name", "last_name"))
        plan.account.append(Account.name.set(" ".join(parts)))
    if "email" in after:
        _plan_email(plan, state.account, after["email"])
    if "role" in after:
        plan.account.append(Account.role.set(after["role"]))
        plan.ends_access = True
    if "campus_id" in after and state.account.role == CampusRole.SUPERVISOR:
        plan.ends_access = True
    if "is_active" in after:
        _plan_access(plan, is_active=after["is_active"])
    if "card_uid" in after:
        _plan_card(plan, state.profile, after["card_uid"])
    if after.keys() & {"student_id", "is_verified"}:
        _plan_number(plan, state.profile, after)
    return plan


def _plan_email(plan: _CampusPlan, account: Account, email: str) -> None:
    login = Login(*keys.access.login(Portal.CAMPUS, email), account_id=account.account_id)
    former = keys.access.login(Portal.CAMPUS, str(account.email))
    # A link or a code that is on its way was sent to the former address.
    plan.account += [Account.email.set(email), Account.link_hash.remove(), Account.link_until.remove()]
    plan.add(operations.put(login, Login.pk.does_not_exist()), campus_accounts.taken("email"))
    plan.add(operations.remove(former, Login.account_id == account.account_id))


def _plan_access(plan: _CampusPlan, *, is_active: bool) -> None:
    if is_active:
        plan.account.append(Account.status.set(AccountStatus.ACTIVE))
        plan.profile.append(CampusProfile.left_at.remove())
        return
    plan.profile.append(CampusProfile.left_at.set(clock.now()))
    plan.account += accounts.closing(AccountStatus.DEACTIVATED)
    plan.ends_access = True


def _plan_card(plan: _CampusPlan, profile: CampusProfile, uid: str | None) -> None:
    if profile.card_uid is not None:
        plan.add(campus_cards.unbinding(profile.card_uid, profile.user_id))
    if uid is not None:
        plan.add(campus_cards.binding(uid, profile.user_id), campus_cards.taken())


def _plan_number(plan: _CampusPlan, profile: CampusProfile, after: Mapping[str, Any]) -> None:
    """Move the claim to a student number, and its verification."""
    user_id, former = profile.user_id, profile.student_id
    number = after.get("student_id", former)
    was, becomes = profile.is_verified, after.get("is_verified", profile.is_verified)
    is_same = former and number and student_numbers.folded(former) == student_numbers.folded(number)
    if former and not is_same:
        plan.add(student_numbers.withdrawing(former, user_id))
    if number and not is_same:
        plan.add(student_numbers.claiming(number, user_id))
    if former and was and not (is_same and becomes):
        plan.add(student_numbers.releasing(former, user_id))
    if number and becomes and not (is_same and was):
        plan.add(student_numbers.verifying(number, user_id), student_numbers.verified_for_another(number))


def _commit(state: _CampusState, plan: _CampusPlan, actor: Account | None) -> None:
    """Write a plan. Raises ConditionFailed where the person or the actor has changed, else what the failure means."""
    account, profile = state.account, state.profile
    same: Condition = (Account.status == account.status) & (Account.role == account.role)
    same &= Account.email == account.email
    first: list[Write] = [
        operations.change(
            profile.place,
            [*plan.profile, CampusProfile.version.add(1)],
            CampusProfile.pk.exists() & (CampusProfile.version == profile.version),
        ),
        operations.change(account.place, plan.account, same) if plan.account else operations.check(account.place, same),
    ]
    if actor is not None and actor.account_id != account.account_id:
        still = (Account.role == actor.role) & (Account.status == AccountStatus.ACTIVE)
        first.append(operations.check(actor.place, still))
    cut_off = lock_outs.revocations(Portal.CAMPUS, account.account_id) if plan.ends_access else []
    try:
        operations.commit(*first, *plan.beside, *cut_off)
    except operations.ConditionFailed as failure:
        if min(failure.failures) >= len(first):
            for place in failure.failures:
                refusal = plan.refusals.get(place - len(first))
                if refusal is not None:
                    raise refusal from failure
        raise


def _follow_up(state: _CampusState, after: Mapping[str, Any], plan: _CampusPlan, *, by: str | None) -> None:
    user_id = state.account.account_id
    if plan.ends_access:
        lock_outs.forget()
    accounts.log_security_event(
        "campus user changed", account_id=user_id, by=by or user_id, changed=" ".join(sorted(after))
    )
    if "email" in after:
        notices.send(notices.owner(state.account), Changed.EMAIL)
