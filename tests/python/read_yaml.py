"""Reads YAML with PyYAML, short tags in their long form, and compares it with what was meant.

Standard input is a JSON list of pairs: a YAML text, and the JSON text of its value. Each pair that PyYAML
reads as something else is printed; the exit code is 1 if there is one.
"""

import json
import sys

import yaml


class Loader(yaml.SafeLoader):
    """PyYAML's loader, with dates and the words of YAML 1.1 as it has them."""


def function(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str) and "." in value:
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", function)


def same(a, b):
    """Equality in which `1`, `1.0` and `true` differ, and the order of keys counts."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def read(text):
    try:
        return yaml.load(text, Loader)
    except (yaml.YAMLError, ValueError) as fault:
        return fault


faults = 0
for text, meant in json.load(sys.stdin):
    value = read(text)
    if not same(value, json.loads(meant)):
        faults += 1
        print(f"{text!r}\n  is read as {value!r}\n  and means {meant}\n")
sys.exit(1 if faults else 0)
