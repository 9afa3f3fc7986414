"""The corpus reader of `spacy train`: spaCy's own, which names the file that it cannot read."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from spacy import Language, registry
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Corpus, Example
from spacy.vocab import Vocab

from spacy_spanbert.annotations.gold_spans import gold_spans_on
from spacy_spanbert.annotations.relations import (
    Relation,
    get_relations,
    relation_labels,
    set_relations,
)
from spacy_spanbert.errors import SpanbertError

Augmenter = Callable[[Language, Example], Iterable[Example]]


class NamingCorpus(Corpus):
    """spaCy's Corpus (https://spacy.io/api/corpus), but for what it says of bad files, and for gold
    spans, which it can hand on.

    path (Path): A `.spacy` file, or a folder of them.
    gold_spans (Sequence[str]): Keys of `doc.spans` whose gold spans the predicted Docs get.
    settings (Any): gold_preproc, limit, augmenter: See spaCy's.
    """

    # writes what is read here
    command = "convert"

    def __init__(
        self, path: str | Path, *, gold_spans: Sequence[str] = (), **settings: Any
    ) -> None:
        if isinstance(gold_spans, str):
            raise SpanbertError(
                f"gold_spans of the corpus reader is {gold_spans!r}, expected a list of keys, such "
                f'as ["{gold_spans}"]'
            )
        super().__init__(path, **settings)
        self.augmenter = keep_relations(self.augmenter)
        self.gold_spans = tuple(gold_spans)

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Read examples.

        nlp (Language): The pipeline.
        YIELDS (Example): With the spans of `gold_spans`, as far as the gold Doc has the key, on
            both sides; those that begin or end inside a predicted word are left out.
        RAISES (SpanbertError): See read_docbin; or if the path is a file of another kind.
        """
        self._check_kind()
        for example in super().__call__(nlp):
            for key in self.gold_spans:
                if key in example.reference.spans:
                    predicted = example.predicted
                    predicted.spans[key] = gold_spans_on(predicted, example.reference, key)
            yield example

    def make_examples_gold_preproc(
        self, nlp: Language, reference_docs: Iterable[Doc]
    ) -> Iterator[Example]:
        """Cut Docs into sentences, as spaCy does.

        nlp (Language): The pipeline.
        reference_docs (Iterable[Doc]): Gold Docs.
        YIELDS (Example): One a sentence.
        RAISES (SpanbertError): If that would lose spans, which spaCy does not cut.
        """
        for doc in reference_docs:
            lost = sorted(key for key, group in doc.spans.items() if len(group))
            if lost and doc.has_annotation("SENT_START") and len(list(doc.sents)) > 1:
                raise SpanbertError(
                    f"gold_preproc = true cuts the Doc {doc.text[:60]!r} into sentences, which "
                    f"would lose its spans ({', '.join(lost)}): set gold_preproc = false"
                )
            yield from super().make_examples_gold_preproc(nlp, [doc])

    def read_docbin(self, vocab: Vocab, locs: Iterable[str | Path]) -> Iterator[Doc]:
        """Read the gold Docs of files.

        vocab (Vocab): The vocabulary of the Docs.
        locs (Iterable[str | Path]): The files.
        YIELDS (Doc): Docs of one word or more, `limit` at most over all files.
        RAISES (SpanbertError): Naming the file that is missing or damaged; or naming the path that
            holds no Doc, since a training would fail on that later, and say something else.
        """
        n_docs = 0
        for loc in locs:
            for doc in _read_file(Path(loc), vocab):
                if len(doc):
                    yield doc
                    n_docs += 1
                if self.limit and n_docs >= self.limit:
                    return
        if not n_docs:
            raise SpanbertError(
                f"{self.path} holds no Doc with words: expected a .spacy file or a folder of them, "
                f"as `python -m spacy spanbert {self.command}` writes it"
            )

    def _check_kind(self) -> None:
        """SpaCy's would warn of another suffix, and read nothing."""
        path = Path(self.path)
        if not path.exists():
            raise SpanbertError(f"there is no corpus {path}")
        if not path.is_dir() and path.suffix != ".spacy":
            raise SpanbertError(
                f"{path} is no .spacy file: make one of it with `python -m spacy spanbert "
                f"{self.command} {path} {path.with_suffix('.spacy').name}`"
            )


def keep_relations(augmenter: Augmenter) -> Augmenter:
    """Let an augmenter keep the types of relations, which spaCy's lose with the ids of spans.

    augmenter (Augmenter): Any.
    RETURNS (Augmenter): The same; what it makes has the relations of the example it was given.
    """

    def augment(nlp: Language, example: Example) -> Iterator[Example]:
        relations = get_relations(example.reference)
        for made in augmenter(nlp, example):
            doc = made.reference
            if relations and "" in relation_labels(doc):
                if len(doc) != len(example.reference):
                    raise SpanbertError(
                        "the augmenter changes the words of the Doc "
                        f"{example.reference.text[:60]!r} and loses the types of its relations: "
                        "train relations without it"
                    )
                set_relations(doc, [_on(doc, relation) for relation in relations])
            yield made

    return augment


def _on(doc: Doc, relation: Relation) -> Relation:
    head, tail = (Span(doc, a.start, a.end, a.label) for a in (relation.head, relation.tail))
    return replace(relation, head=head, tail=tail)


@registry.readers("spacy-spanbert.Corpus.v1")
def make_corpus(
    path: Path | None,
    *,
    gold_preproc: bool = False,
    limit: int = 0,
    augmenter: Augmenter | None = None,
    gold_spans: Sequence[str] = (),
) -> NamingCorpus:
    """Build the corpus reader.

    The arguments are those of spacy.Corpus.v1 and `gold_spans`, but for `max_length`, which drops
    long Docs without sentence boundaries in silence; no Doc is too long for the encoder.

    path (Path | None): A `.spacy` file, or a folder of them.
    gold_preproc (bool): Whether to train on the gold words and sentences, rather than on the words
        that the pipeline makes of the text.
    limit (int): The most Docs to read; 0: all.
    augmenter (Augmenter | None): Makes further examples of one.
    gold_spans (Sequence[str]): Keys of `doc.spans` whose gold spans the pipeline is given, for
        components that read them: relations between gold spans are learned and scored so.
    RETURNS (NamingCorpus): Call it with a pipeline to get examples.
    RAISES (SpanbertError): If there is no path.
    """
    return NamingCorpus(
        check_path(path, "convert"),
        gold_preproc=gold_preproc,
        limit=limit,
        augmenter=augmenter,
        gold_spans=gold_spans,
    )


def check_path(path: Path | None, command: str) -> Path:
    """Refuse a config without a corpus.

    path (Path | None): What the config says.
    command (str): The command that writes such corpora, as in "convert --pairs".
    RETURNS (Path): The path.
    RAISES (SpanbertError): If there is none.
    """
    if path is None:
        raise SpanbertError(
            "the config has no corpus: give --paths.train and --paths.dev, .spacy files as "
            f"`python -m spacy spanbert {command}` writes them"
        )
    return path


def _read_file(path: Path, vocab: Vocab) -> Iterator[Doc]:
    try:
        yield from DocBin().from_disk(path).get_docs(vocab)
    except Exception as error:  # whatever zlib, msgpack or numpy say about wrong bytes
        raise SpanbertError(
            f"{path} is damaged, or no .spacy file (reading it ended with {type(error).__name__}). "
            "Make it anew with `python -m spacy spanbert convert`"
        ) from error
