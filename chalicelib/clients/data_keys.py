"""Data keys: made and unwrapped by KMS, whose master key never leaves it.

The owner is KMS's encryption context: a wrapped key is worth nothing under another owner's name.
"""

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.botocore_session import passes_by_itself
from chalicelib.clients.aws import client
from chalicelib.config import config
from chalicelib.errors import Unavailable

# AWS KMS: the errors of "GenerateDataKey" and "Decrypt" that pass by themselves.
_BUSY = {"ThrottlingException", "KMSInternalException", "DependencyTimeoutException", "KeyUnavailableException"}


def generate(owner_id: str) -> tuple[bytes, bytes]:
    """Return a fresh 256-bit key and the same key wrapped. Raises Unavailable."""
    answer = _ask("generate_data_key", owner_id, KeySpec="AES_256")
    return answer["Plaintext"], answer["CiphertextBlob"]


def unwrap(owner_id: str, wrapped: bytes) -> bytes:
    """Return an owner's key. Raises Unavailable, and botocore's ClientError for another owner's."""
    return _ask("decrypt", owner_id, CiphertextBlob=wrapped)["Plaintext"]


def _ask(operation: str, owner_id: str, **arguments: object) -> dict[str, bytes]:
    try:
        answer: dict[str, bytes] = getattr(client("kms"), operation)(
            KeyId=config().data_key_id, EncryptionContext={"owner": owner_id}, **arguments
        )
    except ClientError as error:
        if passes_by_itself(error, _BUSY):
            raise Unavailable(retry_after=1) from error
        raise
    except BotoCoreError as error:
        raise Unavailable(retry_after=1) from error
    return answer
