"""The key of a private suite: the generator is public, so a secret in its seeds keeps it private.

The key is read from a file or the environment, never from the command line, which every process can
see. It goes into the seeds by HMAC and nowhere else: lock, journal and task folders hold a check value.
"""

import hmac
import os
from pathlib import Path

from sandmle_gym.errors import UserError

KEY, KEY_FILE = "SANDMLE_SUITE_KEY", "SANDMLE_SUITE_KEY_FILE"
"""Environment variables: the key itself, or a file that holds it."""
MIN_BYTES = 16


def read_key() -> bytes:
    """Return the key.

    Raises:
        UserError: There is none, it cannot be read, or it is so short that it can be guessed.
    """
    path = os.environ.get(KEY_FILE)
    try:
        key = Path(path).read_bytes().strip() if path else os.environ.get(KEY, "").encode()
    except OSError as error:
        raise UserError(f"the file named by {KEY_FILE} cannot be read: {error.strerror}") from error
    if len(key) < MIN_BYTES:
        raise UserError(
            f"a private suite needs a key of at least {MIN_BYTES} bytes: set {KEY_FILE} to a file "
            f"that holds it (or {KEY} to the key itself)"
        )
    return key


def key_check(key: bytes) -> str:
    """Return what tells a right key from a wrong one without giving it away; "" for no key."""
    return hmac.new(key, b"sandmle private suite", "sha256").hexdigest()[:16] if key else ""


def key_for(check: str) -> bytes:
    """Return the key that a lock needs, none for a public one.

    Raises:
        UserError: There is none, or it is another one.
    """
    if not check:
        return b""
    key = read_key()
    if not hmac.compare_digest(key_check(key), check):
        raise UserError("this is not the key that the suite was frozen with")
    return key
