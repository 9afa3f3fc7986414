"""Pieces a second in pretraining: ours and Hugging Face's Trainer, same encoder, same windows.

Masked language modelling with the packaged MiniLM, batches of 16 windows of 128 pieces, all full.
Also: how much of the machine's matrix products that uses, and what the span boundary objective
costs. The rounds take turns, and each begins anew with some steps that are not timed.
"""

import gc
import shlex
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import mean, median
from typing import Any

import torch
from transformers import AutoConfig

from benchmarks.arguments import ROOT, make_parser, parse
from benchmarks.peers import ENCODER, encoder_folder
from benchmarks.pretraining_contenders import HuggingFaceTraining, OurTraining, Plan, Round
from benchmarks.pretraining_flops import SHARE, product_peak, training_flops
from benchmarks.pretraining_text import FullWindows, tokenize_text
from benchmarks.report import make_report, print_table, write_report
from benchmarks.timing import paired_ratio
from spacy_spanbert.checkpoints.load import load_tokenizer
from spacy_spanbert.layers.precision import resolve_precision
from spacy_spanbert.pretraining.corruption.span_masking import SpanMasking
from spacy_spanbert.pretraining.corruption.token_masking import TokenMasking
from spacy_spanbert.pretraining.windows import PieceSampler

TEXT = ROOT / "assets" / "fiction.txt"
OURS, TRAINER = "ours, {}", "Trainer, {}"
SPANS, SPANS_SBO = "ours, auto, spans: MLM", "ours, auto, spans: MLM + SBO"
# Each of the left over each of the right.
RATIOS = (
    (OURS.format("float32"), TRAINER.format("float32")),
    (OURS.format("auto"), TRAINER.format("float32")),
    (OURS.format("auto"), TRAINER.format("bf16")),
)
ABOUT_CONTENDERS = (
    "Ours: the shipped step (logits at masked pieces only, no dropout, fused AdamW). Trainer: "
    "BertForMaskedLM with DataCollatorForLanguageModeling, its own AdamW, dropout 0.1 as in the "
    "checkpoint's config. Corruption, clipping and the optimizer are timed, loading is not."
)
ABOUT_FLOPS = (
    "3 * (encoder + 0.15 * output layer), matrix products only; the peak is that of large square "
    "matrix products in the number format that precision auto means here, the best of all rounds."
)

Contenders = Mapping[str, Callable[[int], Round]]


