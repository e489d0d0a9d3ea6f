"""Runs the peers on a corpus and keeps what they find, so that the table needs no peer to be made again.

A finding is kept as [file, id, level, path, line, column], one to a line, sorted, in oracle/CORPUS.PEER.json; no text
of a template is kept. cfn-lint runs from its command line; a batch it crashes on is halved until the file is found
that it crashes on, which is kept as the finding `crash`. cloudformation-validate runs through its Python package.
Its ids are cfn-lint's with another first letter (F for what a deployment would refuse) where it took over the rule;
the others are listed in `SAME_AS`.
"""

import hashlib
import json
import pathlib
import re
import subprocess
import sys

from compare import key
from corpora import FOLDERS, HERE, PYTHON, files, install_peers

PEERS = ["cfn-lint", "cloudformation-validate"]
REGION = "us-east-1"
BATCH = 64
# The content of each corpus that the peers saw.
SEEN = HERE / "oracle" / "seen.json"

SECTIONS = ["Conditions", "Mappings", "Metadata", "Outputs", "Parameters", "Resources", "Rules", "Transform"]

# What cloudformation-validate calls otherwise than cfn-lint; None is a rule that cfn-lint has not.
SAME_AS = {
    "F0000": "E0000", "F0001": "E1001", "F0002": "E1001", "F0003": "E2010", "F0004": "E6010", "F0005": "E1001",
    "F0006": "E3001", "F0007": "E3010", "F0008": "E7010", "F0009": "E8001", "F0010": "E1019", "F0011": "E1003",
    "F0013": "E1028", "F0014": "E8001", "F0015": "E2015", "F0016": "E2015", "F0017": "E7001", "F0018": "E3036",
    "F0040": "E6002", "F0050": "E7001", "F1010": "E1020", "F1012": "E1011", "F1018": "E1019", "F1020": "E1020",
    "F1050": "E1017", "F1101": "E0000", "F2012": "E2015", "F3016": "E3035", "F6005": "E6102", "F8600": "E1700",
    "F8601": "E1700", "F8603": "E1700", "F8604": "E1700", "F8605": "E1700", "F8606": "E1702", "F8607": "E1701",
    "F8609": "E1701", "F8610": "E1701", "F8611": "E1702", "W8602": "E1700", "W8608": "E1701", "E2504": "E3501",
    "W3030": "E3030", "E9002": "E3687", "E9003": "E1040", "E9004": "E1010", "E9006": "E3030", "E9101": "E1101",
    "E9106": "E8001", "E9014": None, "W1102": "E1001", "W1103": "E1001", "W9007": "E3037", "W9009": "W3696",
    "W9003": None, "W9002": None, "W9006": None, "W9008": None, "W9010": None, "W9011": None, "W9012": None,
    "W9013": None, "W9052": None, "W9053": None, "W9054": None, "W2502": None, "W2503": "W1001", "W2508": None,
    "W2509": "W2501", "W2512": None,
}


def stored(corpus, peer):
    path = HERE / "oracle" / f"{corpus}.{peer}.json"
    if not path.exists():
        sys.exit(f"{path.name} is missing: run benches/accuracy/run --oracle {corpus}")
    return json.loads(path.read_text())


def content(corpus):
    """A hash of the names and contents of a corpus."""
    digest = hashlib.sha256()
    for name in files(corpus):
        digest.update(name.encode() + b"\0" + (FOLDERS[corpus] / name).read_bytes())
    return digest.hexdigest()


def is_stale(corpus):
    """Whether the templates of a corpus are not those that the peers saw."""
    seen = json.loads(SEEN.read_text()) if SEEN.exists() else {}
    return seen.get(corpus) != content(corpus)


