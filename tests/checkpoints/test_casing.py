"""Casing is decided by the checkpoint or by the user, never by a default."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, normalizers
from transformers import AutoTokenizer

from spacy_spanbert.checkpoints.casing import capital_pieces, decide_casing, lowercases
from spacy_spanbert.checkpoints.checkpoint import CheckpointError
from spacy_spanbert.checkpoints.load import load_tokenizer
from spacy_spanbert.checkpoints.tokenizer import read_tokenizer
from tests.tiny_encoder import tiny_wordpieces, write_tiny_bert


@pytest.fixture(scope="module")
def cased_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bert(tmp_path_factory.mktemp("casing") / "cased_bert", cased=True)


def with_files(source: Path, target: Path, *names: str) -> Path:
    target.mkdir()
    for name in names:
        shutil.copy(source / name, target / name)
    return target


def with_vocabulary(folder: Path, pieces: list[str]) -> Path:
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    (folder / "vocab.txt").write_text("\n".join(specials + pieces) + "\n", encoding="utf8")
    return folder


def with_normalizer(source: Path, target: Path, normalizer: object) -> Path:
    """A tokenizer of no family, so that nothing but tokenizer.json counts."""
    shutil.copytree(source, target)
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    tokenizer.normalizer = normalizer
    tokenizer.save(str(target / "tokenizer.json"))
    config = json.loads((target / "tokenizer_config.json").read_text())
    config["tokenizer_class"] = "PreTrainedTokenizerFast"
    (target / "tokenizer_config.json").write_text(json.dumps(config))
    return target


def test_uncased_checkpoint_needs_no_decision(tiny_bert: Path) -> None:
    assert load_tokenizer(tiny_bert).tokenize("The") == ["the"]


def test_cased_checkpoint_that_says_so_needs_no_decision(cased_bert: Path) -> None:
    assert load_tokenizer(cased_bert).tokenize("The") == ["The"]


def test_byte_level_checkpoint_needs_no_decision(tiny_roberta: Path) -> None:
    assert load_tokenizer(tiny_roberta).tokenize("The") == ["The"]


@pytest.mark.parametrize("names", [("vocab.txt",), ("vocab.txt", "config.json")])
def test_unstated_casing_of_a_cased_vocabulary_is_refused(
    cased_bert: Path, tmp_path: Path, names: tuple[str, ...]
) -> None:
    folder = with_files(cased_bert, tmp_path / "few", *names)
    assert AutoTokenizer.from_pretrained(cased_bert).tokenize("The") == ["The"]
    with pytest.raises(CheckpointError, match=r"few has pieces with capitals.*cased = true, whic"):
        load_tokenizer(folder)
    # the cure that it names, for good
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    assert load_tokenizer(folder).tokenize("The") == ["The"]


def test_refusal_shows_pieces(tmp_path: Path) -> None:
    folder = with_vocabulary(tmp_path, ["london", "London", "##XY"])
    with pytest.raises(CheckpointError, match=r"such as 'London', '##XY'\)"):
        load_tokenizer(folder)


def test_stated_lowercasing_of_a_cased_vocabulary_is_refused(
    cased_bert: Path, tmp_path: Path
) -> None:
    folder = with_files(cased_bert, tmp_path / "few", "vocab.txt")
    (folder / "tokenizer_config.json").write_text(
        '{"tokenizer_class": "BertTokenizer", "do_lower_case": true}'
    )
    with pytest.raises(CheckpointError, match="lowercases the text"):
        load_tokenizer(folder)


def test_unstated_casing_of_an_uncased_vocabulary_lowercases(
    tiny_bert: Path, tmp_path: Path
) -> None:
    folder = with_files(tiny_bert, tmp_path / "few", "vocab.txt")
    assert load_tokenizer(folder).tokenize("The") == ["the"]


def test_cased_true_keeps_capitals_and_accents(cased_bert: Path, tmp_path: Path) -> None:
    folder = with_files(cased_bert, tmp_path / "few", "vocab.txt")
    tokenizer = load_tokenizer(folder, cased=True)
    assert tokenizer.tokenize("The É") == ["The", "É"]
    assert tokenizer("The Müller") == load_tokenizer(cased_bert)("The Müller")


def test_cased_false_lowercases_and_strips_accents(cased_bert: Path) -> None:
    assert load_tokenizer(cased_bert, cased=False).tokenize("The É") == ["the", "e"]


def test_accents_that_the_checkpoint_keeps_in_any_case_are_kept(
    cased_bert: Path, tmp_path: Path
) -> None:
    folder = with_files(cased_bert, tmp_path / "few", "vocab.txt")
    (folder / "tokenizer_config.json").write_text(
        '{"tokenizer_class": "BertTokenizer", "strip_accents": false}'
    )
    assert load_tokenizer(folder, cased=False).tokenize("É") == ["é"]
    assert load_tokenizer(folder, cased=True).tokenize("É") == ["É"]


def test_forced_stripping_of_accents_ends_with_lowercasing(
    cased_bert: Path, tmp_path: Path
) -> None:
    folder = with_files(cased_bert, tmp_path / "few", "vocab.txt")
    (folder / "tokenizer_config.json").write_text(
        '{"tokenizer_class": "BertTokenizer", "do_lower_case": true, "strip_accents": true}'
    )
    tokenizer = load_tokenizer(folder, cased=True)
    tokenizer.save_pretrained(tmp_path / "saved")
    for again in (tokenizer, AutoTokenizer.from_pretrained(tmp_path / "saved")):
        assert again.tokenize("É") == ["É"]


def test_written_config_states_the_decision(cased_bert: Path, tmp_path: Path) -> None:
    folder = with_normalizer(
        cased_bert, tmp_path / "other", normalizers.BertNormalizer(lowercase=False)
    )
    load_tokenizer(folder, cased=False).save_pretrained(tmp_path / "saved")
    written = json.loads((tmp_path / "saved" / "tokenizer_config.json").read_text())
    assert written["do_lower_case"] is True
    assert written["spanbert_cased"] is False


@pytest.mark.parametrize("cased", [True, False])
@pytest.mark.parametrize("source", ["tiny_bert", "cased_bert"])
def test_decision_survives_saving(
    source: str, cased: bool, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    tokenizer = load_tokenizer(request.getfixturevalue(source), cased=cased)
    tokenizer.save_pretrained(tmp_path)
    text = "The É and the é"
    for again in (load_tokenizer(tmp_path), AutoTokenizer.from_pretrained(tmp_path)):
        assert again.tokenize(text) == tokenizer.tokenize(text)
        assert lowercases(again) == (not cased)


def test_later_decision_overrides_an_earlier_one(cased_bert: Path, tmp_path: Path) -> None:
    load_tokenizer(cased_bert, cased=False).save_pretrained(tmp_path)
    assert load_tokenizer(tmp_path, cased=True).tokenize("The") == ["The"]


def test_decision_changes_nothing_but_case_and_accents(cased_bert: Path) -> None:
    before = read_tokenizer(cased_bert)
    after = load_tokenizer(cased_bert, cased=False)
    text = "我是 a\tb\u0000c 😀 don't ##x [MASK] 42"
    assert after(text) == before(text)
    assert after.get_vocab() == before.get_vocab()


def test_cased_true_is_accepted_for_byte_level_bpe(tiny_roberta: Path) -> None:
    expected = load_tokenizer(tiny_roberta)
    assert load_tokenizer(tiny_roberta, cased=True)("The É") == expected("The É")


def test_cased_false_is_refused_for_byte_level_bpe(tiny_roberta: Path) -> None:
    with pytest.raises(CheckpointError, match=r"cased = false cannot be carried out.*byte-level"):
        load_tokenizer(tiny_roberta, cased=False)


@pytest.mark.parametrize(
    "normalizer",
    [
        normalizers.Lowercase(),
        normalizers.Sequence(
            [normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents()]
        ),
        normalizers.Sequence([normalizers.BertNormalizer(), normalizers.NFC()]),
    ],
    ids=["Lowercase", "NFD Lowercase StripAccents", "BertNormalizer NFC"],
)
def test_other_normalizers_are_switched_to_cased(
    normalizer: object, cased_bert: Path, tmp_path: Path
) -> None:
    folder = with_normalizer(cased_bert, tmp_path / "other", normalizer)
    with pytest.raises(CheckpointError, match="lowercases the text"):
        load_tokenizer(folder)
    tokenizer = load_tokenizer(folder, cased=True)
    assert tokenizer.tokenize("The")[0] == "The"
    tokenizer.save_pretrained(tmp_path / "saved")
    assert AutoTokenizer.from_pretrained(tmp_path / "saved").tokenize("The")[0] == "The"


def test_lowercasing_that_is_out_of_reach_is_an_error(cased_bert: Path, tmp_path: Path) -> None:
    hidden = normalizers.Replace("A", "a")
    folder = with_normalizer(cased_bert, tmp_path / "other", hidden)
    with pytest.raises(CheckpointError, match="cased = true cannot be carried out"):
        load_tokenizer(folder, cased=True)


def test_lowercasing_where_there_is_no_normalizer_is_an_error(
    cased_bert: Path, tmp_path: Path
) -> None:
    folder = with_normalizer(cased_bert, tmp_path / "other", normalizers.NFC())
    with pytest.raises(CheckpointError, match="cased = false cannot be carried out"):
        load_tokenizer(folder, cased=False)


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["the", "cat", "##s"], []),
        (["the", "Cat"], ["Cat"]),
        (["the", "##Cat"], ["##Cat"]),
        (["[unused1]", "[X]", "<MASK>", "the"], []),
        (["我", "他", "ب", "1", "##2"], []),
        (["мир", "Мир"], ["Мир"]),
        (["ℝ", "straße"], []),  # a capital without a small form
        ([f"word{chr(97 + i // 20)}{chr(97 + i % 20)}" for i in range(150)] + ["NASA"], []),
    ],
)
def test_capitals_count_when_they_are_more_than_strays(
    pieces: list[str], expected: list[str], tmp_path: Path
) -> None:
    folder = with_vocabulary(tmp_path, pieces)
    assert capital_pieces(read_tokenizer(folder)) == expected


def test_vocabulary_without_a_letter_has_no_capitals(tmp_path: Path) -> None:
    folder = with_vocabulary(tmp_path, ["1", "2", "。"])
    tokenizer = read_tokenizer(folder)
    before = tokenizer.backend_tokenizer.to_str()
    assert capital_pieces(tokenizer) == []
    decide_casing(tokenizer, None, "here")
    assert tokenizer.backend_tokenizer.to_str() == before


@settings(max_examples=50, deadline=None)
@given(text=st.text(alphabet=st.sampled_from("aAeEéÉß Ж ж我😀.1\u0301"), max_size=20))
def test_cased_false_equals_lowercasing_the_text_first(text: str, cased_bert: Path) -> None:
    cased = load_tokenizer(cased_bert, cased=True)
    uncased = load_tokenizer(cased_bert, cased=False)
    assert uncased.tokenize(text) == uncased.tokenize(text.lower())
    kept = cased.backend_tokenizer.normalizer.normalize_str(text)
    assert [c for c in kept if c in "AEÉЖ"] == [c for c in text if c in "AEÉЖ"]


def test_cased_vocabulary_of_the_tests_has_capitals(cased_bert: Path, tiny_bert: Path) -> None:
    capitals = {piece for piece in tiny_wordpieces(cased=True) if piece != piece.lower()}
    specials = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
    assert set(capital_pieces(read_tokenizer(cased_bert))) == capitals - specials
    assert capital_pieces(read_tokenizer(tiny_bert)) == []
