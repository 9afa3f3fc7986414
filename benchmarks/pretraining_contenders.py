"""Who pretrains in pretraining_speed: our training step, and Hugging Face's Trainer."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import torch
from accelerate.state import AcceleratorState
from transformers import (
    BertForMaskedLM,
    DataCollatorForLanguageModeling,
    PreTrainedTokenizerFast,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)
from transformers.trainer_callback import PrinterCallback

from benchmarks.peers import ENCODER, encoder_folder
from spacy_spanbert.checkpoints.load import load_checkpoint
from spacy_spanbert.checkpoints.quiet import quiet
from spacy_spanbert.layers.precision import Precision
from spacy_spanbert.pretraining.accelerator import make_accelerator
from spacy_spanbert.pretraining.model import PretrainingModel
from spacy_spanbert.pretraining.optimizer import begin_moments
from spacy_spanbert.pretraining.sampling import CorruptedText, Sampler
from spacy_spanbert.pretraining.settings import TrainingSettings
from spacy_spanbert.pretraining.sharding import freeze_encoder, prepare_model
from spacy_spanbert.pretraining.steps import Prefetcher, StepRunner
from spacy_spanbert.pretraining.tallies import Tally, total_loss
from spacy_spanbert.pretraining.windows import PieceSampler


class Round(NamedTuple):
    """What a contender did in a round.

    seconds (float): Of the steps that count.
    loss (float): Mean over the round, in nats: that it does learn the same task.
    """

    seconds: float
    loss: float


@dataclass(frozen=True)
class Plan:
    """What each contender does in a round.

    window (int): Pieces of a window; all are full.
    batch (int): Windows of a step.
    n_warm_up (int): First steps, which are not timed.
    n_steps (int): Steps that are timed.
    """

    window: int
    batch: int
    n_warm_up: int
    n_steps: int

    @property
    def step_pieces(self) -> int:
        """RETURNS (int): Pieces of a step, special ones included."""
        return self.window * self.batch


@dataclass(frozen=True)
class OurTraining:
    """The steps of our training loop, with the shipped config's choices: AdamW, no dropout.

    text (FullWindows): The windows.
    corruption (Corruption): What is done to them.
    sampler (PieceSampler): Random pieces.
    objectives (dict[str, float]): Weight of each.
    precision (str): As in the config.
    plan (Plan): How much.
    """

    text: Any
    corruption: Callable[..., Any]
    sampler: PieceSampler
    objectives: dict[str, float]
    precision: Precision
    plan: Plan

    def __call__(self, seed: int) -> Round:
        """Train anew.

        seed (int): Of weights, order and corruption.
        RETURNS (Round): What came of it.
        """
        torch.manual_seed(seed)
        settings = TrainingSettings(
            seed=seed,
            step_pieces=self.plan.step_pieces,
            batch_pieces=self.plan.step_pieces,
            precision=self.precision,
        )
        model = PretrainingModel(load_checkpoint(ENCODER).module, self.objectives)
        freeze_encoder(model, False)
        for part in model.modules():
            if isinstance(part, torch.nn.Dropout):
                part.p = 0.0
        AcceleratorState._reset_state(True)  # precision is kept for a whole process
        accelerator = make_accelerator(settings)
        prepared, optimizer = prepare_model(model, accelerator, settings)
        begin_moments(optimizer.optimizer)
        prepared.train()
        # the Trainer's collator asks for unknown pieces too
        text = CorruptedText(self.text, self.corruption, self.sampler, seed, None)
        runner = StepRunner(accelerator, prepared, model.weights, self.plan.step_pieces)
        sampler = Sampler(len(text), self.plan.batch, seed)
        tally = Tally(list(model.weights))
        prefetcher = Prefetcher(text)
        start = 0.0
        try:
            for step in range(self.plan.n_warm_up + self.plan.n_steps):
                if step == self.plan.n_warm_up:
                    start = perf_counter()
                items = prefetcher.take(sampler.step(step), sampler.step(step + 1))
                runner.backward(items, tally)
                accelerator.clip_grad_norm_(prepared.parameters(), settings.grad_clip)
                optimizer.step()
                optimizer.zero_grad()
            seconds = perf_counter() - start
        finally:
            prefetcher.close()
        return Round(seconds, total_loss(tally.take(accelerator), model.weights))


@dataclass(frozen=True)
class HuggingFaceTraining:
    """The Trainer of transformers with BertForMaskedLM, all as it comes: AdamW, dropout 0.1.

    text (FullWindows): The windows.
    tokenizer (PreTrainedTokenizerFast): For the collator, which masks.
    is_bf16 (bool): Its option `bf16`.
    plan (Plan): How much.
    folder (Path): Which it wants for its output; nothing is written.
    """

    text: Any
    tokenizer: PreTrainedTokenizerFast
    is_bf16: bool
    plan: Plan
    folder: Path

    def __call__(self, seed: int) -> Round:
        """Train anew.

        seed (int): Of weights, order and corruption.
        RETURNS (Round): What came of it.
        """
        torch.manual_seed(seed)
        with quiet():
            model = BertForMaskedLM.from_pretrained(encoder_folder())
        AcceleratorState._reset_state(True)
        arguments = TrainingArguments(
            output_dir=str(self.folder),
            per_device_train_batch_size=self.plan.batch,
            max_steps=self.plan.n_warm_up + self.plan.n_steps,
            bf16=self.is_bf16,
            use_cpu=True,
            seed=seed,
            # the collator masks faster when it is told which pieces are special
            remove_unused_columns=False,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            dataloader_pin_memory=False,
        )
        clock = _Clock(self.plan)
        trainer = Trainer(
            model=model,
            args=arguments,
            data_collator=DataCollatorForLanguageModeling(self.tokenizer),
            train_dataset=self._rows(),  # type: ignore[arg-type]
            callbacks=[clock],
        )
        trainer.remove_callback(PrinterCallback)  # it would print among our tables
        with quiet():
            result = trainer.train()
        return Round(clock.seconds, result.training_loss)

    def _rows(self) -> list[dict[str, list[int]]]:
        rows = []
        for index in range(len(self.text)):
            window = self.text.window(index, 0)
            is_special = (window.words < 0).astype(int).tolist()
            rows.append(
                {
                    "input_ids": window.ids.tolist(),
                    "attention_mask": [1] * len(window),
                    "special_tokens_mask": is_special,
                }
            )
        return rows


class _Clock(TrainerCallback):
    """Times the steps after the warm-up, and what the Trainer does between them."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.seconds = 0.0
        self._start = perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:  # noqa: ARG002
        if state.global_step == self.plan.n_warm_up:
            self._start = perf_counter()
        if state.global_step == self.plan.n_warm_up + self.plan.n_steps:
            self.seconds = perf_counter() - self._start
