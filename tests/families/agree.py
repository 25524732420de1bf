"""Hold what `elsewhere.py` wrote in several places against each other and against the lock.

    python agree.py PLACE …     folders with draw.json, and climb.json where ladders were climbed

Prints a table and every difference, and ends with 1 if there is one: a part of a task that has other bytes,
a frozen task that is not the one of the lock, or a witness whose scores, that of the lock among them, are
further apart than its standard error.
"""

import json
import math
import sys
from pathlib import Path

LOCK = Path(__file__).parents[2] / "envs" / "suite.lock.json"


def other_bytes(draws, lock):
    """Yield a sentence for each task that two places, or a place and the lock, have otherwise."""
    (first, here), *others = draws.items()
    for name, digest in here["digests"].items():
        if name in lock and lock[name]["digest"] != digest:
            yield f"{name}: {first} draws another task than the one that is frozen"
        for place, there in others:
            parts = dict(here["parts"][name].items() ^ there["parts"][name].items())
            if parts or there["digests"][name] != digest:
                yield f"{name}: {first} and {place} differ in {', '.join(parts) or 'the digest'}"


def distances(climbs, lock, same):
    """Yield task, tier, score by place, and how many of its standard errors the scores are apart."""
    for name, ladder in next(iter(climbs.values())).items():
        for tier, frozen in lock[name]["certificate"]["rungs"]:
            # the lock has six digits; a task that is no longer the frozen one has other scores
            scores = {"lock": frozen} if name in same else {}
            scores |= {place: float(f"{c[name][tier][0]:.6g}") for place, c in climbs.items()}
            apart, error = max(scores.values()) - min(scores.values()), ladder[tier][1]
            yield name, tier, scores, apart / error if error else math.inf if apart else 0.0


def table(draws, climbs):
    """Return one line per version and result, one column per place."""
    first = next(iter(draws.values()))
    rows = [["", *draws]]
    rows += [[name, *(d["versions"][name] for d in draws.values())] for name in first["versions"]]
    rows += [
        [f"bits of {name}", *(d["floats"][name][:8] for d in draws.values())]
        for name in first["floats"]
    ]
    rows += [
        ["tasks drawn", *(str(len(d["digests"])) for d in draws.values())],
        ["ladders climbed", *(str(len(climbs.get(place, ()))) for place in draws)],
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(map(str.ljust, row, widths)).rstrip()


def main(places):
    """Print what agrees and what differs; return the status to end with."""
    lock = json.loads(LOCK.read_bytes())["tasks"]
    draws, climbs = (
        {
            path.name: json.loads(found.read_bytes())
            for path in places
            if (found := path / name).exists()
        }
        for name in ("draw.json", "climb.json")
    )
    print(*table(draws, climbs), sep="\n")
    found = list(other_bytes(draws, lock))
    here = next(iter(draws.values()))["digests"]
    same = {name for name, entry in lock.items() if here.get(name) == entry["digest"]}
    measured = list(distances(climbs, lock, same))
    equal = sum(apart == 0 for *_, apart in measured)
    name, tier, _, worst = max(measured, key=lambda line: line[-1])
    print(
        f"{equal} of {len(measured)} scores equal; furthest: {name} {tier}, {worst:.2f} s.e. apart"
    )
    for name, tier, scores, apart in measured:
        if apart > 1:
            known = ", ".join(f"{place} {score:.6g}" for place, score in scores.items())
            found.append(f"{name}: {tier} scores {apart:.2f} s.e. apart: {known}")
    print(*(f"DIFFERS: {line}" for line in found), sep="\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main([Path(place) for place in sys.argv[1:]]))
