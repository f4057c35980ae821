"""CIF syntax: data items and loops in the many layouts that the format allows."""

from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass
class Pair:
    """A tag with one value."""

    tag: str
    value: str


@dataclass
class Loop:
    """A table: tags and rows of values."""

    tags: list[str]
    rows: list[list[str]]


@dataclass
class Raw:
    """Text that stands as it is."""

    text: str


Item = Pair | Loop | Raw


@dataclass
class Block:
    """A data block."""

    name: str
    items: list[Item]


@dataclass
class Layout:
    """How a file is laid out; the defaults are what most programs write."""

    newline: str = "\n"
    encoding: str = "utf-8"
    byte_order_mark: bytes = b""
    head: str = ""
    tail: str = "\n"
    quote: str = "'"
    quotes_everything: bool = False
    text_fields: bool = False
    tag_case: str = "as is"
    keyword_case: str = "lower"
    loop_layout: str = "row a line"
    indent: str = ""
    separator: str = " "
    comments: bool = False
    blank_lines: bool = False
    trailing_blanks: str = ""
    latin_item: str = ""
    generator: random.Random = field(default_factory=lambda: random.Random(0))

    def render(self, blocks: list[Block]) -> bytes:
        """The bytes of a file."""
        lines = [self.head] if self.head else []
        for block in blocks:
            lines.append(self.indent + self.keyword("data_") + block.name)
            for item in block.items:
                lines += self.item_lines(item)
                if self.blank_lines:
                    lines += [""] * self.generator.randint(0, 2)
                if self.comments and self.generator.random() < 0.5:
                    lines.append(self.generator.choice(("# a comment", "#", "#data_comment", "# loop_ 'open", "#;")))
        lines = [line + self.trailing_blanks if not line.startswith(";") else line for line in lines]
        text = "\n".join(lines) + self.tail
        return self.byte_order_mark + text.replace("\n", self.newline).encode(self.encoding)

    def keyword(self, word: str) -> str:
        """A reserved word in its case."""
        return {"upper": word.upper(), "title": word.title()}.get(self.keyword_case, word)

    def tag(self, tag: str) -> str:
        """A tag in its case."""
        if self.tag_case == "upper":
            return tag.upper()
        if self.tag_case == "mixed":
            return "".join(letter.upper() if self.generator.random() < 0.5 else letter for letter in tag)
        return tag.lower() if self.tag_case == "lower" else tag

    def item_lines(self, item: Item) -> list[str]:
        """An item as lines."""
        if isinstance(item, Raw):
            return item.text.split("\n")
        if isinstance(item, Pair):
            value = self.value(item.value)
            if value.startswith("\n"):
                return [self.indent + self.tag(item.tag), *value[1:].split("\n")]
            if self.loop_layout == "value a line":
                return [self.indent + self.tag(item.tag), self.indent + value]
            return [f"{self.indent}{self.tag(item.tag)}{self.separator}{value}"]
        return self.loop_lines(item)

    def loop_lines(self, loop: Loop) -> list[str]:
        """A loop as lines."""
        tags = [self.tag(tag) for tag in loop.tags]
        head = [self.keyword("loop_"), *tags]
        rows = [[self.value(value) for value in row] for row in loop.rows]
        if any(value.startswith("\n") for row in rows for value in row):
            return ["\n".join([*head, *("\n".join(value.lstrip("\n") for value in row) for row in rows)])]
        joined = [self.separator.join(row) for row in rows]
        match self.loop_layout:
            case "one line":
                return [self.separator.join([*head, *joined])]
            case "head on one line":
                return [self.separator.join(head), *joined]
            case "rows on one line":
                return [*head, self.separator.join(joined)]
            case "value a line":
                return [self.indent + text for text in [*head, *(value for row in rows for value in row)]]
            case "broken rows":
                lines = []
                for row in rows:
                    cut = self.generator.randint(1, len(row))
                    lines += [self.separator.join(row[:cut]), self.separator.join(row[cut:])]
                return [*head, *(line for line in lines if line)]
            case _:
                return [self.indent + text for text in [*head, *joined]]

    def value(self, value: str) -> str:
        """A value, quoted where it must be, or more."""
        if value in (".", "?"):
            return value
        if "\n" in value or (self.text_fields and self.generator.random() < 0.15):
            return f"\n;{value}\n;"
        if self.quotes_everything or needs_quotes(value):
            quote = self.quote if self.quote + " " not in value else '"'
            return f"{quote}{value}{quote}"
        return value


def needs_quotes(value: str) -> bool:
    """Whether a value cannot stand alone."""
    reserved = ("data_", "loop_", "save_", "stop_", "global_")
    return (
        not value
        or value[0] in "_#$'\";[]"
        or any(letter.isspace() for letter in value)
        or value.lower().startswith(reserved)
    )
