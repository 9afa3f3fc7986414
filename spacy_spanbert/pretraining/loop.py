"""The training loop."""

import math
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import torch
from accelerate import Accelerator
from tqdm import tqdm
from transformers.tokenization_utils_fast import PreTrainedTokenizerFast

from spacy_spanbert.pretraining.accelerator import expect_frozen_encoder
from spacy_spanbert.pretraining.asked import check_asked
from spacy_spanbert.pretraining.budget import StepClock, check_encoder_learns, planned_steps
from spacy_spanbert.pretraining.checkpoint import (
    BEST,
    LAST,
    Progress,
    load_optimizer,
    optimizer_tensors,
    save_pretraining,
    store_total_steps,
)
from spacy_spanbert.pretraining.divergence import (
    PretrainingError,
    check_gradient,
    check_held_out_loss,
    check_weights,
)
from spacy_spanbert.pretraining.heap import release_heap
from spacy_spanbert.pretraining.interruption import Interruption
from spacy_spanbert.pretraining.log import RunLog
from spacy_spanbert.pretraining.model import PretrainingModel
from spacy_spanbert.pretraining.optimizer import (
    begin_moments,
    learn_rate,
    set_learn_rate,
)
from spacy_spanbert.pretraining.sampling import CorruptedText, Sampler, WindowNumber, spread_sample
from spacy_spanbert.pretraining.settings import PretrainSettings
from spacy_spanbert.pretraining.sharding import (
    WholeModel,
    drop_encoder_gradients,
    freeze_encoder,
    plain_model,
    prepare_model,
)
from spacy_spanbert.pretraining.steps import Prefetcher, StepRunner
from spacy_spanbert.pretraining.tallies import Score, Tally, total_loss
from spacy_spanbert.pretraining.train_report import TrainReport


