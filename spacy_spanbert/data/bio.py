"""Spans as layers of BIO tags, and back."""

import re
from collections.abc import Callable, Container, Iterable, Sequence

from spacy_spanbert.data.records import RecordSpan

TAG = re.compile(r"O|(?P<prefix>[BIESLU])(?:-(?P<label>.*))?", re.DOTALL)
# What begins a span, what may only go on with one, what ends one (BIOES; BILOU says L and U).
BEGINS = frozenset("BSU")
ENDS = frozenset("ESLU")


def is_tag(tag: str) -> bool:
    """Tell whether a string is a tag of the schemes BIO, BIOES or BILOU.

    tag (str): Any string.
    RETURNS (bool): True for "O", "B-PER", "I" and the like.
    """
    return TAG.fullmatch(tag) is not None


def encode_layers(spans: Iterable[RecordSpan], n_words: int) -> list[list[str]]:
    """Write spans as BIO tags, in as many layers as they need.

    The longest come first, so that the outermost are in the first layer; what overlaps them goes
    to the next, whether it is nested, crosses, or is the same stretch again.

    spans (Iterable[RecordSpan]): Spans in words, not empty.
    n_words (int): How many words there are.
    RETURNS (list[list[str]]): A tag for each word in each layer; no layer for no spans.
    """
    layers: list[list[str]] = []
    for span in sorted(spans, key=lambda span: (span.start - span.end, span.start)):
        layer = next((layer for layer in layers if _is_free(layer, span)), None)
        if layer is None:
            layer = ["O"] * n_words
            layers.append(layer)
        layer[span.start : span.end] = [f"I-{span.label}"] * (span.end - span.start)
        layer[span.start] = f"B-{span.label}"
    return layers


def _is_free(layer: list[str], span: RecordSpan) -> bool:
    return all(tag == "O" for tag in layer[span.start : span.end])


def decode_layer(
    tags: Sequence[str],
    breaks: Container[int] = (),
    on_repair: Callable[[int, str], None] | None = None,
) -> list[RecordSpan]:
    """Read the spans of one layer of BIO, BIOES or BILOU tags.

    A tag that goes on with a span where there is none (I-PER after O or B-LOC) begins one.

    tags (Sequence[str]): A tag for each word, such that `is_tag` holds.
    breaks (Container[int]): Words before which every span ends: the first ones of sentences.
    on_repair (Callable[[int, str], None] | None): Told of each such repair: the word, and why.
    RETURNS (list[RecordSpan]): The spans, in order; empty for no tags.
    """
    spans: list[RecordSpan] = []
    start, open_label = 0, None  # No label: no span is open.

    def close(end: int) -> None:
        if open_label is not None:
            spans.append(RecordSpan(start, end, open_label))

    for i, tag in enumerate(tags):
        prefix, label = _parts(tag)
        if i in breaks or prefix is None or prefix in BEGINS or label != open_label:
            close(i)
            open_label = None
        if prefix is None:
            continue
        if open_label is None:
            if prefix not in BEGINS and on_repair is not None:
                on_repair(i, f"{tag} goes on with a span, but there is none: it begins one.")
            start, open_label = i, label
        if prefix in ENDS:
            close(i + 1)
            open_label = None
    close(len(tags))
    return spans


def _parts(tag: str) -> tuple[str | None, str]:
    match = TAG.fullmatch(tag)
    if match is None:
        raise ValueError(f"Expected a BIO tag such as B-PER, not {tag!r}.")
    return match["prefix"], match["label"] or ""
