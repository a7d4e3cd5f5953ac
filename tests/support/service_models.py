"""Caches for the whole run what botocore and moto build again for each client and each cloud.

A test makes its clients in sessions of its own; every session would list 400 folders, parse megabytes of JSON and
look through the handlers again: nine tenths of what a client costs. Only botocore changes them, and it merges
the same extras in each time. No code signs with the key pair that moto generates for every symmetric key.
"""

import os
import threading
from typing import Any

import boto3.session
import botocore.session
from botocore.loaders import JSONFileLoader, Loader
from botocore.session import Session
from moto.kms import models as kms_models
from moto.kms import utils as kms_utils

_parsed: dict[str, Any] = {}
_load_file = JSONFileLoader.load_file
_listed: dict[str, Any] = {}
_list = Loader.list_available_services
_new_session = botocore.session.get_session
# Clients of one session cannot be made by two threads at once.
_local = threading.local()
_key_pairs: dict[str, Any] = {}
_new_key_pair = kms_utils.generate_private_key
_register_handlers = boto3.session.Session._register_default_handlers  # type: ignore[attr-defined]


def _load_once(self: Any, file_path: str) -> Any:
    if file_path not in _parsed:
        _parsed[file_path] = _load_file(self, file_path)
    return _parsed[file_path]


def _list_once(self: Any, type_name: str) -> Any:
    if type_name not in _listed:
        _listed[type_name] = _list(self, type_name)
    return _listed[type_name]


def _session(env_vars: Any = None) -> Session:
    # A session keeps the credentials that it has read once.
    access_key = os.environ.get("AWS_ACCESS_KEY_ID")
    if getattr(_local, "access_key", _local) != access_key:
        _local.access_key, _local.session = access_key, _new_session(env_vars)
    session: Session = _local.session
    return session


def _register_once(self: Any) -> None:
    """Give a shared session the handlers of boto3 once: each cloud of moto has a default session of boto3."""
    session = self._session
    if not hasattr(session, "has_handlers_of_boto3"):
        session.has_handlers_of_boto3 = True
        _register_handlers(self)


def _key_pair(key_spec: str) -> Any:
    if key_spec not in _key_pairs:
        _key_pairs[key_spec] = _new_key_pair(key_spec)
    return _key_pairs[key_spec]


def install() -> None:
    """Install the sharing, before any module imports `get_session`."""
    JSONFileLoader.load_file = _load_once  # type: ignore[method-assign]
    Loader.list_available_services = _list_once  # type: ignore[method-assign]
    botocore.session.get_session = _session
    boto3.session.Session._register_default_handlers = _register_once  # type: ignore[attr-defined]
    kms_models.generate_private_key = _key_pair  # type: ignore[attr-defined]
