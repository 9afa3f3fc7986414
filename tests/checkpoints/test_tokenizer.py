"""Tokenizers: read as their files state it, never cutting."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer
from tokenizers.models import Unigram
from transformers import AutoTokenizer, BertTokenizerFast

from spacy_spanbert.checkpoints.checkpoint import CheckpointError
from spacy_spanbert.checkpoints.tokenizer import read_tokenizer
from tests.tiny_encoder import write_tiny_bert

TEXT = "The unbelievable House's 42 cannot — Müller, Привет, مرحبا, 我是学习 😀"


def copy_files(source: Path, target: Path, *names: str) -> Path:
    target.mkdir()
    for name in names:
        shutil.copy(source / name, target / name)
    return target


def edit_json(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.fixture
def cased_bert(tmp_path: Path) -> Path:
    return write_tiny_bert(tmp_path / "cased_bert", cased=True)


@pytest.fixture(params=["tiny_bert", "tiny_roberta"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a tiny checkpoint, to be changed at will."""
    return Path(shutil.copytree(request.getfixturevalue(request.param), tmp_path / "copy"))


def test_truncation_and_padding_are_switched_off(folder: Path) -> None:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    whole = tokenizer.encode(TEXT).ids
    tokenizer.enable_truncation(max_length=8, stride=2)
    tokenizer.enable_padding(length=8)
    tokenizer.save(str(folder / "tokenizer.json"))
    assert len(AutoTokenizer.from_pretrained(folder).backend_tokenizer.encode(TEXT).ids) == 8
    read = read_tokenizer(folder)
    assert read.backend_tokenizer.encode(TEXT).ids == whole
    assert read.backend_tokenizer.encode("").ids == [read.cls_token_id, read.sep_token_id]
    assert not {"max_length", "stride", "truncation_strategy"} & set(read.init_kwargs)


@pytest.mark.parametrize(
    "names",
    [
        ("vocab.txt", "config.json"),
        ("vocab.txt",),
        ("tokenizer.json", "config.json"),
        ("tokenizer.json",),
        ("tokenizer.json", "tokenizer_config.json"),
    ],
)
def test_bert_folder_with_few_files_reads_the_same(
    tiny_bert: Path, tmp_path: Path, names: tuple[str, ...]
) -> None:
    expected = read_tokenizer(tiny_bert)
    tokenizer = read_tokenizer(copy_files(tiny_bert, tmp_path / "few", *names))
    assert tokenizer.get_vocab() == expected.get_vocab()
    assert tokenizer(TEXT) == expected(TEXT)
    assert (tokenizer.cls_token, tokenizer.pad_token_id) == ("[CLS]", 0)


@pytest.mark.parametrize(
    "names",
    [
        ("vocab.json", "merges.txt", "config.json"),
        ("vocab.json", "merges.txt"),
        ("tokenizer.json", "config.json"),
        ("tokenizer.json",),
    ],
)
def test_roberta_folder_with_few_files_reads_the_same(
    tiny_roberta: Path, tmp_path: Path, names: tuple[str, ...]
) -> None:
    expected = read_tokenizer(tiny_roberta)
    tokenizer = read_tokenizer(copy_files(tiny_roberta, tmp_path / "few", *names))
    assert tokenizer.get_vocab() == expected.get_vocab()
    assert tokenizer(TEXT) == expected(TEXT)
    assert (tokenizer.cls_token, tokenizer.pad_token_id) == ("<s>", 1)


def test_tokenizer_json_is_followed_where_the_config_is_silent(
    cased_bert: Path, tmp_path: Path
) -> None:
    expected = read_tokenizer(cased_bert)
    few = copy_files(cased_bert, tmp_path / "few", "tokenizer.json", "config.json")
    assert AutoTokenizer.from_pretrained(few).tokenize("The") == ["the"]  # overruled
    assert read_tokenizer(few).tokenize("The") == expected.tokenize("The") == ["The"]


def test_tokenizer_config_wins_over_tokenizer_json_as_in_transformers(cased_bert: Path) -> None:
    edit_json(cased_bert / "tokenizer_config.json", do_lower_case=True)
    expected = AutoTokenizer.from_pretrained(cased_bert)
    assert read_tokenizer(cased_bert)(TEXT) == expected(TEXT)


def test_old_config_without_a_model_type_is_understood(folder: Path) -> None:
    expected = read_tokenizer(folder)
    (folder / "tokenizer_config.json").unlink()
    config = json.loads((folder / "config.json").read_text())
    del config["model_type"]
    (folder / "config.json").write_text(json.dumps(config))
    assert read_tokenizer(folder)(TEXT) == expected(TEXT)


@pytest.mark.parametrize(
    "name", ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"]
)
@pytest.mark.parametrize("damage", [b'{"version": ', b"", b"\xff\xfe", b"[1, 2]"])
def test_damaged_json_is_named(folder: Path, name: str, damage: bytes) -> None:
    (folder / name).write_bytes(damage)
    with pytest.raises(CheckpointError, match=rf"{name} is damaged: expected"):
        read_tokenizer(folder)


def test_tokenizer_json_of_wrong_content_is_named(folder: Path) -> None:
    edit_json(folder / "tokenizer.json", model={"type": "Nonsense"})
    with pytest.raises(CheckpointError, match=r"Cannot load the tokenizer in .*tokenizer\.json"):
        read_tokenizer(folder)


def test_folder_without_vocabulary_is_explained(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"Cannot tell which tokenizer.*Found no file"):
        read_tokenizer(tmp_path)


def test_config_without_vocabulary_is_explained(tiny_bert: Path, tmp_path: Path) -> None:
    few = copy_files(tiny_bert, tmp_path / "few", "config.json")
    with pytest.raises(CheckpointError, match=r"Cannot load the tokenizer in .*no file"):
        read_tokenizer(few)


def test_unknown_form_of_tokenizer_is_explained(tmp_path: Path) -> None:
    Tokenizer(Unigram()).save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(CheckpointError, match=r"Cannot tell which.*Found tokenizer\.json"):
        read_tokenizer(tmp_path)


def test_slow_tokenizer_is_refused(tiny_bert: Path, tmp_path: Path) -> None:
    few = copy_files(tiny_bert, tmp_path / "few", "vocab.txt")
    (few / "tokenizer_config.json").write_text('{"tokenizer_class": "CanineTokenizer"}')
    with pytest.raises(CheckpointError, match="a CanineTokenizer, has no fast form"):
        read_tokenizer(few)


def test_tokenizer_that_asks_for_code_of_its_own_is_refused(folder: Path) -> None:
    (folder / "code.py").write_text("raise SystemError('the code of the checkpoint was run')")
    edit_json(
        folder / "tokenizer_config.json",
        auto_map={"AutoTokenizer": [None, "code.Mine"]},
        tokenizer_class="Mine",
    )
    with pytest.raises(CheckpointError, match="Cannot load the tokenizer"):
        read_tokenizer(folder)


def test_missing_special_pieces_are_named(folder: Path) -> None:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    bare = folder.parent / "bare"
    bare.mkdir()
    tokenizer.save(str(bare / "tokenizer.json"))
    (bare / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')
    with pytest.raises(CheckpointError, match="no cls_token and no sep_token and no pad_token"):
        read_tokenizer(bare)


def test_reading_leaves_no_option_of_loading_in_the_tokenizer(tiny_bert: Path) -> None:
    plain = BertTokenizerFast.from_pretrained(tiny_bert)
    assert set(read_tokenizer(tiny_bert).init_kwargs) == set(plain.init_kwargs)
