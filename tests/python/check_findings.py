"""Checks findings as SARIF by its schema, and, if they are given, as JUnit XML by the rules its readers agree on: no standard has them.

These are: suites hold cases, whose number, failures and skips their attributes tell; a case has a name and a class;
what did not pass has one `failure` with a type and a message, or one `skipped`.
"""

import json
import sys
import xml.etree.ElementTree as xml

import jsonschema


def check_sarif(schema_path, path):
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    with open(path, encoding="utf-8") as file:
        log = json.load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    for fault in jsonschema.Draft7Validator(schema).iter_errors(log):
        sys.exit(f"{path}: {fault.json_path}: {fault.message}")
    return len(log["runs"][0]["results"])


def check_junit(path):
    suites = xml.parse(path).getroot()
    assert suites.tag == "testsuites", suites.tag
    found = 0
    for suite in suites:
        assert suite.tag == "testsuite" and suite.get("name"), suite.tag
        assert len(suite) > 0, "a suite without a case passes nowhere"
        for case in suite:
            assert case.tag == "testcase" and case.get("name") and case.get("classname"), case.attrib
            assert len(case) <= 1, "a case ends in one way"
            assert all(it.tag in ("failure", "skipped") and it.get("message") for it in case), list(case)
        check_counts(suite, suite.findall("testcase"))
        found += sum(len(case) for case in suite)
    check_counts(suites, suites.findall("testsuite/testcase"))
    return found


def check_counts(of, cases):
    counted = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": 0,
        "skipped": sum(case.find("skipped") is not None for case in cases),
    }
    said = {name: int(of.get(name)) for name in counted}
    assert said == counted, (said, counted)


said = f"{check_sarif(sys.argv[1], sys.argv[2])} results"
print(said if len(sys.argv) == 3 else f"{said}, {check_junit(sys.argv[3])} cases")
