"""spaCy's own commands on the components above the encoder: package, apply, labels."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy import Language
from spacy.cli._util import app
from spacy.cli.apply import apply
from spacy.cli.package import package
from spacy.tokens import Doc, DocBin
from typer.testing import CliRunner

from spacy_spanbert import make_pair, segments
from tests.finder_pipeline import boundaries, make_finder
from tests.pipeline.classifying import (
    PAIRS,
    TEXTS,
    make_classifier,
    pair_examples,
    text_examples,
)
from tests.relation_pipeline import (
    RELATED,
    bare_doc,
    found_relations,
    make_relations_nlp,
    relation_examples,
)
from tests.several_processes import assert_done
from tests.short_training import short_training
from tests.tagging_pipeline import ENTITIES, examples_for_both, found_entities, make_both
from tests.tiny_pipeline import NESTED, fit, make_examples

CONFIGS = Path(__file__).parents[2] / "configs"
# Both components that tag words; each is applied in test_tagging_survival.py.
TAGGING = "ner_and_tagger"
FACTORIES = ("textcat", "paircat", "relations", "span_finder")


@dataclass(frozen=True)
class Trained:
    """A saved pipeline, what it was trained on, and a corpus without that annotation."""

    kind: str
    folder: Path
    gold: Path
    texts: Path
    found: list[Any]


def make_trained(kind: str, checkpoint: Path) -> Language:
    if kind == "relations":
        nlp = make_relations_nlp(checkpoint)
        fit(nlp, relation_examples(nlp), 60)
    elif kind == "span_finder":
        nlp = make_finder(checkpoint)
        fit(nlp, make_examples(nlp), 30)
    elif kind == TAGGING:
        nlp = make_both(checkpoint)
        fit(nlp, gold_examples(kind, nlp), 15, learn_rate=0.01)
    else:
        nlp = make_classifier(checkpoint, f"spanbert_{kind}")
        fit(nlp, gold_examples(kind, nlp), 15)
    return nlp


def gold_examples(kind: str, nlp: Language) -> list:
    makers = {"textcat": text_examples, "paircat": pair_examples, "relations": relation_examples}
    makers[TAGGING] = examples_for_both
    return makers.get(kind, make_examples)(nlp)


def bare_docs(kind: str, nlp: Language) -> list[Doc]:
    if kind == "textcat":
        return [nlp.make_doc(text) for text, _ in TEXTS]
    if kind == "paircat":
        return [make_pair(nlp, first, second) for first, second, _ in PAIRS]
    if kind == "relations":
        return [bare_doc(nlp, related) for related in RELATED]
    data = ENTITIES if kind == TAGGING else NESTED
    return [Doc(nlp.vocab, words=words) for words, _ in data]


def gold_docs(kind: str, nlp: Language) -> list[Doc]:
    docs = [example.reference for example in gold_examples(kind, nlp)]
    if kind != "paircat":
        return docs
    pairs = bare_docs(kind, nlp)  # Example.from_dict drops what makes two texts a pair
    for pair, doc in zip(pairs, docs, strict=True):
        pair.cats = doc.cats
    return pairs


def read_found(kind: str, doc: Doc) -> Any:
    """What a component of this kind has written."""
    if kind == "relations":
        return found_relations(doc)
    if kind == "span_finder":
        return boundaries(doc)
    if kind == TAGGING:
        return found_entities(doc), [word.tag_ for word in doc]
    return dict(doc.cats)


def assert_same(trained: Trained, docs: list[Doc]) -> None:
    found = [read_found(trained.kind, doc) for doc in docs]
    if trained.kind in ("textcat", "paircat"):
        for doc_found, expected in zip(found, trained.found, strict=True):
            assert doc_found == pytest.approx(expected, abs=1e-4)
    else:
        assert found == trained.found


def is_something(kind: str, docs: list[Doc]) -> bool:
    """Whether there is anything to compare: an empty result would equal another."""
    if kind in ("textcat", "paircat"):
        return all(doc.cats for doc in docs)
    if kind == TAGGING:
        return (
            any(doc.ents for doc in docs) and len({word.tag_ for doc in docs for word in doc}) > 1
        )
    return any(read_found(kind, doc) for doc in docs)


@pytest.fixture(scope="module", params=FACTORIES)
def trained(
    request: pytest.FixtureRequest, tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory
) -> Trained:
    kind, folder = request.param, tmp_path_factory.mktemp(request.param)
    nlp = make_trained(kind, tiny_bert)
    nlp.to_disk(folder / "nlp")
    gold, bare = gold_docs(kind, nlp), bare_docs(kind, nlp)
    DocBin(docs=gold, store_user_data=True).to_disk(folder / "gold.spacy")
    DocBin(docs=bare, store_user_data=True).to_disk(folder / "texts.spacy")
    docs = list(nlp.pipe(bare_docs(kind, nlp)))
    assert is_something(kind, docs)
    found = [read_found(kind, doc) for doc in docs]
    return Trained(kind, folder / "nlp", folder / "gold.spacy", folder / "texts.spacy", found)


# spaCy leaves the files of a package to the garbage collector
@pytest.mark.parametrize("trained", [*FACTORIES, TAGGING], indirect=True)
@pytest.mark.filterwarnings("ignore:.*unclosed file:ResourceWarning")
@pytest.mark.filterwarnings("ignore:.*FileIO:pytest.PytestUnraisableExceptionWarning")
def test_a_packaged_pipeline_is_loaded_from_its_folder_and_needs_this_package(trained, tmp_path):
    package(trained.folder, tmp_path, name="tiny", version="1.2.3", create_sdist=False)
    (root,) = tmp_path.iterdir()
    nlp = spacy.load(root / "en_tiny" / root.name)
    docs = list(nlp.pipe(bare_docs(trained.kind, nlp)))
    assert_same(trained, docs)
    needed = json.loads((root / "meta.json").read_text("utf-8"))["requirements"]
    assert any(line.replace("_", "-").startswith("spacy-spanbert") for line in needed)


def test_apply_writes_what_was_found(trained, tmp_path):
    output = tmp_path / "out.spacy"
    apply(trained.texts, output, str(trained.folder), "text", batch_size=2, n_process=1)
    docs = list(DocBin().from_disk(output).get_docs(spacy.blank("en").vocab))
    assert_same(trained, docs)
    if trained.kind == "paircat":
        pairs = [tuple(segment.text for segment in segments(doc)) for doc in docs]
        assert pairs == [(first, second) for first, second, _ in PAIRS]


# The span finder has no labels: see test_finder_commands.py.
@pytest.mark.parametrize("trained", ["textcat", "paircat", "relations"], indirect=True)
def test_init_labels_writes_labels_that_initialization_takes(trained, tiny_bert, tmp_path):
    name, config = f"spanbert_{trained.kind}", CONFIGS / f"{trained.kind}.cfg"
    overrides = short_training(trained.gold, tiny_bert)
    words = [f"--{key}={value}" for key, value in overrides.items()]
    run = CliRunner().invoke(app, ["init", "labels", str(config), str(tmp_path), *words])
    assert run.exit_code == 0, run.output
    path = tmp_path / f"{name}.json"
    labels = json.loads(path.read_text("utf-8"))
    assert sorted(labels) == sorted(spacy.load(trained.folder).get_pipe(name).labels)
    path.write_text(json.dumps(labels[::-1]), "utf-8")
    loaded = spacy.util.load_config(config, overrides=overrides)
    reader = {"@readers": "spacy.read_labels.v1", "path": str(path)}
    loaded["initialize"]["components"][name] = {"labels": reader}
    nlp = spacy.training.initialize.init_nlp(loaded)
    assert list(nlp.get_pipe(name).labels) == labels[::-1]


SEVERAL_PROCESSES = """
import sys, warnings, spacy
warnings.simplefilter("error")
nlp = spacy.load(sys.argv[1])
texts = ["The old mayor met the king.", "", "  ", "They left Rome for Paris."] * 4
expected = [doc.cats for doc in nlp.pipe(texts)]
docs = list(nlp.pipe(texts, n_process=2, batch_size=4))
assert [doc.text for doc in docs] == texts
for doc, cats in zip(docs, expected, strict=True):
    assert set(doc.cats) == set(cats) == {"people", "places"}
    assert all(abs(doc.cats[label] - cats[label]) < 1e-5 for label in cats), (doc.cats, cats)
print("done")
"""


@pytest.mark.parametrize("trained", ["textcat"], indirect=True)
def test_several_processes_classify_texts_as_one_does(trained):
    assert_done(SEVERAL_PROCESSES, trained.folder)
