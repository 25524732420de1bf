"""What witness programs of essays, pairs and spans are made of; read as text, never imported."""

# Programs that an agent could have written carry no annotations.
# ruff: noqa: ANN001, ANN201

import re
from collections import Counter
from itertools import pairwise

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import LogisticRegression

from sandmle_gym.families.recipes.text import counted, letter_runs, word_runs


def sentences_of(text):
    """Split a text where its sentences end."""
    return [part for part in re.split(r"[.!?]\s*", text.lower()) if part]


def distinct(texts):
    """Return the different sentences of each text, each as a list of words, in order."""
    return [[s.split() for s in dict.fromkeys(sentences_of(text))] for text in texts]


def essay_surface(texts):
    """Return numbers that any grader of essays starts from: sizes, and the main directions of the words."""
    sizes = [[len(text), len(sentences_of(text)), len(text.split())] for text in texts]
    sizes = np.log(np.array(sizes, dtype=float))
    sizes = np.column_stack([sizes, sizes[:, 0] - sizes[:, 2]])
    topics = TruncatedSVD(12, random_state=0).fit_transform(word_runs(texts, 1))
    matrix = np.hstack([sizes, topics])
    return (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)


def error_rates(texts):
    """Return the share of words that occur in almost no text."""
    words = distinct(texts)
    seen = Counter(word for text in words for word in {w for s in text for w in s})
    rare = {word for word, count in seen.items() if count < 0.02 * len(texts)}
    return np.array([np.mean([word in rare for s in text for word in s]) for text in words])


def overlaps(texts, questions):
    """Return the share of sentences that name a thing from the question; everyday words do not count."""
    words = distinct(texts)
    everyday = Counter(word for text in words for s in text for word in s)
    total = sum(everyday.values())
    shares = []
    for text, question in zip(words, questions, strict=True):
        named = re.findall(r"\w{4,}", question.lower())
        asked = {word for word in named if everyday[word] < 0.012 * total}
        shares.append(np.mean([bool(asked & set(s)) for s in text]))
    return np.array(shares)


def threads(texts):
    """Return the share of sentences that take up a rarer word from the end of the one before."""
    words = distinct(texts)
    seen = Counter(word for text in words for s in text for word in s)
    total = sum(seen.values())
    rarer = {word for word, count in seen.items() if count < 0.012 * total}
    shares = []
    for text in words:
        kept = [[word for word in s if word in rarer] for s in text]
        shares.append(np.mean([bool(a and b and a[-1] == b[0]) for a, b in pairwise(kept)]))
    return np.array(shares)


def lengths(texts):
    """Return the number of different sentences."""
    return np.array([len(text) for text in distinct(texts)], dtype=float)


def shared_words(left, right):
    """Return what two texts share as they are written: words, runs of letters, and their sizes."""
    rows = []
    for pair in zip(left, right, strict=True):
        a, b = (set(re.findall(r"\w+", text.lower())) for text in pair)
        rows.append(
            [len(a & b) / len(a | b), len(a & b), len(a), len(b), len(pair[0]) - len(pair[1])]
        )
    matrix = letter_runs(left + right)
    n = len(left)
    cosine = np.asarray(matrix[:n].multiply(matrix[n:]).sum(axis=1)).ravel()
    table = np.column_stack([rows, cosine])
    return (table - table.mean(axis=0)) / table.std(axis=0)


def senses_of(text, sense, denials):
    """Return the senses that a text names, each with -1 where it is denied, else 1."""
    marked = re.sub(rf"\b(?:{'|'.join(denials)}) (?=\w)", "no_", text.lower())
    words = re.findall(r"\w+", marked)
    signs = {word.removeprefix("no_"): -1 if word.startswith("no_") else 1 for word in words}
    return {sense[word]: sign for word, sign in signs.items() if word in sense}


def shared_senses(left, right, sense):
    """Return how many senses two texts share."""
    pairs = zip(left, right, strict=True)
    found = [[senses_of(text, sense, ["no such word"]) for text in pair] for pair in pairs]
    return np.array([len(set(a) & set(b)) for a, b in found], dtype=float)


def denied_senses(left, right, sense, denials):
    """Return, for two texts, how many shared senses just one of them denies, and the difference."""
    rows = []
    for a, b in zip(left, right, strict=True):
        a, b = senses_of(a, sense, denials), senses_of(b, sense, denials)
        signs = [a[s] * b[s] for s in set(a) & set(b)]
        rows.append([signs.count(-1), sum(signs)])
    return np.array(rows, dtype=float)


def sense_kinds(texts, sense):
    """Group senses that never stand in one text: each text names one sense of every kind."""
    names = sorted(set(sense.values()))
    place = {name: k for k, name in enumerate(names)}
    shown = np.zeros((len(texts), len(names)))
    for row, text in enumerate(texts):
        shown[row, [place[sense[w]] for w in re.findall(r"\w+", text.lower()) if w in sense]] = 1
    together = shown.T @ shown
    kinds, left = {}, set(range(len(names)))
    while left:
        first = min(left)
        group = [k for k in sorted(left) if together[first, k] == 0 or k == first]
        kinds |= dict.fromkeys((names[k] for k in group), len(set(kinds.values())))
        left -= set(group)
    return kinds


