"""The hardened form for a cluster: the warm zygote inside one long-lived container of this process.

Episodes are the same walled forks as in the warm backend, so a step costs milliseconds; the container adds
a second wall around all of them, limits on all together, and an image that is equal on every machine.
"""

from sandmle_gym.sandbox.docker.backend import DockerBackend
from sandmle_gym.sandbox.docker.engine import IMAGE, Container

__all__ = ["IMAGE", "Container", "DockerBackend"]
