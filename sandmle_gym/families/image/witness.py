"""The witness ladder of a picture task: what each tier of information measures on the same pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandmle_gym.bundle import TIERS
from sandmle_gym.families.image.budget import Part
from sandmle_gym.families.image.outcomes import Asked
from sandmle_gym.families.image.traps import Trap
from sandmle_gym.families.programs import program

READ = 'train, test = pd.read_csv("train.csv"), pd.read_csv("test.csv")\n'
LOAD = 'pictures = load_pictures([*train["image"], *test["image"]])\n'

ABOUT = {
    "trivial": "the best prediction that looks at no picture",
    "competent": "colours, thumbnails and edges of clean pictures, two standard models blended",
    "insight": "the same blend after the most valuable measurement",
    "insights": "the same blend after every measurement worth making",
    "expert": "only what decides, measured, in a model of the right form",
}


@dataclass(frozen=True)
class Tier:
    """How one tier looks at `pictures`: lines that set `features`, and whether its form is the exact one."""

    lines: str
    exact: bool = False


def programs(
    title: str,
    id_column: str,
    asked: Asked,
    traps: tuple[Trap, ...],
    tiers: dict[str, Tier],
) -> dict[str, str]:
    """Write the program of every tier; `tiers` holds all but trivial."""
    rows = "".join(trap.rows_line() for trap in traps)
    pictures = "".join(trap.pictures_line() for trap in reversed(traps))
    careful = f"# look out for traps\n{rows}" if rows else ""
    write = (
        f'pd.DataFrame({{"{id_column}": test["{id_column}"], **answer}})'
        '.to_csv("submission.csv", index=False)\n'
    )
    bodies = {"trivial": f"{READ}{asked.start}{asked.trivial}"}
    for name, tier in tiers.items():
        fit = asked.exact if tier.exact else asked.generic
        bodies[name] = (
            f"{READ}{careful}{asked.start}{LOAD}{pictures}# measure\n{tier.lines}# fit and decide\n{fit}"
        )
    return {name: program(f"{title}: {ABOUT[name]}.", bodies[name] + write) for name in TIERS}


def designed(parts: Sequence[Part], measures: Mapping[str, str]) -> str:
    """Return the expression of the columns that follow the true form of a hidden number."""
    straight, bent = (
        ", ".join(measures[part.factor] for part in parts if (part.role == "curved") is curved)
        for curved in (False, True)
    )
    return f"np.column_stack([standard_columns([{straight}]), curved_columns([{bent}])])"


def measured(
    look: str,
    measures: Mapping[str, str],
    parts: Sequence[Part],
    exact: Mapping[str, str] | None = None,
) -> dict[str, Tier]:
    """Return the tiers of a scene whose factors have one measure each.

    Curved factors are left to the expert: what is good in the middle, or at both ends, correlates with
    nothing, so only who expects it goes and measures it.

    Args:
        look: Lines that prepare what the measures name.
        measures: Factor -> expression of its columns.
        parts: What decides, the most valuable insight first.
        exact: Factor -> better expression, which only the expert knows.
    """
    known = "features = standard_columns(generic_columns(pictures))\n"
    insights = [part.factor for part in parts if part.role == "insight"]

    def noticed(factors: list[str]) -> str:
        doubled = f"2 * standard_columns([{', '.join(measures[name] for name in factors)}])"
        return f"{known}{look}features = np.column_stack([features, {doubled}])\n"

    exactly = designed(parts, {**measures, **(exact or {})})
    return {
        "competent": Tier(known),
        "insight": Tier(noticed(insights[:1])),
        "insights": Tier(noticed(insights)),
        "expert": Tier(f"{look}features = {exactly}\n", exact=True),
    }
