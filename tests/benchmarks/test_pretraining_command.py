"""What is read from a run of `spacy spanbert pretrain`."""

import math
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from benchmarks.arguments import ROOT
from benchmarks.pretraining_command import (
    open_tokenized,
    run_pretraining,
    summarize_run,
    token_mlm,
    write_untrained,
)
from spacy_spanbert.checkpoints.load import load_checkpoint
from spacy_spanbert.cli import app
from tests.tiny_encoder import read_texts


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a very small encoder from scratch for six steps."""
    folder = tmp_path_factory.mktemp("run")
    texts = read_texts(200)
    documents = [" ".join(texts[start : start + 20]) for start in range(0, 200, 20)]
    (folder / "text.txt").write_text("\n\n".join(documents), encoding="utf8")
    values = {
        **{"budget.minutes": "null", "budget.steps": 6, "vocabulary.size": 300},
        **{"encoder.size.width": 16, "corpus.n_process": 1, "corpus.held_out": 0.3},
        **{"training.step_pieces": 256, "training.evaluate_every": 2, "training.log_every": 1},
        "training.head_warmup_steps": 3,
    }
    words = ["pretrain", str(ROOT / "configs" / "pretrain_tiny.cfg")]
    words += ["--paths.text", str(folder / "text.txt"), "--paths.output", str(folder / "out")]
    for name, value in values.items():
        words += [f"--pretraining.{name}", str(value)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    return folder / "out"


def test_a_run_is_summed_up_from_its_log(run: Path):
    summary = summarize_run(run)
    assert summary["n_steps"] == 6
    assert summary["pieces_per_second"] > 0
    steps = [summary[name]["step"] for name in ("start", "heads_alone", "end")]
    # the encoder begins to learn in the fourth step
    assert steps == [0, 3, 6]
    for name in ("start", "heads_alone", "best", "end"):
        mark = summary[name]
        assert mark["mlm_perplexity"] == pytest.approx(math.exp(mark["mlm_loss"]), rel=1e-3)
    assert summary["best"]["loss"] <= summary["end"]["loss"]
    # a model that knows nothing is about as good as one that knows nothing but the vocabulary
    assert summary["start"]["mlm_loss"] == pytest.approx(math.log(300), abs=0.7)
    assert 3 < summary["unigram_loss"] < math.log(300)


def test_a_folder_without_a_run_is_refused(tmp_path: Path):
    with pytest.raises(RuntimeError, match="expected a run with evaluations"):
        summarize_run(tmp_path)
    with pytest.raises(RuntimeError, match="but found 0"):
        open_tokenized(tmp_path)


def test_single_pieces_are_asked_for_alike_each_time(run: Path):
    corpus = open_tokenized(run)
    found = [
        token_mlm(run / "checkpoint-best", corpus, window=64, n_windows=n) for n in (5, 5, 1000)
    ]
    assert found[0] == found[1]
    assert found[0]["n_targets"] < found[2]["n_targets"]
    n_held_out = sum(len(corpus.store.document(int(n))) for n in corpus.held_out)
    assert found[2]["n_targets"] == pytest.approx(0.15 * n_held_out, rel=0.1)
    assert found[0]["perplexity"] == pytest.approx(math.exp(found[0]["loss"]), rel=1e-3)
    assert 0 <= found[0]["accuracy"] <= 1


def test_an_encoder_alone_cannot_be_asked(run: Path, tiny_bert: Path):
    with pytest.raises(RuntimeError, match="expected weights of mlm, output_bias"):
        token_mlm(tiny_bert, open_tokenized(run), window=16, n_windows=1)


def test_the_untrained_encoder_is_the_one_that_the_run_began_with(run: Path, tmp_path: Path):
    write_untrained(run, tmp_path / "untrained")
    first, trained = (
        load_checkpoint(tmp_path / "untrained"),
        load_checkpoint(run / "checkpoint-last"),
    )
    assert first.tokenizer.get_vocab() == trained.tokenizer.get_vocab()
    begun, ended = first.module.state_dict(), trained.module.state_dict()
    assert begun.keys() >= ended.keys()
    # six steps with a rate of at most 1e-3 move no weight far; another seed would
    for name, tensor in ended.items():
        torch.testing.assert_close(begun[name], tensor, rtol=0, atol=6.1e-3, msg=name)
    assert first.module.config.attention_probs_dropout_prob == 0.0


def test_a_failing_run_raises_with_what_the_command_said(tmp_path: Path):
    config = tmp_path / "empty.cfg"
    config.write_text("[paths]\noutput = null\n", encoding="utf8")
    with pytest.raises(RuntimeError, match=r"(?s)pretrain failed.*section \[pretraining\]"):
        run_pretraining(config, tmp_path / "out", {})
