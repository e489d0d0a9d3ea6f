"""Makes templates with one schema fault each out of the valid ones: mutate.py FOLDER, run by the peers' Python.

The kinds are those below. Where a fault can be put is found by walking each resource beside its schema, as cfn-lint's
wheel has it; which are taken is drawn from a fixed seed, each kind as often as the others, so that the same inputs
give the same mutants. Only literal values are changed, never what lies in a function. FOLDER/.mutants.json says of
each mutant its kind and the path that was changed.
"""

import collections
import copy
import json
import pathlib
import random
import sys

sys.dont_write_bytecode = True
from corpora import FOLDERS, ROOT, files  # noqa: E402

sys.path.insert(0, str(ROOT / "tests" / "python"))
import cloudformation_yaml  # noqa: E402

import cfnlint.data.schemas  # noqa: E402

SEED = 42
OF_EACH = 36
SCHEMAS = pathlib.Path(cfnlint.data.schemas.__file__).parent


class Fault:
    """One way to break one template: `change(parent, key)` where `parent` is found at `path` less its last key."""

    def __init__(self, file, kind, path, change):
        self.file, self.kind, self.path, self.change = file, kind, path, change


def main():
    target = pathlib.Path(sys.argv[1])
    schemas = Schemas()
    templates, bases, faults = {}, {}, collections.defaultdict(list)
    for corpus in ("cdk", "good"):
        for name in files(corpus):
            template = read(FOLDERS[corpus] / name)
            key = f"{corpus}-{name.split('.')[0]}"
            # What a macro makes of a template is not known, so a fault in it is none that can be found.
            if template is None or "Transform" in template:
                continue
            templates[key], bases[key] = template, f"{corpus}/{name}"
            for fault in within(key, template, schemas):
                faults[fault.kind].append(fault)
    chooser = random.Random(SEED)
    made = []
    for kind in sorted(faults):
        for number, fault in enumerate(spread(faults[kind], chooser)):
            template = copy.deepcopy(templates[fault.file])
            parent = template
            for segment in fault.path[:-1]:
                parent = parent[segment]
            changed = fault.change(parent, fault.path[-1])
            file = f"{kind}-{number:02}-{fault.file}.json"
            (target / file).write_text(json.dumps(template, indent=1) + "\n")
            place = [*fault.path[:-1], changed] if changed is not None else fault.path
            made.append({"file": file, "of": bases[fault.file], "kind": kind, "path": [str(it) for it in place]})
    (target / ".mutants.json").write_text("[\n" + ",\n".join(map(json.dumps, made)) + "\n]\n")
    print(len(made), dict(collections.Counter(it["kind"] for it in made)))


def spread(faults, chooser):
    """Some faults of a kind, of as many resource types as there are before any type comes twice."""
    chooser.shuffle(faults)
    seen, ordered = collections.Counter(), []
    for fault in faults:
        ordered.append((seen[fault.type], len(ordered), fault))
        seen[fault.type] += 1
    return [fault for _, _, fault in sorted(ordered, key=lambda it: it[:2])[:OF_EACH]]


def read(path):
    try:
        template = cloudformation_yaml.load(path.read_text())
        return json.loads(json.dumps(template))
    except Exception:  # noqa: BLE001 - what PyYAML does not read is left out
        return None


class Schemas:
    """The schemas of resource types, by name."""

    def __init__(self):
        self.of = {}
        for path in (SCHEMAS / "resources").glob("*.json"):
            schema = json.loads(path.read_text())
            self.of[schema["typeName"]] = schema

    def resolve(self, root, node):
        while isinstance(node, dict) and "$ref" in node:
            target = root
            for segment in node["$ref"].removeprefix("#/").split("/"):
                target = target.get(segment, {})
            node = {**{key: value for key, value in node.items() if key != "$ref"}, **target}
        return node if isinstance(node, dict) else {}


def is_function(value):
    return isinstance(value, dict) and any(key == "Ref" or key.startswith("Fn::") for key in value)


