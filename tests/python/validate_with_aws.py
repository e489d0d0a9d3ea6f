"""Prints what cloudformation-validate finds in templates, above information: a line for each, with its place. It knows no
acknowledgements; those that stand in a template in cfn-lint's form are honoured here.

Usage: validate_with_aws.py TEMPLATE…
"""

import sys

import cloudformation_validate as peer
import yaml


class Loader(yaml.SafeLoader):
    """Reads a template, whatever its functions are."""


Loader.add_multi_constructor("!", lambda *_: None)


def acknowledged(name):
    with open(name, encoding="utf-8") as file:
        metadata = yaml.load(file, Loader).get("Metadata", {})
    return metadata.get("cfn-lint", {}).get("config", {}).get("ignore_checks", [])


engine = peer.CelEngine()
config = peer.ValidateConfig(pseudo_parameter_overrides=peer.PseudoParameterOverrides(region="us-east-1"))
for name in sys.argv[1:]:
    known = acknowledged(name)
    for it in engine.validate_template(name, config).diagnostics:
        if it.severity.name != "INFO" and it.rule_id not in known:
            print(f"{name}:{it.start_line}: {it.rule_id} {it.property_path or ''} {it.message}")
