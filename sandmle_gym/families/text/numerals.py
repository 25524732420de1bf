"""Numbers in English words, in the house style of whoever wrote them out."""

from sandmle_gym.spec import Frozen

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
MONTHS = (
    "january february march april may june july august september october november december"
).split()
ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


class HouseStyle(Frozen):
    """How numbers are written out."""

    joint: str
    """Between hundreds and the rest: " and " or a blank."""
    hyphen: str
    """Between tens and ones: "-" or a blank."""
    zero: str
    """A zero in codes and years."""
    point: str
    """The point of a decimal number."""


def cardinal(number: int, style: HouseStyle) -> str:
    """Write a number from 0 to 999 999 in words."""
    if number >= 1000:
        thousands, rest = divmod(number, 1000)
        head = f"{cardinal(thousands, style)} thousand"
        if not rest:
            return head
        return f"{head}{style.joint if rest < 100 else ' '}{cardinal(rest, style)}"
    if number >= 100:
        hundreds, rest = divmod(number, 100)
        head = f"{ONES[hundreds]} hundred"
        return f"{head}{style.joint}{cardinal(rest, style)}" if rest else head
    if number < 20:
        return ONES[number]
    tens, ones = divmod(number, 10)
    return f"{TENS[tens]}{style.hyphen}{ONES[ones]}" if ones else TENS[tens]


def ordinal(number: int, style: HouseStyle) -> str:
    """Write the ordinal of a number from 1 to 99."""
    words = cardinal(number, style)
    head, cut, last = words.rpartition(style.hyphen if "-" in words else " ")
    return head + cut + ORDINALS.get(last, f"{last[:-1]}ieth" if last[-1] == "y" else f"{last}th")


def year(number: int, style: HouseStyle) -> str:
    """Write a year from 1100 to 1999 in two pairs."""
    century, rest = divmod(number, 100)
    head = cardinal(century, style)
    if rest == 0:
        return f"{head} hundred"
    return f"{head} {style.zero} {ONES[rest]}" if rest < 10 else f"{head} {cardinal(rest, style)}"


def digits(figures: str, style: HouseStyle) -> str:
    """Write figures one by one."""
    return " ".join(style.zero if figure == "0" else ONES[int(figure)] for figure in figures)
