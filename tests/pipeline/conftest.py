"""Trained tiny pipelines."""

from pathlib import Path

import pytest
import spacy
from spacy import Language

from tests.tiny_pipeline import fit, make_examples, make_nlp


@pytest.fixture(scope="session")
def trained_folder(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved pipeline that has learned NESTED by heart. Read it; do not write into it."""
    nlp = make_nlp(tiny_bert)
    fit(nlp, make_examples(nlp), n_steps=60)
    folder = tmp_path_factory.mktemp("pipelines") / "trained"
    nlp.to_disk(folder)
    return folder


@pytest.fixture
def trained_nlp(trained_folder: Path) -> Language:
    """The same, loaded; yours to change."""
    return spacy.load(trained_folder)
