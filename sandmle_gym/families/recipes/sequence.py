"""The functions of witness programs that rewrite tokens; read as text by `programs`, never imported.

A *reader* is a function of a token that returns its reading, or None where it is not concerned.
"""

# Programs that an agent could have written carry no annotations.
# ruff: noqa: ANN001, ANN201, ANN202

import re
from collections import Counter, defaultdict
from itertools import product

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
MONTHS = (
    "january february march april may june july august september october november december"
).split()
IRREGULAR = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
STYLES = tuple(product((" and ", " "), ("-", " ")))
ZEROS = ("zero", "oh", "nought")
DATES = ("the {d} of {m} {y}", "{m} the {d} {y}", "{m} {d} {y}", "{y} {m} {d}")


def number_words(number, style):
    """Write a whole number in words; a style is what joins hundreds to the rest, and tens to ones."""
    joint, hyphen = style
    if number >= 1000:
        thousands, rest = divmod(number, 1000)
        tail = (joint if rest < 100 else " ") + number_words(rest, style) if rest else ""
        return number_words(thousands, style) + " thousand" + tail
    if number >= 100:
        hundreds, rest = divmod(number, 100)
        return ONES[hundreds] + " hundred" + (joint + number_words(rest, style) if rest else "")
    if number < 20:
        return ONES[number]
    tens, ones = divmod(number, 10)
    return TENS[tens] + (hyphen + ONES[ones] if ones else "")


def ordinal_words(number, style):
    """Write the ordinal of a number below 100."""
    head, last = re.fullmatch(r"(.*[ -])?(\w+)", number_words(number, style)).groups(default="")  # pyright: ignore[reportOptionalMemberAccess]
    regular = last[:-1] + "ieth" if last.endswith("y") else last + "th"
    return head + IRREGULAR.get(last, regular)


def year_words(number, style, zero):
    """Write a year in two pairs."""
    century, rest = divmod(number, 100)
    if rest == 0:
        return number_words(century, style) + " hundred"
    small = zero + " " + ONES[rest] if rest < 10 else number_words(rest, style)
    return number_words(century, style) + " " + small


def figure_words(figures, zero):
    """Write figures one by one."""
    return " ".join(zero if figure == "0" else ONES[int(figure)] for figure in figures)


def looked_up(tokens, after, asked):
    """Return what each token was read as most often, or the token itself."""
    table = defaultdict(Counter)
    for token, said in zip(tokens, after, strict=True):
        table[token][said] += 1
    return [table[token].most_common(1)[0][0] if token in table else token for token in asked]


def by_rules(tokens, after, asked, makers):
    """Return readings by the first reader concerned, else by look-up."""
    readers = [make(tokens, after) for make in makers]
    found = [next((said for read in readers if (said := read(token))), None) for token in asked]
    known = looked_up(tokens, after, asked)
    return [said or copy for said, copy in zip(found, known, strict=True)]


def best_reader(readers, tokens, after):
    """Return the reader that is right most often."""
    pairs = list(zip(tokens, after, strict=True))
    return max(readers, key=lambda read: sum(read(token) == said for token, said in pairs))


def number_reader(style):
    """Return a reader of whole numbers."""

    def read(token):
        if not re.fullmatch(r"\d+|\d{1,3}(,\d{3})+", token):
            return None
        return number_words(int(token.replace(",", "")), style)

    return read


def number_readings(tokens, after):
    """Fit a reader of whole numbers."""
    return best_reader([number_reader(style) for style in STYLES], tokens, after)


def date_reader(style, zero, spoken, day_first):
    """Return a reader of dates."""

    def read(token):
        parts = re.fullmatch(r"(\d+)[-./](\d+)[-./](\d+)", token)
        if not parts or not any(len(part) == 4 for part in parts.groups()):
            return None
        a, b, c = map(int, parts.groups())
        day, month, year = (c, b, a) if a > 31 else (a, b, c) if day_first else (b, a, c)
        if not 1 <= month <= 12:
            return None
        return spoken.format(d=ordinal_words(day, style), m=MONTHS[month - 1], y=year_words(year, style, zero))

    return read


def date_readings(tokens, after):
    """Fit a reader of dates."""
    options = product(STYLES, ZEROS, DATES, (True, False))
    return best_reader([date_reader(*option) for option in options], tokens, after)


