"""The functions of witness programs that read text; read as text by `programs`, never imported.

All models are linear: with 50-200 short texts nothing larger pays.
"""

# Programs that an agent could have written carry no annotations.
# ruff: noqa: ANN001, ANN201

import html
import re

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.cluster import AgglomerativeClustering
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.model_selection import StratifiedKFold

from sandmle_gym.families.recipes.tabular import linear_classes, log_loss


def letter_runs(texts):
    """Return TF-IDF of runs of two to four characters within words."""
    reader = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=2, sublinear_tf=True)
    return reader.fit_transform(texts)


def word_runs(texts, longest=2):
    """Return TF-IDF of words and of runs of words; a word is what stands between blanks and commas."""
    reader = TfidfVectorizer(
        token_pattern=r"[^\s.,;:!?()\"]+", ngram_range=(1, longest), min_df=2, sublinear_tf=True
    )
    return reader.fit_transform(texts)


def blend_texts(texts, target, classes):
    """Return out-of-fold and test probabilities, the mean of a model of words and one of characters."""
    pairs = [
        linear_classes(matrix, target, classes, 0)
        for matrix in (word_runs(texts), letter_runs(texts))
    ]
    return [(words + runs) / 2 for words, runs in zip(*pairs, strict=True)]


LETTERS = str.maketrans("43107$@", "aeiotsa")


def undisguised(text):
    """Return a text in lower case with escapes, look-alikes, spacing and drawn-out letters undone."""
    text = re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)
    text = html.unescape(text).lower()
    text = re.sub(r"\b\w(?:([.*_-])\w)(?:\1\w)+(?!\w)", lambda f: re.sub(r"[.*_-]", "", f[0]), text)
    text = re.sub(r"\S*[a-z]\S*", lambda found: found[0].translate(LETTERS), text)
    return re.sub(r"([a-z])\1+", r"\1", text)


def clauses_of(text):
    """Split a text where a sentence or a clause ends."""
    return [part for part in re.split(r"[.!?;]+\s*|, (?:while|but) ", text) if part]


def counted(rows, count):
    """Return a sparse matrix of rows given as mappings from name to number; rare names are dropped."""
    names = sorted({name for row in rows for name in row})
    place = {name: k for k, name in enumerate(names)}
    entries = [(r, place[name], value) for r, row in enumerate(rows) for name, value in row.items()]
    at, column, value = (np.array(part) for part in zip(*entries, strict=True))
    matrix = csr_matrix((value.astype(float), (at, column)), shape=(len(rows), len(names)))
    return matrix[:, np.asarray((matrix[:count] != 0).sum(axis=0)).ravel() >= 2]


def about_near(text, elsewhere):
    """Keep the clauses of a text that do not begin with a phrase for somebody else."""
    kept = [clause for clause in clauses_of(text) if not any(who in clause for who in elsewhere)]
    return ". ".join(kept)


def negations_joined(text, negators):
    """Join each negation and the word that follows it to one word."""
    return re.sub(rf"\b(?:{'|'.join(negators)}) (?=\w)", "no_", text)


def signed_counts(texts, negators, count):
    """Return the counts of words, a negated word counting -1; rare and everyday words are left out."""
    rows = []
    for text in texts:
        row = {}
        for word in re.findall(r"\w+", negations_joined(text, negators)):
            stem = word.removeprefix("no_")
            row[stem] = row.get(stem, 0) + (-1 if word.startswith("no_") else 1)
        rows.append(row)
    return counted(rows, count)


def pieces(text):
    """Split a text into lower-case words and signs."""
    return re.findall(r"\w+|\.\.\.|[^\w\s]", text.lower())


def style_counts(texts):
    """Return standardised square roots of the shares of signs, short words and endings of words."""
    rows = []
    for text in texts:
        row = {}
        found = pieces(text)
        for piece in found:
            name = piece if len(piece) <= 5 else "-" + piece[-3:]
            row[name] = row.get(name, 0) + 1 / len(found)
        rows.append(row)
    matrix = np.sqrt(counted(rows, len(rows)).toarray())
    matrix = matrix[:, (matrix > 0).mean(axis=0) > 0.03]
    return (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)


def pooled_classes(matrices, target, classes):
    """Return out-of-fold and test probabilities, the mean of models of several matrices."""
    pairs = [linear_classes(matrix, target, classes, 0) for matrix in matrices]
    return [np.mean(parts, axis=0) for parts in zip(*pairs, strict=True)]


def best_trust(logs, target):
    """Return how far each kind of evidence is trusted: exponents that fit the out-of-fold rows."""
    logs = np.array(logs)
    trust = np.full(len(logs), 1 / len(logs))
    for _ in range(3):
        for k in range(len(trust)):
            this = np.arange(len(trust)) == k
            spread = [np.where(this, factor, trust) for factor in np.linspace(0, 1.6, 17)]
            trust = min(
                spread, key=lambda one: log_loss(target, normalised(np.tensordot(one, logs, 1)))
            )
    return trust


