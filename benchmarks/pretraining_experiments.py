"""The experiments of pretraining_gain: what is pretrained, and what it is compared with."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

_ENCODER = "pretraining.encoder.size"
_CORRUPTION = "pretraining.corruption.@corruptions"


@dataclass(frozen=True)
class Recipe:
    """One pretraining.

    name (str): Tells it from others.
    config (str): A file of configs/.
    text (str): A key of pretraining_text.TEXTS.
    minutes (float): Budget.
    changes (dict[str, Any]): Values of the config, by dotted name.
    base (Recipe | None): Pretrained before; its vocabulary and tokenized text are used again.
    """

    name: str
    config: str
    text: str
    minutes: float
    changes: dict[str, Any] = field(default_factory=dict)
    base: "Recipe | None" = None


@dataclass(frozen=True)
class Arm:
    """An encoder that is fine-tuned.

    name (str): Tells it from others of the same corpus.
    recipe (Recipe | None): Its pretraining, done here; None for the packaged MiniLM as it is.
    is_pretrained (bool): False for random weights in the recipe's size and vocabulary.
    changes (dict[str, Any]): Values of configs/spans.cfg, by dotted name.
    """

    name: str
    recipe: Recipe | None = None
    is_pretrained: bool = True
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Experiment:
    """Encoders fine-tuned alike on one corpus.

    name (str): For `--only`.
    title (str): What is asked.
    corpus (str | None): "litbank" or "genia"; None where only the losses of `arms` count.
    baseline (Arm): What the others are compared with.
    arms (tuple[Arm, ...]): The others.
    """

    name: str
    title: str
    corpus: str | None
    baseline: Arm
    arms: tuple[Arm, ...]

    def all_arms(self) -> Iterator[Arm]:
        """YIELDS (Arm): The baseline and the others."""
        yield self.baseline
        yield from self.arms


# About 4 layers, 256 wide. Fiction is cased: names matter to the spans.
SCRATCH: dict[str, Any] = {
    f"{_ENCODER}.n_layers": 4,
    f"{_ENCODER}.width": 256,
    f"{_ENCODER}.n_heads": 4,
    "pretraining.vocabulary.size": 16_000,
    "pretraining.vocabulary.cased": True,
    "pretraining.corpus.held_out": 0.01,
    "pretraining.training.warmup_steps": 300,
    "pretraining.training.evaluate_every": 500,
    "pretraining.training.evaluate_windows": 500,
}
_TINY, _ADAPT = "pretrain_tiny.cfg", "pretrain_adapt.cfg"
TOKEN_MLM = {
    _CORRUPTION: "spacy-spanbert.TokenMasking.v1",
    "pretraining.objectives.sbo": 0.0,
}

SPAN_SBO = Recipe("scratch, span MLM + SBO", _TINY, "fiction", 40, SCRATCH)
# four of them are compared
SHORT_SPAN_SBO = replace(SPAN_SBO, minutes=12)


def _variant(name: str, changes: dict[str, Any]) -> Arm:
    base = SHORT_SPAN_SBO
    changes = {**base.changes, **changes}
    recipe = Recipe(f"scratch, {name}", base.config, base.text, base.minutes, changes, base)
    return Arm(recipe.name, recipe)


SCRATCH_ARM = Arm(SPAN_SBO.name, SPAN_SBO)
UNTRAINED = Arm("scratch, untrained", SPAN_SBO, is_pretrained=False)
# The shipped rate of the encoder suits pretrained weights; the head's is fairer to random ones, and
# then both are asked at it.
UNTRAINED_FAST = Arm(
    "scratch, untrained, encoder at the head's rate",
    SPAN_SBO,
    is_pretrained=False,
    changes={"components.spanbert.lr_scale": 1.0},
)
SCRATCH_FAST = Arm(
    f"{SPAN_SBO.name}, encoder at the head's rate", SPAN_SBO, changes=UNTRAINED_FAST.changes
)
MINILM = Arm("MiniLM")
# those of pretrain_adapt.cfg are half as large; fiction was measured before
LARGE_STEPS = {
    "pretraining.training.step_pieces": 4096,
    "pretraining.training.batch_pieces": 4096,
}
ON_FICTION = Recipe("MiniLM on fiction", _ADAPT, "fiction", 40, LARGE_STEPS)
ON_BIOMEDICAL = Recipe("MiniLM on biomedical text", _ADAPT, "biomedical", 40)
# An encoder that begins without heads and has little time: in short trials, its loss fell faster at
# three and at eight times the config's rate.
FAST_BIOMEDICAL = Recipe(
    "MiniLM on biomedical text, learn_rate 5e-4",
    _ADAPT,
    "biomedical",
    40,
    {"pretraining.training.learn_rate": 5e-4},
)
SMALL_STEPS_BRIEFLY = Recipe("MiniLM, steps of 2,048 pieces", _ADAPT, "biomedical", 8)
LARGE_STEPS_BRIEFLY = Recipe("MiniLM, steps of 4,096 pieces", _ADAPT, "biomedical", 8, LARGE_STEPS)
TINY = Recipe("tiny from scratch", _TINY, "beginnings of fiction", 20)

EXPERIMENTS = (
    Experiment(
        "scratch",
        "4 layers from scratch against the same encoder untrained",
        "litbank",
        UNTRAINED,
        (SCRATCH_ARM, UNTRAINED_FAST, SCRATCH_FAST),
    ),
    Experiment(
        "variants",
        "what to corrupt and to ask, the same budget each",
        "litbank",
        _variant("token MLM", TOKEN_MLM),
        (
            _variant("span MLM", {"pretraining.objectives.sbo": 0.0}),
            Arm(SHORT_SPAN_SBO.name, SHORT_SPAN_SBO),
            _variant(
                "span MLM + SBO + NSP",
                {"pretraining.packing.pairs": True, "pretraining.objectives.nsp": 1.0},
            ),
        ),
    ),
    Experiment(
        "adaptation-litbank",
        "MiniLM pretrained on fiction against MiniLM as it is",
        "litbank",
        MINILM,
        (Arm(ON_FICTION.name, ON_FICTION),),
    ),
    Experiment(
        "adaptation-genia",
        "MiniLM pretrained on biomedical text against MiniLM as it is",
        "genia",
        MINILM,
        (Arm(ON_BIOMEDICAL.name, ON_BIOMEDICAL), Arm(FAST_BIOMEDICAL.name, FAST_BIOMEDICAL)),
    ),
    Experiment(
        "steps",
        "large steps or twice as many small ones, in the same few minutes",
        None,
        Arm(LARGE_STEPS_BRIEFLY.name, LARGE_STEPS_BRIEFLY),
        (Arm(SMALL_STEPS_BRIEFLY.name, SMALL_STEPS_BRIEFLY),),
    ),
    Experiment(
        "tiny",
        "a tiny encoder from scratch against a unigram model",
        None,
        Arm(TINY.name, TINY),
        (),
    ),
)
# What --quick does instead of a budget in minutes: it runs, and learns nothing.
QUICK: dict[str, Any] = {
    "pretraining.budget.minutes": None,
    "pretraining.budget.steps": 4,
    "pretraining.corpus.held_out": 0.3,
    "pretraining.training.step_pieces": 512,
    "pretraining.training.warmup_steps": 1,
    "pretraining.training.evaluate_every": 2,
    "pretraining.training.evaluate_windows": 4,
    "pretraining.training.log_every": 1,
}
QUICK_SCRATCH = {"pretraining.vocabulary.size": 500}
QUICK_ADAPT = {"pretraining.training.head_warmup_steps": 2}
