import subprocess
import sys
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.tokens import Doc, DocBin, Span
from typer.testing import CliRunner

from spacy_spanbert.cli import app
from spacy_spanbert.cli.coverage import GoldReader, measure_coverage
from spacy_spanbert.errors import SpanbertError

LITBANK_DEV = Path(__file__).parents[2] / "assets" / "litbank" / "dev.jsonl"
SENTENCES = [
    {
        "doc_id": "a",
        "text": "Judy,--likewise of London.",
        "tokens": ["Judy", ",", "--", "likewise", "of", "London", "."],
        "spaces": [False, False, False, True, True, False, False],
        "spans": [
            {"start": 0, "end": 6, "label": "PER"},
            {"start": 0, "end": 1, "label": "PER"},
            {"start": 3, "end": 4, "label": "PER"},
            {"start": 5, "end": 6, "label": "GPE"},
        ],
    },
    {"doc_id": "a", "text": "So.", "tokens": ["So", "."], "spaces": [False, False], "spans": []},
]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    srsly.write_jsonl(tmp_path / "corpus.jsonl", SENTENCES)
    return tmp_path / "corpus.jsonl"


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["coverage", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_litbank_dev_is_counted_as_its_readme_states(tmp_path: Path):
    code, output = run(LITBANK_DEV, "--group", "doc_id", "--json", tmp_path / "counts.json")
    assert code == 0
    assert "1,422 gold spans in 10 documents; 210 inside another; 1,415 (99.5%)" in output
    counts = srsly.read_json(tmp_path / "counts.json")
    assert counts["n_spans"] == sum(counts["by_label"].values()) == 1422
    assert max(map(int, counts["by_length"])) == 129
    assert counts["unreachable"]["crosses_sentence"] == {}
    reachable = {row["max_length"]: row["recall_ceiling"] for row in counts["reachable_at"]}
    assert 0.995 <= reachable[counts["max_length"]] < 0.996
    assert counts["problems"] == {}


def test_without_a_tokenizer_the_words_of_the_corpus_count(corpus: Path):
    _, output = run(corpus, "--max-length", "5")
    assert "4 gold spans in 2 documents; 3 inside another; 3 (75.0%)" in output
    assert "too long" in output and "misaligned" not in output


def test_with_a_language_spans_are_placed_on_its_words(corpus: Path):
    _, output = run(corpus, "--lang", "en")
    # "Judy,--likewise" is one word of three: the spans at either end of it do not fit
    assert "2 (50.0%) within reach of max_length 3." in output
    assert "misaligned" in output


def test_with_a_model_spans_are_placed_on_its_words(corpus: Path, tmp_path: Path):
    spacy.blank("xx").to_disk(tmp_path / "model")
    assert run(corpus, "--model", tmp_path / "model", "--json", tmp_path / "counts.json")[0] == 0
    expected = measure_coverage(GoldReader(corpus, spacy.blank("xx"), own_words=True), None)
    assert srsly.read_json(tmp_path / "counts.json") == {**expected.to_dict(), "problems": {}}
    assert expected.unreachable["misaligned"].total() > 0


def test_sentences_of_the_corpus_are_placed_on_the_tokenizers_words(tmp_path: Path):
    nlp = spacy.blank("en")
    doc = Doc(nlp.vocab, words=["One", "two", "."], sent_starts=[True, True, False])
    doc.spans["sc"] = [Span(doc, 0, 2, "A")]
    DocBin(docs=[doc]).to_disk(tmp_path / "corpus.spacy")
    assert "across sentences" in run(tmp_path / "corpus.spacy", "--lang", "en")[1]
    _, output = run(tmp_path / "corpus.spacy", "--lang", "en", "--cross-sentences")
    assert "1 (100.0%) within reach" in output


@pytest.mark.parametrize(
    ("options", "reachable"),
    [
        ((), "3 (100.0%)"),
        (("--one-label",), "2 (66.7%)"),
        (("--overlap", "nested"), "2 (66.7%)"),
        (("--overlap", "flat", "--one-label"), "1 (33.3%)"),
    ],
)
def test_restrictions_are_counted(tmp_path: Path, options: tuple[str, ...], reachable: str):
    tokens = ["a", "b", "c"]
    spans = [(0, 2, "A"), (0, 2, "B"), (1, 3, "A")]
    if options == ("--overlap", "nested"):
        spans[0] = (0, 1, "A")
    record = {
        "text": "a b c",
        "tokens": tokens,
        "spaces": [True, True, False],
        "spans": [{"start": s, "end": e, "label": label} for s, e, label in spans],
    }
    srsly.write_jsonl(tmp_path / "corpus.jsonl", [record])
    assert reachable in run(tmp_path / "corpus.jsonl", *options)[1]


def test_spans_the_reader_leaves_out_are_reported(tmp_path: Path):
    good, bad = SENTENCES[1], {**SENTENCES[0], "spans": [{"start": 5, "end": 99, "label": "GPE"}]}
    srsly.write_jsonl(tmp_path / "corpus.jsonl", [good, bad])
    code, output = run(tmp_path / "corpus.jsonl", "--json", tmp_path / "counts.json")
    assert code == 0
    assert "1 problem; what they are about is not counted" in output
    assert "corpus.jsonl:2" in " ".join(output.split())
    assert sum(srsly.read_json(tmp_path / "counts.json")["problems"].values()) == 1


def test_an_empty_corpus_has_no_gold_spans(tmp_path: Path):
    (tmp_path / "corpus.jsonl").touch()
    assert run(tmp_path / "corpus.jsonl") == (0, "0 gold spans in 0 documents.\n")


def test_another_key_than_those_of_the_corpus_is_refused_with_theirs(tmp_path: Path):
    doc = spacy.blank("en").make_doc("a")
    doc.spans["ruler"] = []
    DocBin(docs=[doc]).to_disk(tmp_path / "corpus.spacy")
    code, output = run(tmp_path / "corpus.spacy")
    assert code == 1
    assert "no document has spans under the key 'sc'; there are 'ruler'. Name one" in " ".join(
        output.split()
    )


def test_a_corpus_of_problems_only_is_refused(tmp_path: Path):
    (tmp_path / "corpus.jsonl").write_text("{\n[]\n")
    code, output = run(tmp_path / "corpus.jsonl")
    assert code == 1
    assert "Nothing could be read, 2 problems" in " ".join(output.split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--max-length", "0"), "--max-length must be auto or a whole number from 1; got '0'."),
        (("--max-length", "many"), "must be auto or a whole number from 1; got 'many'."),
        (("--overlap", "some"), "overlap must be one of any, nested, flat; got 'some'"),
        (("--lang", "qq"), "No tokenizer for the language 'qq'"),
        (("--lang", "en", "--model", "x"), "--lang en does not go with --model"),
    ],
)
def test_wrong_options_give_one_clear_line(corpus: Path, options: tuple[str, ...], message: str):
    code, output = run(corpus, *options)
    assert code == 1
    assert message in " ".join(output.split())


def test_a_missing_corpus_gives_one_clear_line(tmp_path: Path):
    code, output = run(tmp_path / "missing.jsonl")
    assert code == 1
    assert "missing.jsonl" in "".join(output.split())


def test_the_words_of_example_and_corpus_must_be_of_one_text(tmp_path: Path):
    class Shouting:
        def __init__(self, vocab):
            self.vocab = vocab

        def __call__(self, text):
            return Doc(self.vocab, words=["other", "text"])

    srsly.write_jsonl(tmp_path / "corpus.jsonl", SENTENCES)
    nlp = spacy.blank("en")
    nlp.tokenizer = Shouting(nlp.vocab)
    with pytest.raises(SpanbertError, match="must have the same text; got 'other text '"):
        measure_coverage(GoldReader(tmp_path / "corpus.jsonl", nlp, own_words=True), None)


def test_the_command_is_one_of_spacys(corpus: Path):
    command = [sys.executable, "-m", "spacy", "spanbert", "coverage", str(corpus)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    assert result.stdout.startswith("4 gold spans in 2 documents")
