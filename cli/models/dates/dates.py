#!/usr/bin/env python3
"""Writes dates as people write them, each with its ISO 8601 form: the data of the dates model.

    python3 dates.py                                       20 of them
    python3 dates.py --split held-out --count 10000 --seed 1    the 10,000 that training never saw

A date belongs to one split for good, by a hash of its ISO form: what is held out was never seen in any form.
"""

import argparse
import calendar
import datetime
import functools
import hashlib
import random
import re

FIRST, LAST = datetime.date(1600, 1, 1).toordinal(), datetime.date(2199, 12, 31).toordinal()
USUAL = datetime.date(1900, 1, 1).toordinal(), datetime.date(2099, 12, 31).toordinal()
TWO_DIGITS = datetime.date(1969, 1, 1).toordinal(), datetime.date(2068, 12, 31).toordinal()  # the pivot of POSIX

MONTHS = "January February March April May June July August September October November December".split()
SHORT_MONTHS = [[m[:3]] for m in MONTHS]
SHORT_MONTHS[8].append("Sept")
ROMAN = "I II III IV V VI VII VIII IX X XI XII".split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
SHORT_WEEKDAYS = [["Mon"], ["Tue", "Tues"], ["Wed", "Weds"], ["Thu", "Thur", "Thurs"], ["Fri"], ["Sat"], ["Sun"]]
ONES = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen").split()
TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
ORDINALS = ("zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
            "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth").split()

# (share, template, ways to write the year); {x} is filled in by Writer.x
DIGITS, NUMERIC, ALL = ("full",), ("full", "full", "short"), ("full",) * 14 + ("apostrophe",) * 2 + ("short",) + ("words",) * 4
FORMS = [
    (10, "{day} {month}{comma} {year}", ALL),                      # 3 May 2009
    (6, "{nth} {month}{comma} {year}", ALL),                       # 3rd May, 2009
    (6, "{the}{nth} of {month}{comma} {year}", ALL),               # the 3rd of May 2009
    (9, "{the}{ordinal} of {month}{comma} {year}", ALL),           # the third of May, 2009
    (2, "{ordinal} {month}{comma} {year}", ALL),                   # third May 2009
    (10, "{month} {day}{comma} {year}", ALL),                      # May 3, 2009
    (6, "{month} {nth}{comma} {year}", ALL),                       # May 3rd '09
    (3, "{month} the {nth}{comma} {year}", ALL),                   # May the 3rd, 2009
    (3, "{month} the {ordinal}{comma} {year}", ALL),               # May the third, 2009
    (3, "{month} {ordinal}{comma} {year}", ALL),                   # May third, two thousand and nine
    (1.5, "{the}{nth} day of {month}{comma} {of_year}{year}", ALL),      # the 3rd day of May in the year 2009
    (1.5, "{the}{ordinal} day of {month}{comma} {of_year}{year}", ALL),  # the third day of May, nineteen ninety-nine
    (3, "{day}-{short_month}-{year}", NUMERIC),                    # 03-MAY-2009
    (1, "{day}/{short_month}/{year}", NUMERIC),                    # 3/May/2009
    (0.5, "{day}.{short_month}.{year}", NUMERIC),                  # 3.May.2009
    (1, "{padded_day}{short_month}{year}", NUMERIC),               # 03May2009
    (1, "{day}. {month} {year}", DIGITS),                          # 3. May 2009
    (1, "{year} {month} {day}", DIGITS),                           # 2009 May 3
    (0.5, "{year}, {month} {day}", DIGITS),                        # 2009, May 3
    (1, "{year}-{short_month}-{padded_day}", DIGITS),              # 2009-May-03
    (1, "{day}.{roman}.{year}", DIGITS),                           # 3.V.2009
    (5, "{day}.{number}.{year}", NUMERIC),                         # 3.5.09
    (5, "{day}/{number}/{year}", NUMERIC),                         # 03/05/2009
    (3, "{day}-{number}-{year}", NUMERIC),                         # 3-5-2009
    (1, "{day} {number} {year}", DIGITS),                          # 3 5 2009
    (1, "{day}. {number}. {year}", DIGITS),                        # 3. 5. 2009
    (3, "{number}/{late_day}/{year}", NUMERIC),                    # 5/13/2009: there is no month 13
    (0.5, "{number}-{late_day}-{year}", NUMERIC),                  # 5-13-2009
    (4, "{year}-{number}-{day}", DIGITS),                          # 2009-05-03
    (3, "{year}/{number}/{day}", DIGITS),                          # 2009/5/3
    (1, "{year}.{number}.{day}", DIGITS),                          # 2009.05.03
    (1.5, "{year}{padded_number}{padded_day}", DIGITS),            # 20090503
]
SHARES = [form[0] for form in FORMS]
LEADS = ["on"] * 8 + ["dated", "date:", "by", "since", "until", "due", "due on", "born", "born on", "from", "before", "after"]


