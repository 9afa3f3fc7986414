from pathlib import Path

import pytest

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.corruption.span_masking import SpanMasking
from spacy_spanbert.pretraining.read_config import read_settings

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.mark.parametrize("name", ["adapt", "base", "tiny"])
def test_the_shipped_configs_are_right(name):
    settings = read_settings(CONFIGS / f"pretrain_{name}.cfg", {})
    assert isinstance(settings.corruption, SpanMasking)
    assert settings.objectives == {"mlm": 1, "sbo": 1}


def test_values_can_be_replaced():
    overrides = {
        "pretraining.training.learn_rate": 0.5,
        "pretraining.corpus.text": ["a.txt", "b"],
        "pretraining.corruption.share": 0.25,
    }
    settings = read_settings(CONFIGS / "pretrain_tiny.cfg", overrides)
    assert settings.training.learn_rate == 0.5
    assert settings.corpus.text == [Path("a.txt"), Path("b")]
    assert settings.corruption.share == 0.25


def test_values_of_sections_that_the_file_leaves_out_can_be_given():
    overrides = {
        "pretraining.vocabulary.cased": False,
        "pretraining.encoder.checkpoint": None,
        "pretraining.encoder.size.n_layers": 2,
        "pretraining.vocabulary.train": True,
        "paths.text": "a.txt",
    }
    settings = read_settings(CONFIGS / "pretrain_adapt.cfg", overrides)
    assert settings.vocabulary.cased is False
    assert settings.vocabulary.train
    assert settings.encoder.size.n_layers == 2
    assert settings.corpus.text == [Path("a.txt")]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("training.learn_rate", -1, r"\[pretraining.training\] learn_rate: .*greater than 0.*-1"),
        ("training.batch_pieces", "many", r"\[pretraining.training\] batch_pieces: .*'many'"),
        (
            "objectives.nsp",
            1.0,
            r"\[pretraining.objectives\] nsp needs \[pretraining.packing\] pairs = true",
        ),
        ("objectives.cloze", 1.0, r"\[pretraining.objectives.cloze\]"),
        ("objectives.mlm", -1.0, r"\[pretraining.objectives\] mlm: .*greater than or equal to 0"),
        (
            "objectives",
            {"mlm": 0.0},
            r"\[pretraining.objectives\] expected at least one with a weight above 0",
        ),
        ("vocabulary.train", False, r"needs train = true or a tokenizer"),
        ("encoder.checkpoint", "x", r"a checkpoint or a size, and not both"),
        ("budget.steps", 3, r"exactly one of steps, epochs and minutes, but got steps, minutes"),
        ("corruption.share", 7.0, r"SpanMasking.*share"),
        ("budget.minutes", True, r"\[pretraining.budget\] minutes: expected a number; .*is True"),
        ("corpus.held_out", False, r"\[pretraining.corpus\] held_out: expected a number"),
        ("encoder.size.max_pieces", True, r"size\] max_pieces: expected a number"),
        ("objectives.sbo", True, r"\[pretraining.objectives\] sbo: expected a number"),
        ("corruption.share", True, r"\[pretraining.corruption\] share: expected a number; .*True"),
        ("vocabluary.cased", True, r"\[pretraining\] vocabluary: there is no such key"),
        ("training.seed.x", 1, r"training"),
        ("budget.steps", 3, r"\[pretraining.budget\] .* the others to null \(such as minutes = nu"),
        ("vocabulary.tokenizer", "x", r"tokenizer = 'x' would not be used: set train = false"),
        ("encoder.size.n_pieces", 9, r"\[pretraining.encoder.size\] leave out n_pieces: the voca"),
        ("encoder.size.n_layer", 2, r"\[pretraining.encoder.size\] n_layer: there is no such key"),
        ("encoder.size.n_heads", 3, r"\[pretraining.encoder.size\] .*128 is none of 3: take 126"),
        ("encoder.size.max_pieces", 16, r"\] window is 128 .*\[pretraining.encoder.size\] max_pie"),
        ("encoder.size.attention_dropout", 0.1, r"leave out attention_dropout: .* none inside"),
        ("encoder.size.dropout", 0.1, r"leave out dropout: set dropout in \[pretraining.encoder\]"),
    ],
)
def test_a_wrong_value_is_named_with_file_and_key(key, value, message):
    overrides = {f"pretraining.{key}": value}
    with pytest.raises(SpanbertError, match=r"pretrain_tiny\.cfg: ") as caught:
        read_settings(CONFIGS / "pretrain_tiny.cfg", overrides)
    assert caught.match(message)