class Pretrainer:
    """Trains a model on corrupted text, evaluates it, and keeps checkpoints.

    Everything that is random is a pure function of the seed and the step, so a resumed run does
    what an uninterrupted one would have done.

    settings (PretrainSettings): The config.
    model (PretrainingModel): Freshly loaded, or from the last checkpoint.
    tokenizer (PreTrainedTokenizerFast): The encoder's.
    train (CorruptedText): The text to learn from.
    held_out (CorruptedText | None): The text to evaluate on.
    accelerator (Accelerator): Devices, processes and precision.
    progress (Progress): How far an earlier try came; its step is 0 for a new run.
    say (Callable[[str], None]): Told what a user should know.
    """

    def __init__(
        self,
        settings: PretrainSettings,
        model: PretrainingModel,
        tokenizer: PreTrainedTokenizerFast,
        train: CorruptedText,
        held_out: CorruptedText | None,
        accelerator: Accelerator,
        progress: Progress,
        say: Callable[[str], None],
    ) -> None:
        self.settings = settings
        self.tokenizer = tokenizer
        self.train = train
        self.held_out = held_out
        self.accelerator = accelerator
        self.progress = progress
        self.say = say
        training = settings.training
        step_windows = max(1, training.step_pieces // settings.packing.window)
        if step_windows < accelerator.num_processes:
            raise PretrainingError(
                f"[pretraining.training] step_pieces = {training.step_pieces} is {step_windows} "
                f"windows of {settings.packing.window} pieces, but {accelerator.num_processes} "
                "processes need one each: raise step_pieces."
            )
        check_asked(train, model.weights)
        self.sampler = Sampler(len(train), step_windows, training.seed)
        if progress.total_steps is None:
            progress.total_steps = planned_steps(settings.budget, len(train), step_windows)
            check_encoder_learns(progress)
        self._weights = model.weights
        freeze_encoder(model, False)
        # of the run, not of what is left of it: one that goes on exchanges in the same order
        expect_frozen_encoder(accelerator, progress.head_warmup_steps > 0)
        self._whole = WholeModel(model, accelerator, training)
        self.model, self.optimizer = prepare_model(model, accelerator, training)
        begin_moments(self.optimizer.optimizer)
        if progress.step:
            load_optimizer(self.folder / LAST, self.model, self.optimizer.optimizer)
        self.runner = StepRunner(accelerator, self.model, model.weights, training.batch_pieces)
        self._clock = StepClock(settings.budget.minutes, training.evaluate_every, progress)
        self._interruption = Interruption(say)

    @property
    def folder(self) -> Path:
        """RETURNS (Path): The run's output folder."""
        return self.settings.output

    def run(self) -> Progress:
        """Train until the budget is spent, or until Ctrl-C.

        RETURNS (Progress): How far it came; everything is saved.
        RAISES (PretrainingError): If loss or weights are no longer numbers; these are not saved.
        """
        self.model.train()
        log = RunLog(self.folder, self.progress.step) if self._is_main else None
        prefetcher = Prefetcher(self.train)
        try:
            with self._interruption.watch(), self._bar() as bar:
                if self.progress.step == 0:
                    self._evaluate(log)
                self._steps(prefetcher, log, bar)
        finally:
            prefetcher.close()
            if log is not None:
                log.close()
        return self.progress

    def _steps(self, prefetcher: Prefetcher, log: RunLog | None, bar: tqdm) -> None:
        training, progress = self.settings.training, self.progress
        report = TrainReport(training, self._weights, progress, self.accelerator, log, bar)
        first, start = progress.step, perf_counter()
        while not self._is_done():
            self._step(prefetcher, report)
            progress.step += 1
            # with what was logged after the step before
            seconds, start = perf_counter() - start, perf_counter()
            if self._clock.add(seconds, self.accelerator):
                self._store_total_steps()
            bar.total = progress.total_steps
            bar.update()
            # a run that goes on from here begins a line of the log, and so does this one
            is_saved = self._is_evaluated(progress.step)
            if is_saved or progress.step % training.log_every == 0:
                report.write()
                release_heap()
            if is_saved:
                self._evaluate(log)
                report.restart_clock()
                start = perf_counter()
        if progress.step > first and not self._is_evaluated(progress.step):
            if not report.is_empty:
                report.write()
            self._evaluate(log)

    def _is_evaluated(self, step: int) -> bool:
        # where the heads end to learn alone, it is seen what the encoder was worth as it came
        is_warm = step == self.progress.head_warmup_steps
        return is_warm or step % self.settings.training.evaluate_every == 0

    def _step(self, prefetcher: Prefetcher, report: TrainReport) -> None:
        """Do one optimizer step."""
        training, step = self.settings.training, self.progress.step
        # a step's dropout depends on the step and the process alone
        rank = self.accelerator.process_index
        torch.manual_seed((training.seed * 1_000_003 + step * 1009 + rank) % 2**63)
        plain = plain_model(self.accelerator, self.model)
        is_frozen = step < self.progress.head_warmup_steps
        freeze_encoder(plain, is_frozen)
        items = prefetcher.take(self._mine(step), self._mine(step + 1))
        report.add(items)
        self.runner.backward(items, report.tally)
        if is_frozen:
            drop_encoder_gradients(plain)
        norm = self.accelerator.clip_grad_norm_(
            self.model.parameters(), training.grad_clip or math.inf
        )
        check_gradient(norm, step, self.settings)
        total_steps, first = self.progress.total_steps, self.progress.head_warmup_steps
        set_learn_rate(
            self.optimizer.optimizer,
            heads=learn_rate(step, total_steps, training),
            encoder=learn_rate(step, total_steps, training, first),
        )
        self.optimizer.step()
        self.optimizer.zero_grad()

    def _store_total_steps(self) -> None:
        """Keep what the minutes turned out to be: another try would measure something else."""
        total_steps = self.progress.total_steps
        assert total_steps is not None
        self.say(f"{self._clock.minutes:g} minutes are {total_steps:,} steps here")
        if total_steps <= self.progress.head_warmup_steps:
            self.say(
                "WARNING: the time is over before the encoder began to learn: the heads learn "
                f"alone in the first {self.progress.head_warmup_steps:,} steps. Raise "
                "[pretraining.budget] minutes, or lower [pretraining.training] head_warmup_steps"
            )
        if self._is_main:
            store_total_steps(self.folder / LAST, total_steps)

    def _mine(self, step: int) -> list[WindowNumber]:
        return self.runner.mine(self.sampler.step(step))

    def _is_done(self) -> bool:
        total = self.progress.total_steps
        is_stopped = self._interruption.is_asked(self.accelerator)
        return is_stopped or (total is not None and self.progress.step >= total)

    def _evaluate(self, log: RunLog | None) -> None:
        start = perf_counter()
        is_best = False
        check_weights(self.model, self.accelerator, self.progress.step, self.settings)
        if self.held_out is not None:
            tally = Tally(list(self._weights))
            training = self.settings.training
            chosen = spread_sample(len(self.held_out), training.evaluate_windows, training.seed)
            # the same corruption each time: epoch 0
            numbers = [WindowNumber(0, index) for index in chosen]
            self.runner.evaluate(self.held_out, numbers, tally)
            scores = tally.take(self.accelerator)
            loss = total_loss(scores, self._weights)
            check_held_out_loss(loss, self.progress.step, self.settings)
            if log is not None:
                log.write("held_out", self.progress.step, scores, loss=loss)
            is_best = self.progress.best_loss is None or loss < self.progress.best_loss
            self.say(_held_out_line(self.progress.step, scores, is_best))
            if is_best:
                self.progress.best_loss = loss
        self._save(is_best or self.held_out is None)
        self._clock.add_evaluation(perf_counter() - start)

    def _save(self, is_best: bool) -> None:
        state = optimizer_tensors(self.model, self.optimizer.optimizer)
        model = self._whole.gather(self.model, self.accelerator)
        if self._is_main and model is not None:
            # killed in between, the run goes on from before the best one and finds it again
            if is_best:
                save_pretraining(self.folder / BEST, model, self.tokenizer, self.progress)
            save_pretraining(self.folder / LAST, model, self.tokenizer, self.progress, state)
        self.accelerator.wait_for_everyone()

    @property
    def _is_main(self) -> bool:
        return self.accelerator.is_main_process

    def _bar(self) -> tqdm:
        return tqdm(
            initial=self.progress.step,
            total=self.progress.total_steps,
            unit="step",
            disable=None if self._is_main else True,
        )


def _held_out_line(step: int, scores: dict[str, Score], is_best: bool) -> str:
    parts = [f"{name} {s.loss:.3f} ({s.accuracy:.1%})" for name, s in scores.items()]
    return f"step {step:,}: held-out loss (accuracy): {', '.join(parts)}{' *' if is_best else ''}"