def within(file, template, schemas):
    for name, resource in sorted(template.get("Resources", {}).items()):
        if not isinstance(resource, dict) or resource.get("Type") not in schemas.of:
            continue
        root = schemas.of[resource["Type"]]
        path = ["Resources", name]
        found = [Fault(file, "unknown-type", [*path, "Type"], replace(resource["Type"] + "s"))]
        found.append(Fault(file, "depends-on-nothing", [*path, "DependsOn"], replace("NoSuchResource")))
        properties = resource.get("Properties")
        if isinstance(properties, dict) and not is_function(properties):
            found += places(file, [*path, "Properties"], properties, root, root, schemas)
            found += references(file, [*path, "Properties"], properties)
        for fault in found:
            fault.type = resource["Type"]
            yield fault


def references(file, path, value):
    if isinstance(value, dict):
        if list(value) == ["Ref"] and not str(value["Ref"]).startswith("AWS::"):
            yield Fault(file, "dangling-ref", [*path, "Ref"], replace("NoSuchThing"))
        if list(value) == ["Fn::GetAtt"] and isinstance(value["Fn::GetAtt"], list) and "Outputs" not in str(value):
            yield Fault(file, "unknown-attribute", [*path, "Fn::GetAtt", 1], replace("NoSuchAttribute"))
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from references(file, [*path, key], inner)


def replace(value):
    def change(parent, key):
        parent[key] = value

    return change


def drop(parent, key):
    del parent[key]


def misspell(parent, key):
    name = key[:-1] + ("x" if key[-1] != "x" else "y")
    value = parent[key]
    rest = list(parent.items())
    parent.clear()
    for other, kept in rest:
        parent[name if other == key else other] = value if other == key else kept
    return name


def places(file, path, value, schema, root, schemas):
    """The faults that a value can be given, by its schema and those within it."""
    schema = schemas.resolve(root, schema)
    if is_function(value) or not schema:
        return
    kind = schema.get("type")
    if isinstance(value, dict):
        if kind != "object" and "properties" not in schema:
            return
        properties = schema.get("properties", {})
        if properties and schema.get("additionalProperties") is False:
            yield Fault(file, "extra-key", [*path, "NoSuchProperty"], replace("x"))
            for key in value:
                if key in properties and key not in schema.get("required", []):
                    yield Fault(file, "misspelt-key", [*path, key], misspell)
        for key in schema.get("required", []):
            if key in value:
                yield Fault(file, "missing-required", [*path, key], drop)
        if properties and len(path) > 3:
            yield Fault(file, "text-for-object", path, replace("text"))
        for key, inner in value.items():
            if key in properties:
                yield from places(file, [*path, key], inner, properties[key], root, schemas)
        return
    if isinstance(value, list):
        items = schemas.resolve(root, schema.get("items", {}))
        if kind == "array":
            yield Fault(file, "map-for-list", path, replace({"Key": "text"}))
            if schema.get("minItems", 0) > 0:
                yield Fault(file, "too-few-items", path, replace([]))
            plain = [it for it in value if not is_function(it)]
            if schema.get("maxItems", 99) < 20 and plain and items.get("type") == "string" and not items.get("enum"):
                many = [f"{plain[0]}{number}" for number in range(schema["maxItems"] + 1)]
                yield Fault(file, "too-many-items", path, replace(many))
            if schema.get("uniqueItems") and plain:
                yield Fault(file, "item-twice", path, replace([*value, plain[0]]))
        for number, inner in enumerate(value):
            yield from places(file, [*path, number], inner, items, root, schemas)
        return
    yield from scalars(file, path, value, schema, kind)


def scalars(file, path, value, schema, kind):
    if kind in ("string", "integer", "number", "boolean"):
        yield Fault(file, "list-for-scalar", path, replace([value]))
    if kind in ("integer", "number", "boolean"):
        yield Fault(file, "word-for-number", path, replace("word"))
    if "enum" in schema and kind == "string":
        yield Fault(file, "not-in-enum", path, replace("NO_SUCH_VALUE"))
    if kind in ("integer", "number"):
        if "maximum" in schema:
            yield Fault(file, "above-maximum", path, replace(schema["maximum"] + 1))
        if "minimum" in schema:
            yield Fault(file, "below-minimum", path, replace(schema["minimum"] - 1))
    if kind == "string" and "enum" not in schema:
        if schema.get("maxLength", 9999) < 3000:
            yield Fault(file, "too-long", path, replace(str(value) + "a" * schema["maxLength"]))
        # A pattern that takes this text is rare enough to be counted with those no tool finds.
        if "pattern" in schema:
            yield Fault(file, "breaks-pattern", path, replace("\u00a7 no such text \u00a7"))


main()