def take_turns(
    contenders: Contenders, n_rounds: int, between: Callable[[], None]
) -> dict[str, list[Round]]:
    """Run contenders in turn (A B C A B C ...), so that slow minutes of the machine hit all alike.

    contenders (Mapping): Each runs a round, and times it.
    n_rounds (int): How often each runs.
    between (Callable): Called before each round.
    RETURNS (dict[str, list[Round]]): What came of them.
    """
    rounds: dict[str, list[Round]] = {name: [] for name in contenders}
    for index in range(n_rounds):
        between()
        for name, run in contenders.items():
            gc.collect()
            rounds[name].append(run(index))
    return rounds


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print and write pretraining_speed.json."""
    parser = make_parser("pretraining_speed", __doc__)
    parser.add_argument("--rounds", type=int, default=None, help="rounds of each (5)")
    parser.add_argument("--steps", type=int, default=None, help="steps timed in a round (20)")
    parser.add_argument("--text", type=Path, default=None, help="raw text (assets/fiction.txt)")
    arguments = parse(parser, argv)
    if arguments.text is not None:  # where files lie is nobody's business
        arguments.command = arguments.command.replace(shlex.quote(str(arguments.text)), "TEXT")
    n_rounds = arguments.rounds or (2 if arguments.quick else 5)
    plan = Plan(
        window=128,
        batch=2 if arguments.quick else 16,
        n_warm_up=1 if arguments.quick else 3,
        n_steps=arguments.steps or (2 if arguments.quick else 20),
    )
    dtype = resolve_precision("auto", torch.device("cpu"))
    size = 256 if arguments.quick else 4096
    peaks: list[float] = []
    rounds = take_turns(
        _contenders(arguments, plan), n_rounds, lambda: peaks.append(product_peak(dtype, size, 5))
    )
    results = {
        "n_pieces": plan.step_pieces * plan.n_steps,
        "speeds": {name: _summarize(values, plan) for name, values in rounds.items()},
        "ratios": {
            f"{fast} to {slow}": paired_ratio(_seconds(rounds[slow]), _seconds(rounds[fast]))
            for fast, slow in RATIOS
        },
    }
    results["utilization"] = _utilization(results, plan, dtype, max(peaks))
    extra = paired_ratio(_seconds(rounds[SPANS_SBO]), _seconds(rounds[SPANS]))
    results["sbo_extra"] = round(extra - 1, 3)
    report = make_report(
        "pretraining_speed",
        arguments,
        results,
        n_rounds=n_rounds,
        **vars(plan),
        text=(arguments.text or TEXT).name,
        contenders=ABOUT_CONTENDERS,
        flops=ABOUT_FLOPS,
    )
    _print(report)
    print(write_report(report, arguments.output))


def _contenders(arguments: Namespace, plan: Plan) -> dict[str, Callable[[int], Round]]:
    tokenizer = load_tokenizer(ENCODER)
    folder = arguments.work / "pretraining_speed"
    corpus = tokenize_text(arguments.text or TEXT, tokenizer, folder)
    text = FullWindows(corpus.store, plan.window, tokenizer)
    sampler = PieceSampler(corpus.counts, tokenizer.mask_token_id)
    mlm = {"mlm": 1.0}
    token, span = TokenMasking(share=SHARE), SpanMasking(share=SHARE)
    contenders: dict[str, Callable[[int], Round]] = {
        OURS.format(precision): OurTraining(text, token, sampler, mlm, precision, plan)
        for precision in ("auto", "float32")
    }
    for name, is_bf16 in (("float32", False), ("bf16", True)):
        contenders[TRAINER.format(name)] = HuggingFaceTraining(
            text, tokenizer, is_bf16, plan, folder / "trainer"
        )
    contenders[SPANS] = OurTraining(text, span, sampler, mlm, "auto", plan)
    contenders[SPANS_SBO] = OurTraining(text, span, sampler, {**mlm, "sbo": 1.0}, "auto", plan)
    return contenders


def _summarize(rounds: Sequence[Round], plan: Plan) -> dict[str, Any]:
    seconds = _seconds(rounds)
    speeds = [plan.step_pieces * plan.n_steps / value for value in seconds]
    return {
        "pieces_per_second": round(median(speeds), 1),
        "lowest": round(min(speeds), 1),
        "highest": round(max(speeds), 1),
        "seconds_per_step": round(median(seconds) / plan.n_steps, 4),
        "seconds": [round(value, 4) for value in seconds],
        "mean_loss": round(mean(r.loss for r in rounds), 3),
    }


def _utilization(
    results: dict[str, Any], plan: Plan, dtype: torch.dtype, peak: float
) -> dict[str, Any]:
    flops = training_flops(AutoConfig.from_pretrained(encoder_folder()), plan.window)
    speed = results["speeds"][OURS.format("auto")]["pieces_per_second"]
    return {
        "dtype": str(dtype).removeprefix("torch."),
        "flops_per_piece": round(flops),
        "peak_tflops": round(peak / 1e12, 4),
        "share": round(speed * flops / peak, 4),
    }


def _seconds(rounds: Sequence[Round]) -> list[float]:
    return [value.seconds for value in rounds]


def _print(report: dict[str, Any]) -> None:
    results, settings = report["results"], report["settings"]
    keys = ("pieces_per_second", "lowest", "highest", "seconds_per_step", "mean_loss")
    rows = [(name, *(speed[key] for key in keys)) for name, speed in results["speeds"].items()]
    header = ("", "pieces/s", "lowest", "highest", "seconds a step", "loss")
    title = "Pretraining MiniLM, {batch} x {window} pieces a step, {n_steps} steps a round"
    print_table(header, rows, title.format(**settings))
    print_table(("how many times as fast", "ratio"), list(results["ratios"].items()))
    use = results["utilization"]
    rows = [
        (f"share of the peak of {use['dtype']} matrix products", f"{use['share']:.1%}"),
        ("that peak, TFLOP/s", use["peak_tflops"]),
        ("million operations a piece", use["flops_per_piece"] / 1e6),
        ("SBO costs beside MLM alone", f"{results['sbo_extra']:+.1%}"),
    ]
    print_table(("ours, auto", ""), rows)


if __name__ == "__main__":
    main()
