from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin, Span
from spacy.training import Corpus
from spacy.training.augment import create_lower_casing_augmenter
from spacy.util import registry

from spacy_spanbert import Relation
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.training.corpus import make_corpus
from spacy_spanbert.training.pair_corpus import make_pair_corpus

NLP = spacy.blank("en")


def write(path: Path, *texts: str) -> Path:
    docs = [NLP(text) for text in texts]
    for doc in docs:
        doc.spans["sc"] = [Span(doc, 0, 1, "A")] if len(doc) else []
    DocBin(docs=docs).to_disk(path)
    return path


def contents(corpus: Corpus) -> list[tuple[str, list[str]]]:
    docs = [example.reference for example in corpus(NLP)]
    return [(doc.text, [span.text for span in doc.spans.get("sc", [])]) for doc in docs]


def test_is_registered() -> None:
    assert registry.readers.get("spacy-spanbert.Corpus.v1") is make_corpus


@pytest.mark.parametrize("options", [{}, {"gold_preproc": True}])
def test_examples_are_those_of_spacys_reader(tmp_path: Path, options: dict) -> None:
    write(tmp_path / "a.spacy", "One two three four.", "", "Five")
    write(tmp_path / "b.spacy", "Six seven", "Eight")
    ours, theirs = make_corpus(tmp_path, **options), Corpus(tmp_path, **options)
    assert contents(ours) == contents(theirs)
    assert contents(ours)


def test_limit_counts_over_all_files(tmp_path: Path) -> None:
    write(tmp_path / "a.spacy", "One", "Two")
    write(tmp_path / "b.spacy", "Three", "Four")
    assert [text for text, _ in contents(make_corpus(tmp_path, limit=3))] == ["One", "Two", "Three"]


def test_augmenter_is_used(tmp_path: Path) -> None:
    path = write(tmp_path / "a.spacy", "One", "Two")
    corpus = make_corpus(path, augmenter=lambda _, example: [example, example])
    assert [text for text, _ in contents(corpus)] == ["One", "One", "Two", "Two"]


@pytest.mark.parametrize("damage", ["cut", "garbage", "empty"])
def test_damaged_file_is_named(tmp_path: Path, damage: str) -> None:
    write(tmp_path / "a.spacy", "One")
    path = write(tmp_path / "b.spacy", "Two")
    data = path.read_bytes()
    path.write_bytes({"cut": data[: len(data) // 2], "garbage": b"no corpus", "empty": b""}[damage])
    with pytest.raises(SpanbertError, match=r"b\.spacy is damaged, or no \.spacy file \(.*convert"):
        contents(make_corpus(tmp_path))


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpanbertError, match=r"there is no corpus .*gone\.spacy"):
        contents(make_corpus(tmp_path / "gone.spacy"))


def test_files_of_other_kinds_are_told_how_to_be_read(tmp_path: Path) -> None:
    path = tmp_path / "dev.jsonl"
    path.write_text('{"text_a": "a", "text_b": "b", "label": "c"}')
    for corpus, command in ((make_corpus(path), ""), (make_pair_corpus(path), "--pairs ")):
        with pytest.raises(SpanbertError, match=f"is no .spacy file.*convert {command}.*dev.spacy"):
            contents(corpus)
    with pytest.raises(SpanbertError, match=r"there is no corpus .*gone"):
        contents(make_pair_corpus(tmp_path / "gone.jsonl"))


def test_missing_path_is_taught() -> None:
    with pytest.raises(SpanbertError, match=r"give --paths\.train and --paths\.dev"):
        make_corpus(None)


@pytest.mark.parametrize("texts", [[], [""]])
def test_corpus_without_words_is_named(tmp_path: Path, texts: list[str]) -> None:
    path = write(tmp_path / "a.spacy", *texts)
    with pytest.raises(SpanbertError, match=r"a\.spacy holds no Doc with words"):
        contents(make_corpus(path))


def test_error_of_whoever_reads_is_not_mistaken_for_damage(tmp_path: Path) -> None:
    path = write(tmp_path / "a.spacy", "One")

    def fail(nlp: spacy.Language, example: object) -> list:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        contents(make_corpus(path, augmenter=fail))


def related_doc(nlp, text="Ann works for Acme. Bob rests."):
    doc = nlp(text)
    for token in doc:
        token.is_sent_start = token.i in (0, 5)
    relation = Relation(Span(doc, 0, 1, "PER"), Span(doc, 3, 4, "ORG"), "works_for")
    doc.spans["sc"] = [relation.head, relation.tail]
    doc._.relations = [relation]
    return doc


def test_augmenters_of_spacy_keep_the_types_of_relations(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    path = tmp_path / "a.spacy"
    DocBin(docs=[related_doc(nlp)]).to_disk(path)
    corpus = make_corpus(path, augmenter=create_lower_casing_augmenter(1.0))
    (example,) = corpus(nlp)
    assert example.reference.text == "ann works for acme. bob rests."
    (relation,) = example.reference._.relations
    assert (relation.head.text, relation.tail.text, relation.label) == ("ann", "acme", "works_for")
    assert (relation.head.label_, relation.tail.label_) == ("PER", "ORG")


def test_sentences_are_not_cut_where_that_would_lose_spans(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    DocBin(docs=[related_doc(nlp)]).to_disk(tmp_path / "a.spacy")
    with pytest.raises(SpanbertError, match=r"would lose its spans \(relations.heads, .*, sc\)"):
        list(make_corpus(tmp_path / "a.spacy", gold_preproc=True)(nlp))


def test_a_key_of_gold_spans_without_brackets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        SpanbertError, match=r"gold_spans .* is 'sc', expected a list .* \[\"sc\"\]"
    ):
        make_corpus(tmp_path, gold_spans="sc")