def habits_of(text):
    """Return the habits a text shows: lists of small or content words, of endings, and of signs."""
    found, words, endings, signs = pieces(text), [], [], []
    for piece, after in zip(found, [*found[1:], "."], strict=True):
        if not piece[0].isalnum():
            continue
        words.append(piece[:4] if len(piece) > 4 else piece)
        endings.append(piece[-3:])
        signs.append(after if not after[0].isalnum() else " ")
    return words, endings, signs


def likelihood_classes(texts, target, classes):
    """Return out-of-fold and test probabilities of naive Bayes over words, endings and signs.

    How much each kind of evidence is smoothed, and how far it is trusted, is chosen by fold.
    """
    n, shown = len(target), list(zip(*map(habits_of, texts), strict=True))
    counts = [listed_counts(kind, n) for kind in shown]
    oof, new = [], []
    for matrix in counts:
        tried = {}
        for smooth in (0.05, 0.15, 0.5, 1.5):
            guess = np.zeros((n, classes))
            for fit, held in StratifiedKFold(5, shuffle=True, random_state=0).split(target, target):
                guess[held] = log_likelihood(
                    matrix[fit], target[fit], matrix[held], classes, smooth
                )
            tried[smooth] = (log_loss(target, normalised(guess)), guess)
        smooth = min(tried, key=lambda value: tried[value][0])
        oof.append(tried[smooth][1])
        new.append(log_likelihood(matrix[:n], target, matrix[n:], classes, smooth))
    for matrix in (letter_runs(texts), style_counts(texts)):
        for logs, guess in zip((oof, new), linear_classes(matrix, target, classes, 0), strict=True):
            logs.append(np.log(np.clip(guess, 1e-6, 1)))
    trust = best_trust(oof, target)
    return [normalised(np.tensordot(trust, np.array(logs), 1)) for logs in (oof, new)]


def listed_counts(lists, count):
    """Return the counts of the items of every list."""
    rows = []
    for items in lists:
        row = {}
        for item in items:
            row[item] = row.get(item, 0) + 1
        rows.append(row)
    return counted(rows, count)


def log_likelihood(known, target, new, classes, smooth):
    """Return the log likelihood of new counts under each class, by shares in the known counts."""
    totals = np.array([np.asarray(known[target == k].sum(axis=0)).ravel() for k in range(classes)])
    base = totals.sum(axis=0) / totals.sum()
    totals = totals + smooth * base * 100 + 1e-9
    return new @ np.log(totals / totals.sum(axis=1, keepdims=True)).T


def normalised(logs):
    """Return probabilities from their logarithms up to a constant per row."""
    mass = np.exp(logs - logs.max(axis=1, keepdims=True))
    return mass / mass.sum(axis=1, keepdims=True)


def label_chances(matrix, target):
    """Return the probability of each label of the test rows; train rows come first."""
    n = len(target)
    chances = np.zeros((matrix.shape[0] - n, target.shape[1]))
    for k, column in enumerate(target.T):
        chances[:, k] = linear_classes(matrix, column, 2, 0)[1][:, 1]
    return chances


def without_quotes(text):
    """Drop the lines that quote somebody."""
    return "\n".join(line for line in text.split("\n") if not line.startswith(">"))


def stemmed(text):
    """Cut all words to their first four letters."""
    return re.sub(r"\b(\w{4})\w+", r"\1", text.lower())


def word_groups(texts, count):
    """Return a group for each word, by the words it shares sentences with; everyday words get none."""
    sentences = sorted({part for text in texts for part in re.split(r"[.\n]+ *", text)})
    reader = CountVectorizer(token_pattern=r"\w{3,}", binary=True, min_df=8, max_df=0.045)
    shown = reader.fit_transform(sentences)
    together = np.asarray((shown.T @ shown).todense(), dtype=float)  # pyright: ignore[reportAttributeAccessIssue]
    often = together.diagonal().copy()
    np.fill_diagonal(together, 0)
    lift = np.log1p(together * len(sentences) / np.outer(often, often))
    lift += np.diag(lift.max(axis=1) + 1e-6)
    groups = AgglomerativeClustering(count, metric="cosine", linkage="average").fit_predict(lift)
    return dict(zip(reader.get_feature_names_out(), groups, strict=True))


def group_counts(texts, groups):
    """Return how many sentences of each text are about each group of words: none, one, two, more."""
    count = max(groups.values()) + 1
    matrix = np.zeros((len(texts), count))
    for row, text in enumerate(texts):
        for sentence in re.split(r"[.\n]+", text):
            found = [groups[word] for word in re.findall(r"\w+", sentence) if word in groups]
            votes = np.bincount(found, minlength=count)
            if votes.max() > 1:
                matrix[row, votes.argmax()] += 1
    return np.hstack([matrix, matrix > 1])
