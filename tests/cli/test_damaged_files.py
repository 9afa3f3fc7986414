"""Files of spaCy's own that are damaged: the one to be copied again is named."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from spacy_spanbert.cli.damaged_files import FILES, damaged_files
from spacy_spanbert.cli.pipelines import load_pipeline
from spacy_spanbert.errors import SpanbertError
from tests.data.ruler_pipeline import make_pipeline


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pipelines") / "whole"
    nlp = make_pipeline()
    nlp.vocab.set_vector("Anna", np.ones(3, dtype="f"))
    nlp.to_disk(path)
    return path


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy of it, yours to damage."""
    return Path(shutil.copytree(saved, tmp_path / "m"))


def damaged_content(content: bytes, kind: str) -> bytes:
    half = content[: len(content) // 2]
    return {"cut": half, "empty": b"", "garbled": b"\0garbled" * 20, "number": b"3"}[kind]


# what is left of a config that was cut is a config, and spaCy tells what it lacks
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (name, kind)
        for name in FILES
        for kind in ("cut", "empty", "garbled", "number")
        if (name, kind) not in (("config.cfg", "cut"), ("config.cfg", "empty"))
    ],
)
def test_a_damaged_file_is_named(folder: Path, name: str, kind: str) -> None:
    file = folder / name
    file.write_bytes(damaged_content(file.read_bytes(), kind))
    message = f"Cannot load the pipeline {folder}: damaged: {file} ("
    with pytest.raises(SpanbertError, match=f"^{re.escape(message)}.*Copy the pipeline") as caught:
        load_pipeline(str(folder))
    assert "\n" not in str(caught.value)
    assert str(caught.value).count(str(folder)) == 2


def test_every_damaged_file_is_named_and_no_other(folder: Path) -> None:
    assert damaged_files(folder) == []
    (folder / "meta.json").write_text("")
    (folder / "tokenizer").write_bytes(b"")
    found = damaged_files(folder)
    assert [line.split(" (")[0] for line in found] == [
        str(folder / "meta.json"),
        str(folder / "tokenizer"),
    ]
    (folder / "meta.json").unlink()
    assert len(damaged_files(folder)) == 1
