import json
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_spanbert.cli.tokenizers import load_tokenizer
from spacy_spanbert.errors import SpanbertError


@Language.component("fails_to_load_in_tests")
def fails(doc: Doc) -> Doc:
    return doc


def words(nlp: Language, text: str) -> list[str]:
    return [token.text for token in nlp.tokenizer(text)]


def saved_pipeline(folder: Path) -> Path:
    """A pipeline with a tokenizer of its own, and a component that nobody knows."""
    nlp = spacy.blank("en")
    nlp.tokenizer.add_special_case("NF-kappa", [{"ORTH": "NF-kappa"}])
    nlp.add_pipe("fails_to_load_in_tests", name="unknown")
    nlp.to_disk(folder)
    config = (folder / "config.cfg").read_text()
    (folder / "config.cfg").write_text(config.replace("fails_to_load_in_tests", "nobody_knows"))
    return folder


def test_a_language_has_a_tokenizer() -> None:
    assert words(load_tokenizer("en"), "don't") == ["do", "n't"]
    assert words(load_tokenizer("de"), "don't") == ["don't"]


def test_the_tokenizer_of_a_pipeline_is_loaded_without_its_components(tmp_path: Path) -> None:
    nlp = load_tokenizer(model=str(saved_pipeline(tmp_path / "model")))
    assert nlp.pipe_names == []
    assert words(nlp, "NF-kappa") == ["NF-kappa"] != words(spacy.blank("en"), "NF-kappa")


def test_the_tokenizer_of_an_installed_package_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "en_made_up"
    package.mkdir()
    (package / "__init__.py").touch()
    model = saved_pipeline(package / "en_made_up-1.0")
    meta = json.loads((model / "meta.json").read_text())
    meta.update({"lang": "en", "name": "made_up", "version": "1.0"})
    (package / "meta.json").write_text(json.dumps(meta))
    information = tmp_path / "en_made_up-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: en_made_up\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert words(load_tokenizer(model="en_made_up"), "NF-kappa") == ["NF-kappa"]


def test_an_unknown_language_or_pipeline_is_named() -> None:
    with pytest.raises(SpanbertError, match="No tokenizer for the language 'qq'"):
        load_tokenizer("qq")
    with pytest.raises(SpanbertError, match="nowhere is no folder of a pipeline"):
        load_tokenizer(model="nowhere")


@pytest.mark.parametrize("damage", ["config.cfg", "tokenizer"])
def test_a_damaged_pipeline_is_named(tmp_path: Path, damage: str) -> None:
    model = saved_pipeline(tmp_path / "model")
    (model / damage).write_bytes(b"\xffno")
    with pytest.raises(SpanbertError, match=f"Cannot load the tokenizer of {model}: "):
        load_tokenizer(model=str(model))
    (model / damage).unlink()
    with pytest.raises(SpanbertError, match=f"Cannot load the tokenizer of {model}: "):
        load_tokenizer(model=str(model))


def test_a_package_that_is_no_pipeline_is_named() -> None:
    with pytest.raises(SpanbertError, match=r"Cannot load the tokenizer of pytest: .*meta\.json"):
        load_tokenizer(model="pytest")
