"""Read a drawn page again, with Python's own HTML parser, and refuse what is not well-formed."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta"}


@dataclass
class Word:
    """A word in spans: its text, the tops of its bars and chips, and their tooltips."""

    text: str = ""
    bars: list[int] = field(default_factory=list)
    chips: list[tuple[int, str]] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)


class DrawnPage(HTMLParser):
    """What a reader sees of HTML.

    paragraphs (list[str]): The text of each, without labels.
    words (list[Word]): The words in spans, in order.
    texts (dict[str, list[str]]): The text in each kind of element but `span` and `b`.
    tags (list[tuple[str, dict[str, str]]]): All elements with their attributes.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.paragraphs: list[str] = []
        self.words: list[Word] = []
        self.texts: dict[str, list[str]] = {}
        self.tags: list[tuple[str, dict[str, str]]] = []
        self._open: list[tuple[str, dict[str, str]]] = []
        self.feed(html)
        self.close()
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        assert len(attributes) == len(attrs), (
            f"an attribute comes twice in {self.get_starttag_text()}"
        )
        self.tags.append((tag, attributes))
        if tag in VOID:
            return
        self._open.append((tag, attributes))
        if attributes.get("class") == "p":
            self.paragraphs.append("")
        if attributes.get("class") == "w":
            self.words.append(Word())
        if tag == "i":
            self.words[-1].bars.append(_top(attributes))
            self.words[-1].titles.append(attributes["title"])

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open[-1][0] == tag, f"</{tag}> closes {self._open}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if not self._open:
            assert not data.strip(), f"text outside: {data!r}"
            return
        tag, attributes = self._open[-1]
        in_word = any(one.get("class") == "w" for _, one in self._open)
        if tag == "b" and in_word:
            self.words[-1].chips.append((_top(attributes), data))
            return
        if in_word:
            self.words[-1].text += data
        if any(one.get("class") == "p" for _, one in self._open):
            self.paragraphs[-1] += data
        self.texts.setdefault(tag, []).append(data)


def _top(attributes: dict[str, str]) -> int:
    return int(attributes["style"].removeprefix("top:").removesuffix("px"))


def squeeze(text: str) -> str:
    """What a browser shows of white space."""
    return " ".join(text.split())
