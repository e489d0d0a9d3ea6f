"""Checks stack files by the published JSON Schema, that it refuses a property nobody has, and that an environment
may take away every section but the app's name."""

import sys

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short tags as what they stand for: mappings."""


def function(loader, name, node):
    reader = {yaml.ScalarNode: loader.construct_scalar, yaml.SequenceNode: loader.construct_sequence}
    return {name: reader.get(type(node), loader.construct_mapping)(node)}


Loader.add_multi_constructor("!", function)


def constructs(stack):
    """Every construct with its name, of a stack or of several."""
    for part in [stack, *stack.get("stacks", {}).values()]:
        yield from part.get("constructs", {}).items()


def main(schema_path, stack_paths):
    with open(schema_path, encoding="utf-8") as file:
        schema = yaml.safe_load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    for path in stack_paths:
        with open(path, encoding="utf-8") as file:
            stack = yaml.load(file, Loader)
        for fault in validator.iter_errors(stack):
            sys.exit(f"{path}: {fault.json_path}: {fault.message}")
        for name, construct in constructs(stack):
            construct["nobodyHasThis"] = True
            if validator.is_valid(stack):
                sys.exit(f"{path}: the schema takes a property that {name} does not have")
            del construct["nobodyHasThis"]
        for section in schema["properties"]:
            stack["environments"] = {"test": {section: None}}
            may_go = section not in ("app", "environments")
            if validator.is_valid(stack) != may_go:
                sys.exit(f"{path}: an environment {'cannot' if may_go else 'can'} take away {section}")


main(sys.argv[1], sys.argv[2:])
