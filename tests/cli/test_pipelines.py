import os
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from thinc.api import Config
from thinc.util import gpu_is_available

from spacy_spanbert.cli.pipelines import (
    choose_spans_key,
    file_states,
    fingerprint,
    load_pipeline,
    may_write_spans,
    span_labels,
    written_keys,
)
from spacy_spanbert.errors import SpanbertError
from tests.data.ruler_pipeline import make_pipeline


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pipelines") / "model-best"
    make_pipeline().to_disk(path)
    return path


def test_a_saved_pipeline_is_loaded(saved: Path) -> None:
    nlp = load_pipeline(str(saved))
    doc = nlp("Lord Grenville")
    assert len(doc.spans["sc"]) == 2


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("nowhere", "nowhere is no folder of a pipeline, and no installed package"),
        (".", r"\. is no saved pipeline: it has no config.cfg. Did you mean model-best\?"),
        ("empty", "empty is no saved pipeline: it has no config.cfg.$"),
        ("file", "file is a file: name the folder"),
        ("pytest", "Cannot load the pipeline pytest: "),
        ("broken", r"Cannot load the pipeline broken: ConfigParserError?|broken: "),
        ("unknown", r"Cannot load the pipeline unknown: ValueError: \[E002\].*none"),
    ],
)
def test_what_is_no_pipeline_is_told_in_one_line(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("model-best").symlink_to(saved)
    Path("file").touch()
    for name in ("empty", "broken", "unknown"):
        Path(name).mkdir()
    Path("broken", "config.cfg").write_text("[nlp\n")
    config = (
        (saved / "config.cfg").read_text().replace('factory = "span_ruler"', 'factory = "none"')
    )
    Path("unknown", "config.cfg").write_text(config)
    Path("unknown", "meta.json").write_text((saved / "meta.json").read_text())
    with pytest.raises(SpanbertError, match=message) as caught:
        load_pipeline(model)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("components", "expected"),
    [
        ([], True),
        (["test_fails_on_bad"], True),  # it says nothing, and writes doc.spans["seen"]
        (["sentencizer", "test_fails_on_bad"], False),
        (["textcat"], False),
        (["tagger", "ner"], False),
        (["textcat", "span_ruler"], True),
        (["spanbert_relations"], False),
        (["spanbert_ner"], True),
    ],
)
def test_spans_are_expected_of_components_that_may_write_them(
    components: list[str], expected: bool
) -> None:
    nlp = spacy.blank("en")
    for name in components:
        nlp.add_pipe(name)
    assert may_write_spans(nlp) == expected


def two_keys() -> Language:
    nlp = make_pipeline(spans_key="one")
    nlp.add_pipe("span_ruler", name="other", config={"spans_key": "two"})
    return nlp


def test_the_only_key_is_found_and_a_wrong_one_refused() -> None:
    assert choose_spans_key(make_pipeline(spans_key="one"), None) == "one"
    assert choose_spans_key(two_keys(), "two") == "two"
    assert written_keys(two_keys()) == ["one", "two"]
    message = "no spans under 'sc', but under 'one', 'two'. Name one of them with --spans-key"
    with pytest.raises(SpanbertError, match=message):
        choose_spans_key(two_keys(), None)


def test_components_that_do_not_tell_their_key_are_believed() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("test_fails_on_bad")
    nlp.add_pipe("span_ruler", config={"spans_key": None, "annotate_ents": True})
    assert written_keys(nlp) == []
    assert choose_spans_key(nlp, None) == "sc"
    assert choose_spans_key(nlp, "mine") == "mine"


def test_labels_are_those_of_the_components_that_write_the_key() -> None:
    assert span_labels(make_pipeline(), "sc") == {"PER", "LOC"}
    assert span_labels(two_keys(), "two") == set()


def test_a_pipeline_that_was_saved_again_is_another_one(saved: Path, tmp_path: Path) -> None:
    first = fingerprint(load_pipeline(str(saved)))
    assert first == fingerprint(load_pipeline(str(saved)))
    assert len(first["files"]) > 3
    load_pipeline(str(saved)).to_disk(tmp_path / "again")
    assert first != fingerprint(load_pipeline(str(tmp_path / "again")))


def test_a_pipeline_that_was_never_saved_is_told_by_its_config() -> None:
    assert fingerprint(make_pipeline()) == fingerprint(make_pipeline())
    assert fingerprint(make_pipeline()) != fingerprint(two_keys())


def test_the_state_of_a_file_changes_with_its_content(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("a")
    os.utime(path, ns=(0, 1000))
    (first,) = file_states([tmp_path, path], tmp_path)
    assert first == ["a.txt", 1, 1000]
    os.utime(path, ns=(0, 2000))
    assert file_states([path], tmp_path) != [first]
    assert file_states([path])[0][0] == path.as_posix()
    assert file_states([Path("-")]) == []


def test_code_that_a_pipeline_needs_is_imported_first(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from spacy.language import Language\n"
        "@Language.component('test_of_my_own')\n"
        "def nothing(doc):\n    return doc\n"
    )
    nlp = spacy.blank("en")
    nlp.to_disk(tmp_path / "model")
    config = Config({**nlp.config, "nlp": {**nlp.config["nlp"], "pipeline": ["mine"]}})
    config["components"] = {"mine": {"factory": "test_of_my_own"}}
    config.to_disk(tmp_path / "model" / "config.cfg")
    with pytest.raises(SpanbertError, match=r"\[E002\].*test_of_my_own"):
        load_pipeline(str(tmp_path / "model"))
    assert load_pipeline(str(tmp_path / "model"), tmp_path / "mine.py").pipe_names == ["mine"]


@pytest.mark.skipif(gpu_is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_told(saved: Path) -> None:
    with pytest.raises(SpanbertError, match=r"no GPU for --gpu-id 3 .*give --gpu-id -1"):
        load_pipeline(str(saved), gpu_id=3)
