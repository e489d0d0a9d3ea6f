"""YAML as PyYAML reads it, with CloudFormation's short tags in their long form."""

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


def load(text):
    """The value of a text, or of an open file."""
    return yaml.load(text, Loader)


def same(one, other):
    """Equality in which `1`, `1.0` and `true` differ, and the order of keys counts."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other
