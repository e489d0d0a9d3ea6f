"""Reads templates as PyYAML and as JSON, pair by pair, and tells whether they are the same."""

import json
import sys

import yaml


class Template(yaml.SafeLoader):
    """PyYAML with CloudFormation's short tags, which it gives their long form."""


def function(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Template.add_multi_constructor("!", function)


def same(one, other):
    """Whether two values are the same, in type and in the order of keys too."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def main(paths):
    pairs = list(zip(paths[::2], paths[1::2], strict=True))
    for text, data in pairs:
        with open(text, encoding="utf-8") as file:
            read_as_yaml = yaml.load(file, Template)
        with open(data, encoding="utf-8") as file:
            read_as_json = json.load(file)
        if not same(read_as_yaml, read_as_json):
            sys.exit(f"{text} is not the same as {data}")
    print(f"{len(pairs)} templates are the same")


main(sys.argv[1:])