def refresh(corpus):
    """Runs the peers on a corpus and keeps what they find, and which content of the corpus it was."""
    install_peers()
    seen = json.loads(SEEN.read_text()) if SEEN.exists() else {}
    SEEN.write_text(json.dumps({**seen, corpus: content(corpus)}, indent=2, sort_keys=True) + "\n")
    for peer, find in zip(PEERS, (cfn_lint, cloudformation_validate)):
        print(f"{peer} on {corpus}", file=sys.stderr)
        found = find(FOLDERS[corpus], files(corpus))
        if corpus == "mutants":
            found = new_in_mutants(found, peer)
        found = [[*it[:3], [key(segment) for segment in it[3]], *it[4:]] for it in found]
        unique = {json.dumps(it): it for it in found}
        rows = sorted(unique, key=lambda it: [str(field) for field in unique[it]])
        (HERE / "oracle" / f"{corpus}.{peer}.json").write_text("[\n" + ",\n".join(rows) + "\n]\n")


def new_in_mutants(found, peer):
    """The findings that a mutant has and the template it was made of has not."""
    made = json.loads((FOLDERS["mutants"] / ".mutants.json").read_text())
    base = {it["file"]: it["of"] for it in made}
    before = {(f"{corpus}/{it[0]}", it[1], *it[3]) for corpus in ("cdk", "good") for it in stored(corpus, peer)}
    return [it for it in found if (base[it[0]], it[1], *it[3]) not in before]


def cfn_lint(folder, names):
    for start in range(0, len(names), BATCH):
        yield from cfn_lint_batch(folder, names[start:start + BATCH])


def cfn_lint_batch(folder, names):
    program = PYTHON.parent / "cfn-lint"
    run = subprocess.run(
        [program, "--regions", REGION, "--format", "json", "--", *names], cwd=folder, capture_output=True, text=True
    )
    try:
        found = json.loads(run.stdout)
    except ValueError:
        if len(names) == 1:
            yield [names[0], "crash", "error", [], 0, 0]
            return
        middle = len(names) // 2
        yield from cfn_lint_batch(folder, names[:middle])
        yield from cfn_lint_batch(folder, names[middle:])
        return
    for it in found:
        if it["Message"].startswith('Exception "'):
            continue  # A fault of cfn-lint's own, reported under the rule that was running.
        start = it["Location"]["Start"]
        path = mended(it["Rule"]["Id"], [str(segment) for segment in it["Location"]["Path"] or []])
        yield [it["Filename"], it["Rule"]["Id"], it["Level"].lower(), path, start["LineNumber"], start["ColumnNumber"]]


def mended(rule, path):
    """A path as it is meant: these two rules put the path of another value between a resource and its property."""
    return [*path[:3], path[-1]] if rule in ("E3060", "E3026") and len(path) > 4 else path


def cloudformation_validate(folder, names):
    run = subprocess.run(
        [PYTHON, pathlib.Path(__file__), *names], cwd=folder, capture_output=True, text=True, check=True
    )
    return json.loads(run.stdout)


def inside(names):
    """What the peer's own Python prints: its findings as rows, with its ids mapped to cfn-lint's."""
    import cloudformation_validate as peer

    engine = peer.CelEngine()
    config = peer.ValidateConfig(pseudo_parameter_overrides=peer.PseudoParameterOverrides(region=REGION))
    sections = {"PARAMETER": "Parameters", "OUTPUT": "Outputs", "MAPPING": "Mappings", "CONDITION": "Conditions"}
    rows = []
    for name in names:
        try:
            report = engine.validate_template(name, config)
        except Exception:  # noqa: BLE001 - whatever it cannot do, it is a crash to us
            rows.append([name, "crash", "error", [], 0, 0])
            continue
        for it in report.diagnostics:
            if it.severity.name == "INFO":
                continue
            path = [segment for segment in re.split(r"[][./]", it.property_path or "") if segment]
            if it.entity is not None:
                section = sections.get(it.entity.entity_type.name, "Resources")
                if not (path and path[0] in SECTIONS):
                    path = [section, it.entity.logical_id, *path]
            rows.append([name, own(it.rule_id), level(it.severity), path, it.start_line or 0, it.start_column or 0])
    json.dump(rows, sys.stdout)


def own(rule):
    if rule in SAME_AS:
        return SAME_AS[rule] or f"own-{rule}"
    return "E" + rule[1:] if rule[0] == "F" else rule


def level(severity):
    return "error" if severity.name in ("FATAL", "ERROR") else "warning"


if __name__ == "__main__":
    inside(sys.argv[1:])
