"""Two texts in one Doc: the convention that text pairs are kept in."""

from spacy import Language
from spacy.tokens import Doc, Span, SpanGroup

from spacy_spanbert.errors import SpanbertError

PAIR_KEY = "pair"


def make_pair(nlp: Language, text_a: str | Doc, text_b: str | Doc) -> Doc:
    """Put two texts into one Doc, which the encoder then reads as `[CLS] a [SEP] b [SEP]`.

    The words of the second follow those of the first, with a blank between; `doc.spans["pair"]`
    has a span for each that has words, and in its `attrs["n_first"]` the number of words of the
    first. It survives DocBin, bytes and processes, and is read by `segments`. Sentence starts,
    tags, entities and other annotation of words is kept, spans and user data are not.

    nlp (Language): The pipeline, whose tokenizer and vocabulary are used.
    text_a (str | Doc): The first text, may be empty; as a Doc it is not tokenized again.
    text_b (str | Doc): The second text, likewise.
    RETURNS (Doc): Not annotated yet: `nlp(make_pair(nlp, a, b))`.
    RAISES (SpanbertError): If one of them is neither text nor Doc, or has another vocabulary.
    """
    docs = [_to_doc(nlp, "text_a", text_a), _to_doc(nlp, "text_b", text_b)]
    doc: Doc = Doc.from_docs(docs, exclude=("spans", "tensor", "user_data"))  # type: ignore[call-arg]
    set_border(doc, len(docs[0]))
    return doc


def set_border(doc: Doc, n_first: int) -> None:
    """Make a pair of a Doc that holds the words of both texts.

    doc (Doc): The Doc.
    n_first (int): How many of its words are the first text, 0 to all.
    """
    both = (Span(doc, 0, n_first), Span(doc, n_first, len(doc)))
    # Doc.copy cannot copy spans without words
    spans = [span for span in both if len(span)]
    doc.spans[PAIR_KEY] = SpanGroup(doc, name=PAIR_KEY, spans=spans, attrs={"n_first": n_first})


def _to_doc(nlp: Language, name: str, text: str | Doc) -> Doc:
    if isinstance(text, str):
        return nlp.make_doc(text)
    if not isinstance(text, Doc):
        raise SpanbertError(f"{name} of a pair is a text or a Doc, but is a {type(text).__name__}")
    if text.vocab is not nlp.vocab:
        raise SpanbertError(
            f"{name} of a pair, {text.text[:60]!r}, was made by another pipeline: its vocabulary "
            "is not that of nlp. Give the text itself, or make the Doc with this nlp"
        )
    return text


def is_pair(doc: Doc) -> bool:
    """RETURNS (bool): Whether a Doc holds two texts, as make_pair puts them."""
    return PAIR_KEY in doc.spans


def segments(doc: Doc) -> tuple[Span, Span]:
    """Tell the two texts of a pair apart.

    doc (Doc): From make_pair.
    RETURNS (tuple[Span, Span]): The first text and the second; either may have no words.
    RAISES (SpanbertError): If the Doc is no pair, or its words have changed since.
    """
    if not is_pair(doc):
        raise SpanbertError(
            f"the Doc {doc.text[:60]!r} is no pair of texts: it has no doc.spans['pair']. Make it "
            "with spacy_spanbert.make_pair(nlp, text_a, text_b), or give `python -m spacy spanbert "
            "annotate` JSONL with text_a and text_b. spaCy's own corpus reader drops "
            "the two texts: use the reader spacy-spanbert.PairCorpus.v1, and instead of `spacy "
            "evaluate` and `spacy find-threshold` the commands `python -m spacy spanbert "
            "evaluate` and `tune-threshold`"
        )
    group = doc.spans[PAIR_KEY]
    try:
        borders = [(span.start, span.end) for span in group]
    except IndexError:  # words were merged: spaCy cannot make such a span any more
        borders = []
    n_first = group.attrs.get("n_first", borders[0][1] if len(borders) == 2 else None)
    expected = [(0, n_first), (n_first, len(doc))]
    if n_first is None or borders not in (
        expected,
        [span for span in expected if len({*span}) > 1],
    ):
        raise SpanbertError(
            f"doc.spans['pair'] of the Doc {doc.text[:60]!r} is {borders}: expected two spans, one "
            f"after the other, from word 0 to word {len(doc)}, as make_pair sets them. Merge or "
            "split words before the pair is made"
        )
    return doc[:n_first], doc[n_first:]