def below_100(n):
    """seven, twenty-one."""
    return ONES[n] if n < 20 else TENS[n // 10] + ("-" + ONES[n % 10] if n % 10 else "")


def ordinal_of(n):
    """third, twenty-ninth; up to 31st."""
    if n <= 20:
        return ORDINALS[n]
    return "thirtieth" if n == 30 else TENS[n // 10] + "-" + ORDINALS[n % 10]


def suffix_of(n):
    """st, nd, rd or th."""
    return "th" if 11 <= n <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")


@functools.lru_cache(maxsize=None)
def split_of(ordinal):
    """train, validation or held-out."""
    iso = datetime.date.fromordinal(ordinal).isoformat()
    slot = hashlib.sha256(iso.encode()).digest()[0] % 20
    return "held-out" if slot < 2 else "validation" if slot == 2 else "train"


class Writer:
    """Writes one date in one form; each property is drawn anew."""

    def __init__(self, date, year_style, rng):
        self.date, self.year_style, self.rng = date, year_style, rng

    def chance(self, probability):
        return self.rng.random() < probability

    @property
    def padded_day(self):
        return f"{self.date.day:02}"

    @property
    def day(self):
        return self.padded_day if self.chance(0.4) else str(self.date.day)

    late_day = day  # of dates after the 12th

    @property
    def nth(self):
        return str(self.date.day) + suffix_of(self.date.day)

    @property
    def ordinal(self):
        text = ordinal_of(self.date.day)
        return text.replace("-", " ") if self.chance(0.25) else text

    @property
    def padded_number(self):
        return f"{self.date.month:02}"

    @property
    def number(self):
        return self.padded_number if self.chance(0.4) else str(self.date.month)

    @property
    def roman(self):
        return ROMAN[self.date.month - 1]

    @property
    def short_month(self):
        return self.rng.choice(SHORT_MONTHS[self.date.month - 1])

    @property
    def month(self):
        if self.chance(0.6):
            return MONTHS[self.date.month - 1]
        short = self.short_month
        return short + "." if short != "May" and self.chance(0.35) else short

    @property
    def comma(self):
        return "," if self.chance(0.45) else ""

    @property
    def the(self):
        return "the " if self.chance(0.7) else ""

    @property
    def of_year(self):
        return self.rng.choice(["", "", "in the year ", "of "])

    @property
    def year(self):
        if self.year_style == "full":
            return str(self.date.year)
        if self.year_style == "words":
            return self.year_words()
        return ("'" if self.year_style == "apostrophe" else "") + f"{self.date.year % 100:02}"

    def year_words(self):
        century, rest = divmod(self.date.year, 100)
        conjunction = " and " if self.chance(0.6) else " "
        if century == 20 and (rest == 0 or self.chance(0.7 if rest < 10 else 0.3)):
            text = "two thousand" + (conjunction + below_100(rest) if rest else "")
        elif rest == 0:
            text = below_100(century) + " hundred"
        elif century != 20 and self.chance(0.1):
            text = below_100(century) + " hundred" + conjunction + below_100(rest)
        else:
            text = below_100(century) + (" oh " if rest < 10 else " ") + below_100(rest)
        return text.replace("-", " ") if self.chance(0.25) else text

    def weekday(self):
        if self.chance(0.6):
            return WEEKDAYS[self.date.weekday()]
        short = self.rng.choice(SHORT_WEEKDAYS[self.date.weekday()])
        return short + "." if self.chance(0.25) else short

    def fill(self, template):
        return re.sub(r"\{(\w+)\}", lambda match: getattr(self, match.group(1)), template)

    def write(self, template):
        text = self.fill(template)
        if self.chance(0.22):
            text = self.weekday() + ("," if self.chance(0.5) else "") + " " + text
        elif self.chance(0.02):
            text = text + self.rng.choice([" ({})", ", {}", " {}"]).format(self.weekday())
        if self.chance(0.12):
            text = self.rng.choice(LEADS) + " " + text
        if self.chance(0.03):
            text += "."
        if self.chance(0.02):
            text = text.replace(", ", ",")
        case = self.rng.random()
        return text.upper() if case < 0.08 else text.lower() if case < 0.25 else text


def date_for(year_style, rng):
    """A day that may be written in that style; a few leap days more than the calendar has."""
    if year_style in ("short", "apostrophe"):
        first, last = TWO_DIGITS
    else:
        first, last = USUAL if rng.random() < 0.6 else (FIRST, LAST)
    date = datetime.date.fromordinal(rng.randint(first, last))
    if rng.random() < 0.005:
        year = date.year - date.year % 4
        if calendar.isleap(year) and datetime.date(year, 2, 29).toordinal() >= first:
            return datetime.date(year, 2, 29)
    return date


def pairs(split, seed):
    """Endless (text, ISO 8601) of one split."""
    rng = random.Random(f"{split} {seed}")
    while True:
        _, template, styles = rng.choices(FORMS, SHARES)[0]
        style = rng.choice(styles)
        date = date_for(style, rng)
        while split_of(date.toordinal()) != split or "{late_day}" in template and date.day <= 12:
            date = date_for(style, rng)
        yield Writer(date, style, rng).write(template), date.isoformat()


def distinct(split, seed, count):
    """The first `count` pairs whose dates all differ."""
    seen, source = set(), pairs(split, seed)
    while len(seen) < count:
        text, iso = next(source)
        if iso not in seen:
            seen.add(iso)
            yield text, iso


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=["train", "validation", "held-out"], default="train")
    parser.add_argument("--count", type=int, default=20, help="pairs to write, all of different dates")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    for text, iso in distinct(args.split, args.seed, args.count):
        print(f"{text}\t{iso}")


if __name__ == "__main__":
    main()
