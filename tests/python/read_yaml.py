"""Reads YAML with PyYAML, short tags in their long form, and compares it with what was meant.

Standard input is a JSON list of pairs: a YAML text, and the JSON text of its value. Each pair that PyYAML
reads as something else is printed; the exit code is 1 if there is one.
"""

import json
import sys

import yaml
from cloudformation_yaml import load, same


def read(text):
    try:
        return load(text)
    except (yaml.YAMLError, ValueError) as fault:
        return fault


faults = 0
for text, meant in json.load(sys.stdin):
    value = read(text)
    if not same(value, json.loads(meant)):
        faults += 1
        print(f"{text!r}\n  is read as {value!r}\n  and means {meant}\n")
sys.exit(1 if faults else 0)
