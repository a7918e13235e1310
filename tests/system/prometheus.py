# SPDX-License-Identifier: Apache-2.0
"""A strict reader of Prometheus's text exposition format 0.0.4, for test_net.py.

It refuses what the format allows but a good exporter does not write: samples without HELP and TYPE,
families in pieces, the same series twice, counters whose names do not end in _total.
"""
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (-?[0-9]+(?:\.[0-9]+)?)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)')


def labels(text):
    """'a="b",c="d"' -> {"a": "b", "c": "d"}"""
    found, at = {}, 0
    while at < len(text):
        match = LABEL.match(text, at)
        assert match, f"labels {text!r}"
        assert match[1] not in found, f"label {match[1]} twice"
        found[match[1]] = match[2]
        at = match.end()
        assert match[3] or at == len(text)
        assert not match[3] or at < len(text), "a comma at the end"
    return found


def parse(text):
    """-> {(name, ((label, value), ...)): number}"""
    assert text.endswith("\n")
    series, described, typed, family = {}, set(), {}, None
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            family, words = re.fullmatch(rf"# HELP ({NAME}) (.+)", line).groups()
            assert family not in described and words, f"family {family} twice"
            described.add(family)
            continue
        if line.startswith("# TYPE "):
            name, kind = re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge)", line).groups()
            assert name == family and name not in typed, line
            assert (kind == "counter") == name.endswith("_total"), line
            typed[name] = kind
            continue
        match = SAMPLE.fullmatch(line)
        assert match, f"line {line!r}"
        name, inside, value = match.groups()
        assert name == family and name in typed, f"{name} outside of its family"
        key = (name, tuple(sorted(labels(inside or "").items())))
        assert key not in series, f"{key} twice"
        series[key] = float(value)
    assert set(typed) == described
    return series
