"""Tells which findings point at the key or the value their path names; run by the peers' Python, for its PyYAML.

Standard input is JSON: a folder, and rows of file, path, line and column. Standard output is the rows that point
elsewhere. A finding points well when it begins in the key, at the beginning of the value, or inside a plain value.
What PyYAML cannot read is passed over.
"""

import json
import pathlib
import sys

import yaml


def find(node, path):
    """The nodes of the key and of the value at a path; the key of an item of a list is the item."""
    key = node
    for segment in path:
        if node.tag.startswith("!") and (segment in ("Ref", "Condition") or segment.startswith("Fn::")):
            continue
        if isinstance(node, yaml.MappingNode):
            pair = next((it for it in node.value if it[0].value == segment), None)
            if pair is None:
                return None
            key, node = pair
        elif isinstance(node, yaml.SequenceNode):
            if not segment.isdigit() or int(segment) >= len(node.value):
                return None
            key = node = node.value[int(segment)]
        elif not node.tag.startswith("!"):
            return None
    return key, node


def points_well(node, path, line, column):
    found = find(node, path)
    if found is None:
        return True
    at = (line - 1, column - 1)
    key, value = found
    inside = [it for it in (key, value) if isinstance(it, yaml.ScalarNode)]
    # A value after a tag begins at the tag or behind it.
    tagged = [(it, len(it.tag) + 1) for it in found if it.tag.startswith("!")]
    return any(mark(it.start_mark) == at for it in found) or any(
        line == it.start_mark.line + 1 and 0 <= column - 1 - it.start_mark.column <= length for it, length in tagged
    ) or any(
        mark(it.start_mark) <= at <= mark(it.end_mark) for it in inside
    )


def mark(it):
    return it.line, it.column


def main():
    folder, rows = json.load(sys.stdin)
    trees, wrong = {}, []
    for row in rows:
        file, path, line, column = row
        if file not in trees:
            try:
                trees[file] = yaml.compose((pathlib.Path(folder) / file).read_text(), yaml.SafeLoader)
            except Exception:  # noqa: BLE001 - a template that is no YAML has no places
                trees[file] = None
        if trees[file] is not None and path and not points_well(trees[file], path, line, column):
            wrong.append(row)
    json.dump(wrong, sys.stdout)


main()
