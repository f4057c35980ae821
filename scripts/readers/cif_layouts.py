"""How CIF files are laid out, in dialects."""

from __future__ import annotations

import random
from collections.abc import Callable

from .case import maybe
from .cif_text import Layout


def layout_marks(generator: random.Random, layout: Layout) -> None:
    """A byte-order mark before UTF-8."""
    layout.byte_order_mark = b"\xef\xbb\xbf"


def layout_wide(generator: random.Random, layout: Layout) -> None:
    """UTF-16 with its mark."""
    little = maybe(generator, 0.5)
    layout.byte_order_mark = b"\xff\xfe" if little else b"\xfe\xff"
    layout.encoding = "utf-16-le" if little else "utf-16-be"


def layout_latin(generator: random.Random, layout: Layout) -> None:
    """Bytes of another encoding in a comment, a text, or a value without quotes."""
    layout.encoding = "latin-1"
    heads = ("# Müller, Ångström", "#\xa0 no break", "# 90\xb0")
    layout.head = generator.choice(heads)
    layout.latin_item = generator.choice(("'Mülheim, 20\xb0C'", "Müller", "\n;Ångström\n;", "\xb0C"))


def set_layout(**values: object) -> Callable[[random.Random, Layout], None]:
    """A layout with fixed choices."""

    def change(_: random.Random, layout: Layout) -> None:
        for name, value in values.items():
            setattr(layout, name, value)

    return change


def layout_case(generator: random.Random, layout: Layout) -> None:
    """Tags and reserved words in other cases."""
    layout.tag_case = generator.choice(("upper", "mixed", "lower"))
    layout.keyword_case = generator.choice(("upper", "title", "lower"))


def layout_quotes(generator: random.Random, layout: Layout) -> None:
    """Quotes around every value."""
    layout.quote = generator.choice(("'", '"'))
    layout.quotes_everything = True


def layout_blanks(generator: random.Random, layout: Layout) -> None:
    """Indented lines, blanks behind lines, blank lines, no line end at the end."""
    layout.indent = generator.choice(("", " ", "\t", "    "))
    layout.trailing_blanks = generator.choice(("", " ", "\t "))
    layout.blank_lines = maybe(generator, 0.6)
    layout.tail = generator.choice(("", "\n", "\n\n\n", "\n \n", "\n#END\n", "\n# end"))


def layout_version(generator: random.Random, layout: Layout) -> None:
    """A line that names the version of the format."""
    layout.head = generator.choice(("#\\#CIF_1.1", "#\\#CIF_2.0", "#\\#CIF_1.0", "#\\#CIF1.1\n# more"))


LAYOUTS: dict[str, Callable[[random.Random, Layout], None]] = {
    "lines end in CR LF": set_layout(newline="\r\n"),
    "lines end in CR": set_layout(newline="\r"),
    "byte-order mark": layout_marks,
    "UTF-16": layout_wide,
    "Latin-1": layout_latin,
    "comments": set_layout(comments=True),
    "case of tags and words": layout_case,
    "quotes around everything": layout_quotes,
    "values as text fields": set_layout(text_fields=True),
    "a value a line": set_layout(loop_layout="value a line"),
    "a loop on one line": set_layout(loop_layout="one line"),
    "a loop's head on one line": set_layout(loop_layout="head on one line"),
    "all rows on one line": set_layout(loop_layout="rows on one line"),
    "rows over several lines": set_layout(loop_layout="broken rows"),
    "tabs": set_layout(separator="\t"),
    "blanks and blank lines": layout_blanks,
    "version line": layout_version,
}