def test_a_path_that_the_config_does_not_have_is_refused():
    with pytest.raises(
        SpanbertError, match=r"there is no paths\.txt .* are: paths\.text, paths\.out"
    ):
        read_settings(CONFIGS / "pretrain_tiny.cfg", {"paths.txt": "mine.txt"})
    with pytest.raises(SpanbertError, match=r"there is no path\.text in the config; .* are: none"):
        read_settings(CONFIGS / "pretrain_tiny.cfg", {"path.text": "mine.txt"})


def write(path: Path, changes: dict[str, str]) -> Path:
    text = (CONFIGS / "pretrain_tiny.cfg").read_text("utf8")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, "utf8")
    return path


def test_a_misspelt_key_and_a_missing_value_are_named(tmp_path):
    path = write(
        tmp_path / "a.cfg", {"learn_rate =": "learning_rate =", "output = ${paths.output}": ""}
    )
    with pytest.raises(SpanbertError) as caught:
        read_settings(path, {})
    assert caught.match(r"\[pretraining\] output: a value is needed here")
    assert caught.match(r"\[pretraining.training\] learning_rate: there is no such key")


def test_of_a_folder_the_configs_in_it_are_named(tmp_path):
    with pytest.raises(SpanbertError, match=r"is a folder: name a config file.* folder: none\."):
        read_settings(tmp_path, {})
    write(tmp_path / "b.cfg", {})
    write(tmp_path / "a.cfg", {})
    with pytest.raises(SpanbertError, match=r"Configs in this folder: a\.cfg, b\.cfg\."):
        read_settings(tmp_path, {})


def test_a_function_that_is_not_registered_is_named(tmp_path):
    path = write(tmp_path / "a.cfg", {"SpanMasking.v1": "SpanMaskign.v1"})
    with pytest.raises(SpanbertError, match=r"SpanMaskign\.v1"):
        read_settings(path, {})


def test_a_corruption_without_its_function_is_named(tmp_path):
    path = write(tmp_path / "a.cfg", {'@corruptions = "spacy-spanbert.SpanMasking.v1"': "p = 0.2"})
    message = r"\[pretraining.corruption\] expected a section with @corruptions = "
    with pytest.raises(SpanbertError, match=message):
        read_settings(path, {})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "[pretraining.objectives]",
            "[paths]\nb = 1\n[pretraining.objectives]",
            r"section \[paths\] is there twice, again in line \d+: put all",
        ),
        (
            "held_out = 0.1",
            "held_out = 0.1\nheld_out = 0.2",
            r"\[pretraining.corpus\] held_out is there twice, again in line \d+: remove one",
        ),
        ("[pretraining.objectives]", "[pretraining.objectives", r"a\.cfg: "),
    ],
)
def test_what_is_wrong_with_the_form_is_named(old, new, message, tmp_path):
    path = write(tmp_path / "a.cfg", {old: new})
    with pytest.raises(SpanbertError, match=message):
        read_settings(path, {})


def test_a_file_that_is_not_there_and_one_without_the_section(tmp_path):
    with pytest.raises(SpanbertError, match=r"no config file .*none\.cfg"):
        read_settings(tmp_path / "none.cfg", {})
    (tmp_path / "b.cfg").write_text("[nlp]\nlang = 'en'\n")
    with pytest.raises(SpanbertError, match=r"^\S+b\.cfg: expected a section \[pret"):
        read_settings(tmp_path / "b.cfg", {})
