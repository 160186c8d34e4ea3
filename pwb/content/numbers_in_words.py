"""Numbers as people write them: figures with separators, and words in the ten languages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from pwb.content.claims_lexicon import Lexicon, lexicon
from pwb.content.claims_text import Token, fold
from pwb.content.once import once_each

_LONGEST_FIGURE = 18
_POINT_LOCALES = frozenset(("en", "zh", "ja"))
_GROUP_SIGNS = str.maketrans("", "", "'’\u00a0\u202f\u2009 ٬")
_FRACTIONS = {"½": "0.5", "¼": "0.25", "¾": "0.75", "1/2": "0.5", "1/4": "0.25", "3/4": "0.75"}
_MIXED = re.compile(r"^(\d*)\s?([½¼¾]|[1-3]/[2-4])$")
_GROUPED = re.compile(r"^\d{1,3}(?:[.,]\d{3})+$")
_MARKS = re.compile(r"[.,٫]")

_HAN_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "两": 2,
    "兩": 2,
    "俩": 2,
}
_HAN_TENS = {"十": 10, "百": 100, "千": 1000}
_HAN_MYRIADS = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_HAN_SIGNS = frozenset(_HAN_DIGITS | _HAN_TENS | _HAN_MYRIADS)


def figure_values(raw: str, locale: str) -> tuple[Decimal, ...]:
    """What a figure may mean, likeliest first; () where it is no number (a date, a version).

    "1.250" is 1250 before 1.25 in German; "3,950" is 3950 before 3.95 in English.
    """
    mixed = _MIXED.match(raw)
    if mixed and mixed[2] in _FRACTIONS:
        return (Decimal(mixed[1] or "0") + Decimal(_FRACTIONS[mixed[2]]),)
    text = raw.translate(_GROUP_SIGNS)
    marks = _MARKS.findall(text)
    if len(text) > _LONGEST_FIGURE or not _MARKS.sub("", text).isdecimal():
        return ()
    if not marks:
        return (Decimal(text),)
    if len(marks) == 1:
        return tuple(_one_mark(text, marks[0], locale))
    return tuple(_many_marks(text, marks))


def _one_mark(text: str, mark: str, locale: str) -> Iterator[Decimal]:
    decimal = Decimal(text.replace(mark, "."))
    if not _GROUPED.match(text) or text.startswith("0"):
        yield decimal
        return
    grouped = Decimal(text.replace(mark, ""))
    decimal_first = mark == "," and locale not in _POINT_LOCALES
    yield from (decimal, grouped) if decimal_first else (grouped, decimal)


def _many_marks(text: str, marks: list[str]) -> Iterator[Decimal]:
    whole, last, rest = text.rpartition(marks[-1])
    if _GROUPED.match(text) and len(set(marks)) == 1:
        yield Decimal(text.replace(last, ""))
    elif len(set(marks[:-1])) == 1 and marks[0] != last and _GROUPED.match(whole):
        yield Decimal(f"{whole.replace(marks[0], '')}.{rest}")


@dataclass(frozen=True, slots=True)
class Spelled:
    """A number written in words: its value and the token after its last."""

    value: Decimal
    after: int
    article: bool = False


@dataclass(frozen=True, slots=True)
class NumberWords:
    """The number words of a locale."""

    values: dict[str, Decimal]
    forms: dict[Decimal, tuple[str, ...]]
    links: frozenset[str]
    articles: frozenset[str]
    han: bool
    beginnings: frozenset[str]

    def read(self, tokens: list[Token], index: int) -> Spelled | None:
        """The number that begins at this token, as far as it goes; None where none does."""
        if tokens[index].norm not in self.beginnings:
            return None
        if self.han:
            return _read_han(tokens, index)
        if tokens[index].norm in self.articles:
            return Spelled(Decimal(1), index + 1, article=True)
        return self._read_words(tokens, index)

    def of_prefix(self, word: str) -> Decimal | None:
        """The value of the first part of a compound ("drei" of "dreistöckig")."""
        return Decimal(1) if word in self.articles else self.values.get(word)

    def spell(self, value: Decimal, like: str) -> str | None:
        """The number in a word, in the form and case of the word it replaces."""
        forms = self.forms.get(value, ())
        if not forms:
            return None
        old = fold(like)
        place = next(
            (i for own in self.forms.values() for i, w in enumerate(own) if fold(w) == old), 0
        )
        word = forms[place] if place < len(forms) else forms[0]
        return word[0].upper() + word[1:] if like[:1].isupper() else word

    def _read_words(self, tokens: list[Token], index: int) -> Spelled | None:
        total = current = Decimal(0)
        after = start = index
        while index < len(tokens):
            value = self.values.get(tokens[index].norm) if tokens[index].kind == "word" else None
            if value is None and after > start and tokens[index].norm in self.links:
                index += 1
                continue
            joined = None if value is None else _joined(current, value)
            if joined is None or (index > after and value is not None and value >= 100):
                break
            total, current = _carried(total, joined, value)
            index += 1
            after = index
        return Spelled(total + current, after) if after > start else None


def _carried(total: Decimal, joined: Decimal, value: Decimal | None) -> tuple[Decimal, Decimal]:
    return (total + joined, Decimal(0)) if value is not None and value >= 1000 else (total, joined)


def _joined(current: Decimal, value: Decimal) -> Decimal | None:
    """The two said one after the other: "two hundred", "twenty" "five", "quatre" "vingt"."""
    if value >= 100:
        return (current or Decimal(1)) * value if current < value else None
    if current == 0:
        return value
    if current == 4 and value == 20:
        return Decimal(80)
    rest = current % 100
    if rest == 0:
        return current + value
    room = 20 if rest in (60, 80) else 10
    return current + value if rest % 10 == 0 and rest >= 20 and 0 < value < room else None


def _read_han(tokens: list[Token], index: int) -> Spelled | None:
    after = index
    while after < len(tokens) and tokens[after].norm in _HAN_SIGNS:
        after += 1
    if after == index:
        return None
    signs = "".join(token.norm for token in tokens[index:after])
    return Spelled(han_value(signs), after, article=signs == "一")


def han_value(signs: str) -> Decimal:
    """The value of a numeral in Chinese signs: "三百五十万" is 3500000; mere digits are read on."""
    if not any(sign in _HAN_TENS or sign in _HAN_MYRIADS for sign in signs):
        return Decimal("".join(str(_HAN_DIGITS[sign]) for sign in signs[:_LONGEST_FIGURE]))
    total = section = digit = 0
    for sign in signs[:_LONGEST_FIGURE]:
        if sign in _HAN_DIGITS:
            digit = _HAN_DIGITS[sign]
        elif sign in _HAN_TENS:
            section, digit = section + (digit or 1) * _HAN_TENS[sign], 0
        else:
            total, section, digit = (total + (section + digit or 1)) * _HAN_MYRIADS[sign], 0, 0
    return Decimal(total + section + digit)


@once_each
def number_words(locale: str) -> NumberWords:
    """The number words of a locale, from [numbers] in its lexicon."""
    return _from_lexicon(lexicon(locale))


def _from_lexicon(words: Lexicon) -> NumberWords:
    section = words.terms.get("numbers", {})
    forms = {Decimal(key): tuple(terms) for key, terms in section.items() if key[0].isdigit()}
    values = {fold(word): value for value, own in forms.items() for word in own}
    if words.locale in _COMPOUNDS:
        values = dict(_compounds(values, words.locale)) | values
    han = words.locale in ("zh", "ja")
    articles = frozenset(map(fold, section.get("article", ())))
    return NumberWords(
        values,
        forms,
        frozenset(map(fold, section.get("link", ()))),
        articles,
        han,
        _HAN_SIGNS if han else articles.union(values),
    )


# How units and tens are joined in one word, the word for a hundred, and that for a thousand.
_COMPOUNDS = {
    "de": ("und", "hundert", "tausend"),
    "nl": ("en", "honderd", "duizend"),
    "it": ("", "cento", "mila"),
}


def _compounds(values: dict[str, Decimal], locale: str) -> Iterator[tuple[str, Decimal]]:
    link, hundred, thousand = _COMPOUNDS[locale]
    below = dict(_below_hundred(values, link)) | {w: v for w, v in values.items() if v < 100}
    for word, value in below.items():
        yield word, value
        yield hundred + word, 100 + value
        yield word + thousand, 1000 * value
    for unit, factor in below.items():
        if factor == factor.to_integral_value() and 2 <= factor <= 9:
            yield unit + hundred, 100 * factor
            yield from ((unit + hundred + word, 100 * factor + v) for word, v in below.items())


def _below_hundred(values: dict[str, Decimal], link: str) -> Iterator[tuple[str, Decimal]]:
    units = {word: value for word, value in values.items() if 1 <= value <= 9 and value % 1 == 0}
    if link == "und":
        units["ein"] = Decimal(1)
    tens = {word: v for word, v in values.items() if 20 <= v <= 90 and v % 10 == 0}
    for ten, high in tens.items():
        for unit, low in units.items():
            yield (unit + link + ten, high + low) if link else _italian(ten, unit, high + low)


def _italian(ten: str, unit: str, value: Decimal) -> tuple[str, Decimal]:
    return (ten[:-1] if unit[0] in "uo" else ten) + unit, value
