"""Which of the walls that depend on the machine are in force, asked inside an episode."""

import json
from typing import Any

from sandmle_gym.sandbox.base import ExecResult, Sandbox
from sandmle_gym.sandbox.warm import preload

_QUESTION = """
import importlib.util, json, os, resource
with open("/etc/walls.json") as file:
    facts = json.load(file)
with open("/proc/self/status") as file:
    status = {name: value for name, _, value in (line.rstrip().partition(":\\t") for line in file)}
facts["held"] = status["NoNewPrivs"] == "1" and status["Seccomp"] == "2" and int(status["CapBnd"], 16) == 0
_, most = resource.getrlimit(resource.RLIMIT_NPROC)
resource.setrlimit(resource.RLIMIT_NPROC, (1, most))
try:
    os.fork() or os._exit(0)
    facts["counted"] = False
except OSError:
    facts["counted"] = True
def installed(name):
    parts = name.split(".")
    return all(importlib.util.find_spec(".".join(parts[:n])) for n in range(1, len(parts) + 1))
facts["missing"] = [name for name in {modules!r} if not installed(name)]
print(json.dumps(facts))
"""


def ask(sandbox: Sandbox) -> tuple[ExecResult, dict[str, Any]]:
    """Run a first command in an episode; return how it ended, and the facts that it told."""
    profiles = [preload.PROFILES[name] for name in preload.DEFAULT]
    modules = sorted({module for profile in profiles for module in profile.modules})
    result = sandbox.run("python", _QUESTION.replace("{modules!r}", repr(modules)), seconds=30)
    return result, json.loads(result.head) if result.ok else {}


def missing(result: ExecResult, facts: dict[str, Any]) -> str:
    """Say which wall that every machine must have does not stand; empty when all do."""
    if not result.ok:
        return f"a first command ended as {result.status} {result.exit_code}"
    if not facts["held"]:
        return "agent code is not confined: it has capabilities, or no system-call filter"
    if not facts["counted"]:
        return (
            "the limit on processes does not bind this user, who seems to be user 0 of the machine within "
            "a user namespace; run as an ordinary user, or as root outside of it"
        )
    return ""


def layers(facts: dict[str, Any]) -> tuple[str, ...]:
    """Name the layers in force besides those that every machine has."""
    found = []
    if facts["landlock"]:
        found.append(f"Landlock (ABI {facts['landlock']})")
    if "cgroups" in facts:
        found.append(f"{facts['cgroups']}: memory and processes of all episodes together")
    return tuple(found)


def notes(facts: dict[str, Any]) -> tuple[str, ...]:
    """Say what is weaker here than elsewhere, and why."""
    found = []
    if not facts["landlock"]:
        found.append("this kernel offers no Landlock: mounts alone keep files from being changed")
    if "no_cgroups" in facts:
        found.append(f"no cap on all episodes together: {facts['no_cgroups']}")
    if facts["missing"]:
        found.append(f"not installed, so not imported in advance: {', '.join(facts['missing'])}")
    return tuple(found)
