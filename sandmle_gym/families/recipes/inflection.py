"""What witness programs that inflect words are made of; read as text by `programs`, never imported."""

# Programs that an agent could have written carry no annotations.
# ruff: noqa: ANN001, ANN201, ANN202

from collections import Counter, defaultdict


def commonest(pairs):
    """Return for each key the value it comes with most often."""
    votes = defaultdict(Counter)
    for key, value in pairs:
        votes[key][value] += 1
    return {key: counter.most_common(1)[0][0] for key, counter in votes.items()}


def preposition_of(words):
    """Return the last word that is no figure."""
    return next((word for word in reversed(words) if not word.isdigit()), "")


def amount_of(words):
    """Return 0 for one, 1 for few and 2 for many, by the last figure; None without a number."""
    if not words[-1].isdigit():
        return None
    number = int(words[-1])
    last = 0 if 10 < number < 20 else number % 10
    return 0 if last == 1 else 1 if 2 <= last <= 4 else 2


def change_of(token, said):
    """Return how many letters a token loses, and what it gains."""
    same = len(token) if token == said else len(shared_end([token[::-1], said[::-1]]))
    return len(token) - same, said[same:]


def shared_end(texts):
    """Return the longest ending that all texts share; nothing where there is only one text."""
    if len(set(texts)) < 2:
        return ""
    first, last = min(text[::-1] for text in texts), max(text[::-1] for text in texts)
    size = next(
        (k for k, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first)
    )
    return first[:size][::-1]


def inflected(tokens, context, after, asked, around, key, compose=False):  # noqa: PLR0913
    """Return readings: nouns by the commonest change of each key, figures by parts and ending of each key."""
    rows = list(zip(tokens, context, after, strict=True))
    changes = commonest(
        (key(words), change_of(t, said)) for t, words, said in rows if words[-1].isdigit()
    )
    anywhere = commonest(
        ((), change_of(t, said)) for t, words, said in rows if words[-1].isdigit()
    )[()]
    ruled = [(t, preposition_of(words) if key(words) else (), said) for t, words, said in rows]
    read = figure_reader([row for row in ruled if row[0].isdigit()], compose)
    said = []
    for token, words in zip(asked, around, strict=True):
        if token.isdigit():
            said.append(read(token, preposition_of(words) if key(words) else ()))
        elif words[-1].isdigit():
            drop, gain = changes.get(key(words), anywhere)
            said.append(token[: len(token) - drop] + gain)
        else:
            said.append(token)
    return said


def figure_reader(rows, compose):
    """Return a function of a figure and a key; endings are what all readings with the same key share."""
    by_key = defaultdict(list)
    for _, key, said in rows:
        by_key[key].append(said)
    ends = {key: shared_end(texts) for key, texts in by_key.items()}
    stems = commonest((token, said[: len(said) - len(ends[key])]) for token, key, said in rows)
    parts = {}
    if compose:
        for token, stem in stems.items():
            words = stem.split()
            if len(token) == 2:
                parts[token[0], "tens"] = words[0]
            if token[-1] != "0":
                parts[token[-1], "ones"] = words[-1]

    def read(token, key):
        if compose:
            tens = parts.get((token[0], "tens"), "") if len(token) == 2 else ""
            stem = f"{tens} {parts.get((token[-1], 'ones'), '')}".strip()
        else:
            stem = stems.get(token, token)
        return stem + ends.get(key, "")

    return read


def sound_of(noun):
    """Return how a noun ends, and whether its last vowel is a front one."""
    vowels = [letter for letter in noun if letter in "aeiou"]
    end = "vowel" if noun[-1] in "aeiou" else "soft" if noun[-1] in "lmnr" else "hard"
    return end, vowels[-1] in "ei"


def with_nouns(tokens, context, after, asked, around, said):
    """Return readings with the nouns inflected by parts: ending of case, and what stands before it.

    The case goes by preposition and vowel, the rest by amount and last letter. Prepositions after which
    figures end alike rule the same case.
    """
    figures = defaultdict(list)
    for token, words, reading in zip(tokens, context, after, strict=True):
        if token.isdigit():
            figures[preposition_of(words)].append(reading)
    case_of = {word: shared_end(texts) for word, texts in figures.items()}
    rows = [(t, w, a) for t, w, a in zip(tokens, context, after, strict=True) if w[-1].isdigit()]
    endings = defaultdict(list)
    for noun, words, reading in rows:
        endings[case_of.get(preposition_of(words)), sound_of(noun)[1]].append(reading)
    cases = {key: shared_end(texts) for key, texts in endings.items()}
    pairs = []
    for noun, words, reading in rows:
        case = cases[case_of.get(preposition_of(words)), sound_of(noun)[1]]
        change = change_of(noun, reading[: len(reading) - len(case)])
        pairs.append(((amount_of(words), sound_of(noun)[0]), change))
    changes = commonest(pairs)
    for row, (noun, words) in enumerate(zip(asked, around, strict=True)):
        end, front = sound_of(noun) if words[-1].isdigit() else ("", False)
        key = (case_of.get(preposition_of(words)), front)
        if words[-1].isdigit() and key in cases and (amount_of(words), end) in changes:
            drop, gain = changes[amount_of(words), end]
            said[row] = noun[: len(noun) - drop] + gain + cases[key]
    return said
