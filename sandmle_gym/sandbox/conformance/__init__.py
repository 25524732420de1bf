"""The laws of a sandbox as executable checks, for our backends and for anybody's own.

    subject = Subject(make=MyBackend, root=directory)   # MyBackend(public_root) -> Backend
    for check in CHECKS:
        check.run(subject)                              # AssertionError names what is broken

Checks with `isolation` set hold only where `Backend.isolated` is true, and attack: run them on nothing else.
"""

from sandmle_gym.sandbox.conformance import contract, endings, files, isolation, limits
from sandmle_gym.sandbox.conformance.subject import Check, Subject, registered

CHECKS: tuple[Check, ...] = registered()
"""Every check, in the order of the files."""

__all__ = ["CHECKS", "Check", "Subject", "contract", "endings", "files", "isolation", "limits"]
