"""The config of pretraining: every value with its meaning, unit and range."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from spacy_spanbert.checkpoints.checkpoint import CheckpointError
from spacy_spanbert.checkpoints.scratch import size_config
from spacy_spanbert.pretraining.section import Section, refuse_truth

# Keys of an encoder's size that pretraining decides elsewhere.
DECIDED_ELSEWHERE = {
    "n_pieces": "the vocabulary decides, see size in [pretraining.vocabulary]",
    "dropout": "set dropout in [pretraining.encoder]",
    "attention_dropout": "in pretraining there is none inside attention, for it would rule out the "
    "fast kernels",
}

Objective = Literal["mlm", "sbo", "nsp", "inserted", "removed"]
Weight = Annotated[float, BeforeValidator(refuse_truth), Field(ge=0)]


class CorpusSettings(Section):
    """[corpus]: the text."""

    text: list[Path] = Field(
        description="a file or folder, or a list of them: .txt (blank lines separate documents), "
        '.jsonl (one object with "text" a line), .spacy, .gz of these'
    )
    lang: str = Field(
        default="en",
        description="code of the language by whose rules spaCy finds words and sentences",
    )
    held_out: float = Field(
        default=0.02,
        ge=0,
        lt=1,
        description="share of the documents kept out of training, 0 to 1; one at least, if there "
        "are two",
    )
    errors: Literal["raise", "replace"] = Field(
        default="raise", description="bytes that are not UTF-8: raise an error, or replace them"
    )
    n_process: int = Field(
        default=0, ge=0, description="processes that tokenize; 0 for one per core"
    )

    @field_validator("text", mode="before")
    @classmethod
    def _one_path_is_a_list(cls, text: Any) -> Any:
        return [text] if isinstance(text, str | Path) else text


class VocabularySettings(Section):
    """[vocabulary]: the pieces."""

    tokenizer: str | None = Field(
        default=None,
        description="where to take the tokenizer from: a folder, a Hugging Face name or "
        "package:NAME/FOLDER; null for the encoder's own",
    )
    train: bool = Field(default=False, description="train a WordPiece vocabulary on the text")
    size: int = Field(default=30_000, ge=100, description="pieces of a trained vocabulary, at most")
    cased: bool | None = Field(
        default=None, description="whether capitals are kept; null for what the tokenizer says"
    )


class SizeSettings(Section):
    """[encoder.size]: a BERT from scratch."""

    n_layers: int = Field(default=12, ge=1, description="layers")
    width: int = Field(
        default=768, ge=1, description="numbers of a piece's vector, a multiple of n_heads"
    )
    n_heads: int = Field(default=12, ge=1, description="attention heads of a layer")
    intermediate_width: int | None = Field(
        default=None,
        ge=1,
        description="numbers inside the feed-forward layers; null for 4 times the width",
    )
    max_pieces: int | None = Field(
        default=None,
        ge=1,
        description="longest input, in pieces with special ones; null for the window",
    )

    @model_validator(mode="before")
    @classmethod
    def _only_what_has_an_effect(cls, size: Any) -> Any:
        keys = size if isinstance(size, dict) else ()
        refused = [f"{key}: {DECIDED_ELSEWHERE[key]}" for key in keys if key in DECIDED_ELSEWHERE]
        if refused:
            raise ValueError(f"leave out {'; '.join(refused)}")
        return size

    @model_validator(mode="after")
    def _makes_an_encoder(self) -> "SizeSettings":
        try:
            size_config(self.given())
        except CheckpointError as error:
            raise ValueError(str(error)) from error
        return self

    def given(self) -> dict[str, Any]:
        """RETURNS (dict[str, Any]): What is decided here, as `build_checkpoint` takes it."""
        return self.model_dump(exclude_none=True)


class EncoderSettings(Section):
    """[encoder]: what is trained."""

    checkpoint: str | None = Field(
        default=None,
        description="where to start: a folder, a Hugging Face name or package:NAME/FOLDER",
    )
    size: SizeSettings | None = Field(
        default=None, description="instead: the size of an encoder from scratch"
    )
    dropout: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="dropout between layers, 0 to 1; there is none inside attention",
    )


class PackingSettings(Section):
    """[packing]: text to windows."""

    window: int = Field(
        default=512, ge=8, description="longest window, in pieces with special ones"
    )
    pairs: bool = Field(
        default=False, description="windows of two texts, for next sentence prediction"
    )


class BudgetSettings(Section):
    """[budget]: how long to train; exactly one is given."""

    steps: int | None = Field(default=None, ge=1, description="optimizer steps")
    epochs: float | None = Field(default=None, gt=0, description="times the whole text is read")
    minutes: float | None = Field(
        default=None,
        gt=0,
        description="minutes of training and evaluation; turned into steps once the encoder has "
        "learnt for a twentieth of them, and stored",
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> "BudgetSettings":
        given = [name for name, value in self if value is not None]
        if len(given) != 1:
            raise ValueError(
                "expected exactly one of steps, epochs and minutes, but got "
                + (", ".join(given) or "none")
                + (f"; set the others to null (such as {given[-1]} = null)" if given else "")
            )
        return self


class TrainingSettings(Section):
    """[training]: how to train."""

    seed: int = Field(default=0, ge=0, description="seed of weights, order, corruption and dropout")
    step_pieces: int = Field(
        default=131_072, ge=8, description="pieces of a step, on all processes together"
    )
    batch_pieces: int = Field(
        default=8192, ge=8, description="pieces a process encodes at once; more are accumulated"
    )
    learn_rate: float = Field(default=1e-4, gt=0, description="highest learning rate")
    warmup_steps: int = Field(
        default=10_000,
        ge=0,
        description="steps until it is reached, of heads and encoder each from their first one on",
    )
    weight_decay: float = Field(
        default=0.01,
        ge=0,
        description="AdamW: weight decay of matrices; biases and norms have none",
    )
    beta1: float = Field(default=0.9, ge=0, lt=1, description="AdamW: decay of the mean gradient")
    beta2: float = Field(default=0.999, ge=0, lt=1, description="AdamW: decay of its square")
    eps: float = Field(default=1e-6, gt=0, description="AdamW: added to the denominator")
    grad_clip: float = Field(
        default=1.0, ge=0, description="largest norm of the gradient; 0 for any"
    )
    layer_lr_decay: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="learning rate of a layer over that of the next higher one; 1 for the same",
    )
    head_warmup_steps: int = Field(
        default=0,
        ge=0,
        description="first steps, in which only the heads learn and the encoder is frozen; left "
        "out if the checkpoint has all heads",
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto", description="of matrix products; auto: bfloat16 where the hardware has it"
    )
    shard: bool = Field(
        default=False,
        description="divide weights, gradients and optimizer state over the processes (FSDP); "
        "accelerate launch --use_fsdp sets it",
    )
    evaluate_every: int = Field(
        default=1000,
        ge=1,
        description="steps between two evaluations; there is one after head_warmup_steps too",
    )
    evaluate_windows: int = Field(
        default=2000,
        ge=1,
        description="held-out windows that are evaluated, at most; always the same, from all parts",
    )
    log_every: int = Field(default=20, ge=1, description="steps between two lines of the log")


class PretrainSettings(Section):
    """[pretraining]: the whole config, with the sections below."""

    output: Path = Field(description="folder for checkpoints and logs")
    corpus: CorpusSettings
    vocabulary: VocabularySettings = Field(default_factory=lambda: VocabularySettings())
    encoder: EncoderSettings
    packing: PackingSettings = Field(default_factory=PackingSettings)
    corruption: Any = Field(description="a registered corruption function")
    objectives: dict[Objective, Weight] = Field(
        description="weight of each objective in the loss, one at least above 0; each loss is the "
        "mean over the targets of a step, in nats. mlm: the original of each piece that is asked "
        "for; sbo: pieces of a masked span from its borders alone; nsp: whether the second text of "
        "a pair follows the first; inserted: which pieces were inserted; removed: where something "
        "was removed"
    )
    budget: BudgetSettings
    training: TrainingSettings = Field(default_factory=lambda: TrainingSettings())

    @field_validator("corruption")
    @classmethod
    def _a_function(cls, corruption: Any) -> Any:
        if not callable(corruption):
            raise ValueError(
                'expected a section with @corruptions = "spacy-spanbert.SpanMasking.v1" or another '
                "registered function, but there is no such line"
            )
        return corruption

    @model_validator(mode="after")
    def _consistent(self) -> "PretrainSettings":
        if (self.encoder.checkpoint is None) == (self.encoder.size is None):
            raise ValueError("[pretraining.encoder] expected a checkpoint or a size, and not both")
        if self.encoder.checkpoint is None and not (
            self.vocabulary.train or self.vocabulary.tokenizer
        ):
            raise ValueError(
                "[pretraining.vocabulary] an encoder from scratch needs train = true or a tokenizer"
            )
        if self.vocabulary.train and self.vocabulary.tokenizer:
            raise ValueError(
                "[pretraining.vocabulary] train = true makes a vocabulary of its own, so that "
                f"tokenizer = {self.vocabulary.tokenizer!r} would not be used: set train = false, "
                "or leave the tokenizer out"
            )
        if self.encoder.checkpoint is not None and self.vocabulary.train:
            raise ValueError(
                "[pretraining.vocabulary] train = true gives pieces that the encoder's "
                "checkpoint has no vectors for; leave it out, or start from a size"
            )
        window, size = self.packing.window, self.encoder.size
        if size is not None and window > (size.max_pieces or window):
            raise ValueError(
                f"[pretraining.packing] window is {window} pieces, but [pretraining.encoder.size] "
                f"max_pieces is {size.max_pieces}"
            )
        if not any(self.objectives.values()):
            raise ValueError("[pretraining.objectives] expected at least one with a weight above 0")
        if self.objectives.get("nsp") and not self.packing.pairs:
            raise ValueError(
                "[pretraining.objectives] nsp needs [pretraining.packing] pairs = true"
            )
        return self
