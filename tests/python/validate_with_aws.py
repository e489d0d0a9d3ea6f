"""Prints what cloudformation-validate finds in templates, above information: a line for each, with its place.

Usage: validate_with_aws.py TEMPLATE…
"""

import sys

import cloudformation_validate as peer

engine = peer.CelEngine()
config = peer.ValidateConfig(pseudo_parameter_overrides=peer.PseudoParameterOverrides(region="us-east-1"))
for name in sys.argv[1:]:
    for it in engine.validate_template(name, config).diagnostics:
        if it.severity.name != "INFO":
            print(f"{name}:{it.start_line}: {it.rule_id} {it.property_path or ''} {it.message}")
