"""Reads Markdown as GitHub does, and says what came of it: tables, blocks of code, what opens; fails if text became markup.

The parser is GitHub's own, with raw HTML let through, for GitHub only takes away what is dangerous. A mention or a
reference to an issue is found by GitHub in the text outside of code.
"""

import html.parser
import re
import sys

import cmarkgfm
from cmarkgfm.cmark import Options

# What a review is made of; a link is what the parser makes of an address in plain sight.
TAGS = set("h2 h3 p ul li code pre strong em table thead tbody tr th td details summary a".split())
VOID = {"br"}


class Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.counts, self.text = [], {}, ""

    def handle_starttag(self, tag, attributes):
        self.counts[tag] = self.counts.get(tag, 0) + 1
        if tag in VOID:
            return
        assert tag in TAGS, f"<{tag}> came from text"
        allowed = {"lang", "align"} if tag != "a" else {"href"}
        assert {name for name, _ in attributes} <= allowed, f"<{tag} {attributes}>"
        for name, value in attributes:
            assert name != "href" or value.startswith("https://docs.aws.amazon.com/") or value.startswith(
                "https://github.com/aws"
            ), value
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> ends something else"

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    def handle_data(self, data):
        if "code" not in self.open and "pre" not in self.open:
            self.text += data


def check(path):
    with open(path, encoding="utf-8") as file:
        markdown = file.read()
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_GITHUB_PRE_LANG
    page = cmarkgfm.github_flavored_markdown_to_html(markdown, options)
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert not reader.open, f"left open: {reader.open}"
    for what in (r"(?<![\w/])@[A-Za-z\d]", r"(?<![\w/])#\d", r"\bGH-\d"):
        found = re.search(what + ".{0,20}", reader.text)
        assert not found, f"GitHub would link {found.group()!r}"
    # What is left of the syntax was not understood.
    for line in reader.text.splitlines():
        assert not re.match(r"\s*(\||```|#{1,6} |</?details)", line), line
    if len(sys.argv) == 2:
        print(page)
    return reader.counts


for path in sys.argv[1:]:
    counts = check(path)
    print(*(f"{counts.get(tag, 0)} {tag}" for tag in ("table", "tr", "pre", "details", "summary", "h3")))
