"""Requests of the campus portal: registration, log-in, passwords, the own profile."""

import itertools
from collections.abc import Callable
from typing import Any

from chalicelib.domain.campus.people import campus_log_ins
from chalicelib.schemas.examples import demo
from chalicelib.vocabulary.access import Portal
from infra.local.demo import demo_passwords
from tests.contract.request import Request
from tests.support.campus import PASSWORD, make_campus_user
from tests.support.codes import code_for, texts

_NEW = "another password of tests"
_numbers = itertools.count(1)


def _register(_: Any) -> Request:
    name = f"new{next(_numbers)}"
    return Request(
        {
            "username": name,
            "email": f"{name}@campus.example.com",
            "password": PASSWORD,
            "first_name": "Sana",
            "last_name": "Khan",
            "student_id": name,
            "department": demo.DEPARTMENT,
            "campus": demo.CAMPUS,
            "year_level": demo.YEAR_LEVEL,
        }
    )


def _reset(ground: Any) -> Request:
    texts()
    email = make_campus_user(ground.campus).email
    campus_log_ins.forget_password(email, address=f"place {email}")
    return Request({"email": email, "code": code_for(email), "new_password": _NEW})


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "campus_register": _register,
    "campus_login": lambda _: Request({"username": demo.STUDENT_EMAIL, "password": demo_passwords.CAMPUS}),
    "campus_refresh": lambda ground: Request({"refresh": ground.session(Portal.CAMPUS).refresh}),
    "campus_logout": lambda _: Request(),
    "campus_change_password": lambda _: Request(
        {"old_password": PASSWORD, "new_password": "another password of tests"}
    ),
    "campus_password_reset": lambda _: Request({"email": f"lost{next(_numbers)}@campus.example.com"}),
    "campus_password_reset_confirm": _reset,
    "campus_profile": lambda _: Request(),
    "campus_update_profile": lambda _: Request({"year_level": demo.YEAR_LEVEL}),
}
