"""The default backend: every episode is a walled fork of a process that has imported the stack already."""

from sandmle_gym.sandbox.warm.backend import WarmBackend

__all__ = ["WarmBackend"]