def signed_agreement(left, right, sense, denials, kinds):
    """Return for each pair and kind 1 where both say or deny the same, -1 where one denies it, else 0."""
    matrix = np.zeros((len(left), max(kinds.values()) + 1))
    for row, (a, b) in enumerate(zip(left, right, strict=True)):
        a, b = senses_of(a, sense, denials), senses_of(b, sense, denials)
        for s in set(a) & set(b):
            matrix[row, kinds[s]] = a[s] * b[s]
    return matrix


def words_of(text):
    """Split a text at blanks; signs stay with their words."""
    return text.split()


def bare(word):
    """Return a word in lower case without the sign at its end."""
    return word.lower().rstrip(".,;!?")


def place_of(row, span):
    """Return where a span begins and ends among the words of its text."""
    wanted, found = [bare(word) for word in span.split()], [bare(word) for word in row]
    size = len(wanted)
    start = next((k for k in range(len(found)) if found[k : k + size] == wanted), 0)
    return start, start + size


def span_chances(words, spans, places):
    """Return, for the words of each test text, the log odds that they are in the span.

    Places are the parts of the train texts that are learned from.
    """
    rows = []
    for row in words:
        plain = ["<", *map(bare, row), ">"]
        for k, word in enumerate(row):
            names = [
                f"w={plain[k + 1]}",
                f"p={plain[k]}",
                f"n={plain[k + 2]}",
                f"s={word[-1].isalnum()}",
            ]
            rows.append(dict.fromkeys(names, 1))
    n = len(spans)
    known = sum(map(len, words[:n]))
    inside, learned = np.zeros(known, dtype=int), np.zeros(known, dtype=bool)
    begin = 0
    for row, span, place in zip(words[:n], spans, places, strict=True):
        start, end = place_of(row, span)
        inside[begin + start : begin + end] = 1
        learned[begin + place[0] : begin + place[1]] = True
        begin += len(row)
    matrix = counted(rows, known)
    model = LogisticRegression(C=1.0, max_iter=300).fit(matrix[:known][learned], inside[learned])
    odds = model.decision_function(matrix[known:])
    return np.split(odds, np.cumsum([len(row) for row in words[n:]])[:-1])


def best_window(row, odds, place=None):
    """Return the run of words whose log odds have the largest sum, within a place if there is one."""
    first, last = place or (0, len(row))
    best, window = -np.inf, (first, first + 1)
    for start in range(first, last):
        sums = np.cumsum(odds[start:last])
        end = int(sums.argmax())
        if sums[end] > best:
            best, window = sums[end], (start, start + end + 1)
    found = " ".join(row[slice(*window)])
    return found.rstrip(".,;!?")


def negated_context(words, labels, marks):
    """Return the label of every word, turned round behind a negation up to the end of the clause."""
    other = dict(zip(sorted(set(labels)), sorted(set(labels), reverse=True), strict=True))
    contexts = []
    for row, label in zip(words, labels, strict=True):
        found, turned = [], 0
        for word in row:
            turned = 3 if bare(word) in marks else turned - 1
            found.append(other[label] if turned > 0 else label)
            if not word[-1].isalnum():
                turned = 0
        contexts.append(found)
    return contexts


def clause_places(words):
    """Return where the clauses of each text begin and end."""
    places = []
    for row in words:
        ends = [k + 1 for k, word in enumerate(row) if not word[-1].isalnum()]
        places.append(list(zip([0, *ends[:-1]], ends, strict=True)))
    return places


def holding(clauses, words, spans):
    """Return the place of the clause of each train text that holds its span."""
    found = []
    for places, row, span in zip(clauses, words, spans, strict=False):
        start, _ = place_of(row, span)
        found.append(next(place for place in places if place[0] <= start < place[1]))
    return found


def telling_clauses(words, clauses, contexts, spans, name):
    """Return the place of the clause of each test text that holds the span, by names of words and labels."""
    rows, counts = [], []
    for row, places, context in zip(words, clauses, contexts, strict=True):
        counts.append(len(places))
        for start, end in places:
            found = zip(row[start:end], context[start:end], strict=True)
            rows.append(Counter(f"{name(bare(word))} {label}" for word, label in found))
    n = len(spans)
    known = sum(counts[:n])
    true = holding(clauses, words, spans)
    holds = [
        place == right for places, right in zip(clauses[:n], true, strict=True) for place in places
    ]
    matrix = counted(rows, known)
    model = LogisticRegression(C=1.0, max_iter=300).fit(matrix[:known], holds)
    odds = np.split(model.decision_function(matrix[known:]), np.cumsum(counts[n:])[:-1])
    return [places[int(score.argmax())] for places, score in zip(clauses[n:], odds, strict=True)]
