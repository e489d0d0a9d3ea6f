"""Compares what `asi validate` finds with what the peers found, and writes benches/ACCURACY.md.

Two findings match when they are in one file, of one class, and at one path, which may differ by one trailing segment.
Paths keep the index of `Fn::If`; what follows another function's name (`Fn::GetAtt/1`) is left off, since a tool may
point at the function or into it. A finding of ours that points out other places too is found there as well.
cloudformation-validate leaves `Fn::If` out of its paths, so it is left out of ours too where they are compared; where
it names a resource and no property, any place in the resource will do, as it does for the same id where cfn-lint does
so, and for what is said of a whole resource.
Messages and ids are not compared: a match of another class counts, and is told.
"""

import collections
import fnmatch
import json
import re

from corpora import HERE

CLASSES = {
    "A": "provider schema",
    "B": "functions",
    "C": "template structure",
    "D": "data rules",
    "E": "graph and semantic rules",
    "P": "parsing and transforms",
    "-": "not compared",
}
WANTED = {"A": 99, "B": 97, "C": 99, "D": 95, "E": 90}

SCHEMA = set(
    "E3002 E3003 E3006 E3008 E3010 E3011 E3012 E3014 E3017 E3018 E3020 E3021 E3024 E3030 E3031 E3032 E3033 E3034 E3037 "
    "E3040 E3058 E3065 E1101 E1103 E3710".split()
)
STRUCTURE = set("E3001 E3005 E3007 E3015 E3016 E3028 E3035 E3036 E3055 W3005 W3011 W4001".split())
GRAPH = set("E3004 E3019 E3022 E3059 E3060 E3064 E3700 E3701 E3702 E3703 W3037 W2511".split())
# What is said of a whole resource, wherever in it a tool points.
OF_RESOURCE = set("E3004 E3710 W3696 W3697".split())
OUT = set("E0002 E0003 E2900 E3038 E3066 E3724 W3001 W4005 W4011 W4012".split())


def class_of(rule):
    """The class of a cfn-lint id; `-` is not compared."""
    number = rule[1:]
    if not re.fullmatch("[EWI][0-9]{4}", rule) or rule[0] == "I" or rule in OUT or re.match("E0[12]", rule):
        return "-"
    if rule in SCHEMA or re.match("E11[56]", rule):
        return "A"
    if number.startswith("00"):
        return "P"
    if rule in STRUCTURE or re.match("E100|E17|[EW]2(?!5)|[EW][4-8]", rule):
        return "C"
    if number.startswith("1"):
        return "B"
    if rule in GRAPH or re.match("E35[123]", rule):
        return "E"
    return "D"


def key(segment):
    """A segment of a path as it is kept; of a key that names a file on an instance, the name alone."""
    text = str(segment)
    return text.rsplit("/", 1)[-1] if text.startswith("/") else text


class Finding:
    """One finding of a tool."""

    def __init__(self, file, rule, level, path, line, column, others=()):
        self.file, self.rule, self.level, self.line, self.column = file, rule, level, line, column
        self.path = tuple(key(it) for it in path)
        self.others = [tuple(key(it) for it in other) for other in others]
        self.group = class_of(rule)

    def __str__(self):
        return f"{self.rule} {'/'.join(self.path) or '(the file)'}"


def normal(path, without_if):
    """A path without what lies inside a function, and without `Fn::If` where a peer leaves it out."""
    kept = []
    segments = iter(path)
    for it in segments:
        if it == "Fn::If" and without_if:
            next(segments, None)
            continue
        kept.append(it)
    while len(kept) > 1 and kept[-1].isdigit() and re.fullmatch("Fn::(?!If$).*|Ref|Condition", kept[-2]):
        kept.pop()
    return tuple(kept)


def near(one, other):
    """Whether two paths are the same, or one has one more trailing segment."""
    short, long = sorted((one, other), key=len)
    return one == other or long[:-1] == short


class Match:
    """What of an oracle's findings a tool finds too."""

    def __init__(self, expected, found, without_if):
        index = collections.defaultdict(list)
        for it in found:
            for place in (it.path, *it.others):
                index[it.file].append((normal(place, without_if), it))
        self.matched, self.elsewhere, self.missed, self.used = [], [], [], set()
        for it in expected:
            path = normal(it.path, without_if)
            candidates = [other for place, other in index[it.file] if near(path, place)]
            if not candidates and len(path) == 2:
                within = [other for place, other in index[it.file] if place[:2] == path]
                candidates = [o for o in within if o.rule == it.rule or without_if and o.group == it.group]
            if not candidates and it.rule in OF_RESOURCE:
                candidates = [o for place, o in index[it.file] if place[:2] == path[:2] and o.rule == it.rule]
            same = [other for other in candidates if other.group == it.group]
            self.used.update(id(other) for other in candidates)
            if same:
                self.matched.append((it, min(same, key=lambda other: other.rule != it.rule)))
            elif candidates:
                self.elsewhere.append((it, candidates[0]))
            else:
                self.missed.append(it)

    def classes(self):
        """Rows of class, found by the oracle, matched, matched in another class, micro and macro recall."""
        totals = collections.defaultdict(lambda: collections.defaultdict(lambda: [0, 0, 0]))
        for column, some in enumerate((self.matched, self.elsewhere)):
            for it, _ in some:
                totals[it.group][it.rule][0] += 1
                totals[it.group][it.rule][column + 1] += 1
        for it in self.missed:
            totals[it.group][it.rule][0] += 1
        for group in CLASSES:
            rules = totals.get(group)
            if rules and group != "-":
                all_of = sum(it[0] for it in rules.values())
                same = sum(it[1] for it in rules.values())
                other = sum(it[2] for it in rules.values())
                macro = sum((it[1] + it[2]) / it[0] for it in rules.values()) / len(rules)
                yield group, len(rules), all_of, same, other, (same + other) / all_of, macro


def percent(share):
    """A share in percent, rounded down to a tenth: 99.96 is not 100."""
    return f"{int(share * 1000) / 10:g} %"


class Verdicts:
    """Who is right about a disagreement, and why: kept by hand in verdicts.json, the first that fits is taken."""

    def __init__(self):
        self.kept = json.loads((HERE / "verdicts.json").read_text())
        self.seen = set()

    def of(self, corpus, kind, peer, finding):
        for number, it in enumerate(self.kept):
            if (
                it.get("kind", kind) == kind
                and it.get("peer", peer) == peer
                and fnmatch.fnmatch(corpus, it.get("corpus", "*"))
                and fnmatch.fnmatch(finding.file, it.get("file", "*"))
                and fnmatch.fnmatch(finding.rule, it.get("id", "*"))
                and fnmatch.fnmatch("/".join(finding.path), it.get("path", "*"))
            ):
                self.seen.add(number)
                return it["right"], it["why"]
        return None

    def unused(self):
        return [it for number, it in enumerate(self.kept) if number not in self.seen]
