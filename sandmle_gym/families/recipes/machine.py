"""What witness programs that rebuild a machine are made of; read as text by `programs`, never imported."""

# Programs that an agent could have written carry no annotations.
# ruff: noqa: ANN001, ANN201

from difflib import SequenceMatcher

from sandmle_gym.families.recipes.inflection import commonest


def most_alike(texts):
    """Return the text that is most like all others on average."""
    tried = sorted(set(texts), key=lambda text: (-len(text), text))[:40]
    others = texts[:60]
    return max(
        tried, key=lambda text: sum(SequenceMatcher(None, text, one).ratio() for one in others)
    )


def slots_of(series, nothing=(), switch=None, undo=None, repeats=False, late=()):
    """Return what is answered, in the order of the answers: pairs of event and state of the switch."""
    slots, waiting, state, before = [], None, 0, None
    for event in series:
        if event == switch:
            state = 1 - state
        elif event == undo:
            del slots[-1:]
        elif event not in nothing and not (repeats and event == before):
            if event in late and waiting is None:
                waiting = (event, state)
            else:
                slots += [(event, state)] if waiting is None else [(event, state), waiting]
                waiting = None
        before = event
    return slots if waiting is None else [*slots, waiting]


def machine_answers(series, given, asked, rules):
    """Return the answers to each series: the table is learned where rules and answers are equally long."""
    votes = []
    for events, answers in zip(series, given, strict=True):
        slots = slots_of(events, **rules)
        if len(slots) == len(answers):
            votes += zip(slots, answers, strict=True)
    table = commonest(votes)
    return [
        [table[slot] for slot in slots_of(events, **rules) if slot in table] for events in asked
    ]
