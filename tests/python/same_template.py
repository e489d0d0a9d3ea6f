"""Reads templates as PyYAML and as JSON, pair by pair, and tells whether they are the same."""

import json
import sys

from cloudformation_yaml import load, same


def main(paths):
    pairs = list(zip(paths[::2], paths[1::2], strict=True))
    for text, data in pairs:
        with open(text, encoding="utf-8") as file:
            read_as_yaml = load(file)
        with open(data, encoding="utf-8") as file:
            read_as_json = json.load(file)
        if not same(read_as_yaml, read_as_json):
            sys.exit(f"{text} is not the same as {data}")
    print(f"{len(pairs)} templates are the same")


main(sys.argv[1:])
