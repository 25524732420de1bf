"""Task families: from a seed card and an index to a task, by pure functions.

    card = load_card(path)                      words and ranges, checked
    spec = derive(card, index, attempt)         everything that decides the task
    bundle = draw(spec)                         files, witness programs, Bayes-optimal submission

Equal arguments give equal bytes in every process and on every machine. A family is one module called
`<modality>_<what>.py`; an insight unit is one module of `units`.
"""

from typing import TYPE_CHECKING, Any

from sandmle_gym.families.registry import family_names

if TYPE_CHECKING:
    from sandmle_gym.bundle import TaskBundle
    from sandmle_gym.families.card import SeedCard, load_card
    from sandmle_gym.spec import TaskSpec

__all__ = ["SeedCard", "derive", "draw", "family_names", "load_card"]


def derive(card: "SeedCard", index: int, attempt: int = 0) -> "TaskSpec":
    """Return the recipe of a task.

    Args:
        card: The seed card.
        index: Which of its tasks, from 0 on; the stream has no end.
        attempt: Position in the schedule of redraws; later ones are a little easier to certify.

    Raises:
        UserError: The index or the attempt is negative.
    """
    from sandmle_gym.errors import UserError
    from sandmle_gym.families.registry import get_family
    from sandmle_gym.seeding import stream
    from sandmle_gym.spec import TaskSpec

    if index < 0 or attempt < 0:
        raise UserError(f"index and attempt start at 0, not at {index} and {attempt}")
    rng = stream(card.slug, index, attempt, "derive")
    knobs = get_family(card.family).derive(card, rng, attempt)
    return TaskSpec(
        card=card.slug,
        index=index,
        attempt=attempt,
        family=card.family,
        knobs=knobs.model_dump(mode="json"),
    )


def draw(spec: "TaskSpec") -> "TaskBundle":
    """Draw the task of a recipe, without milestones; at most 50 ms once everything is imported.

    Raises:
        UnknownNameError: The recipe names no family.
        CardError: Its knobs do not fit the family.
    """
    from sandmle_gym.families.registry import get_family

    return get_family(spec.family).draw(spec)


def __getattr__(name: str) -> Any:
    if name in ("SeedCard", "load_card"):
        from sandmle_gym.families import card

        return getattr(card, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