def code_reader(zero):
    """Return a reader of figures in groups."""

    def read(token):
        if not re.fullmatch(r"\d\d(-\d\d)+", token):
            return None
        return " sil ".join(figure_words(group, zero) for group in token.split("-"))

    return read


def code_readings(tokens, after):
    """Fit a reader of codes."""
    return best_reader([code_reader(zero) for zero in ZEROS], tokens, after)


AMOUNT = r"([A-Z]+)(\d+)(?:\.(\d\d))?"
MEASURE = r"(\d+)(?:\.(\d))?([a-z]+)"


def names_of(tokens, after, style):
    """Return the names of units and coins: (abbreviation, whether there is one) -> most frequent word."""
    votes = defaultdict(Counter)
    for token, said in zip(tokens, after, strict=True):
        words = said.split()
        if found := re.fullmatch(AMOUNT, token):
            sign, whole, small = found.groups()
            place = len(number_words(int(whole), style).split())
            if place < len(words):
                votes[sign, whole == "1"][words[place]] += 1
            if small:
                votes["small", small == "01"][words[-1]] += 1
        elif found := re.fullmatch(MEASURE, token):
            votes[found[3], found[1] == "1" and not found[2]][words[-1]] += 1
    names = {key: counter.most_common(1)[0][0] for key, counter in votes.items()}
    return names | missing_names(names)


def missing_names(names):
    """Return the forms that were never seen, by the ending that all forms for several share."""
    several = [name for (_, single), name in names.items() if not single]
    ending = ""
    while several and len({name[-len(ending) - 1 :] for name in several}) == 1:
        ending = several[0][-len(ending) - 1 :]
    made = {}
    for (short, single), name in names.items():
        if (short, not single) not in names:
            made[short, not single] = name + ending if single else name[: len(name) - len(ending)]
    return made


def amount_reader(tokens, after, style, joint, zero, point):
    """Return a reader of money and measures."""
    names = names_of(tokens, after, style)

    def amount(figures, short):
        return number_words(int(figures), style) + " " + names.get((short, int(figures) == 1), short)

    def read(token):
        if found := re.fullmatch(AMOUNT, token):
            sign, whole, small = found.groups()
            return amount(whole, sign) + (joint + amount(small, "small") if small else "")
        if found := re.fullmatch(MEASURE, token):
            whole, part, short = found.groups()
            if part is None:
                return amount(whole, short)
            head = number_words(int(whole), style) + " " + point + " " + figure_words(part, zero)
            return head + " " + names.get((short, False), short)
        return None

    return read


def amount_readings(tokens, after):
    """Fit a reader of money and measures."""
    said = [a.split() for t, a in zip(tokens, after, strict=True) if re.fullmatch(r"\d+\.\d[a-z]+", t)]
    points = Counter(words[-3] for words in said if len(words) > 3)
    point = points.most_common(1)[0][0] if points else "point"
    options = product(STYLES, (" and ", " ", " with "), ZEROS)
    readers = [amount_reader(tokens, after, *option, point) for option in options]
    return best_reader(readers, tokens, after)


def by_context(tokens, context, after, asked, around, makers):
    """Return readings by rules; the word before decides on years and on abbreviations."""
    said = by_rules(tokens, after, asked, makers)
    style = max(STYLES, key=lambda s: sum(number_reader(s)(t) == a for t, a in zip(tokens, after, strict=True)))
    zero = max(ZEROS, key=lambda z: sum(code_reader(z)(t) == a for t, a in zip(tokens, after, strict=True)))
    cues, shorts = Counter(), defaultdict(Counter)
    for token, before, reading in zip(tokens, context, after, strict=True):
        if re.fullmatch(r"1\d{3}", token):
            cues[before] += 1 if reading == year_words(int(token), style, zero) else -1
        shorts[token, before.isdigit()][reading] += 1
    for row, (token, before) in enumerate(zip(asked, around, strict=True)):
        if re.fullmatch(r"1[1-9]\d\d", token) and cues[before] > 0:
            said[row] = year_words(int(token), style, zero)
        elif token[0].isalpha() and not re.fullmatch(AMOUNT, token) and (token, before.isdigit()) in shorts:
            said[row] = shorts[token, before.isdigit()].most_common(1)[0][0]
    return said
