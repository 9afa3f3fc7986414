"""What all trainable components above the encoder do alike: annotate streams, and learn."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.vocab import Vocab
from thinc.api import Model, Optimizer, set_dropout_rate

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.layers.head_model import head_shim
from spacy_spanbert.layers.listeners import check_connected, check_encoded
from spacy_spanbert.pipeline.batches import annotate_stream
from spacy_spanbert.pipeline.labelled_head import LabelledHead

N_SAMPLE_DOCS = 10
# What a forward pass in training gives: scores, and how to take their gradients back.
TrainingPass = tuple[Any, Callable[[Any], Any]]


class LearningHead(LabelledHead):
    """A component whose model is a layers.head_model.

    vocab (Vocab): The pipeline's vocabulary.
    model (Model[Any, Any]): Scores Docs, or what is in them.
    name (str): The component's name.
    scorer (Callable | None): Scores predictions against gold.
    lr_scale (float): Factor on the learning rate of the training config, above 0.
    settings (Mapping[str, Any]): What is stored in `cfg`, beside the labels.
    RAISES (SpanbertError): If lr_scale or a setting is out of its range.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[Any, Any],
        *,
        name: str,
        scorer: Callable[..., dict[str, Any]] | None,
        lr_scale: float,
        settings: Mapping[str, Any],
    ) -> None:
        if lr_scale <= 0:
            raise SpanbertError(
                f"[components.{name}] lr_scale is {lr_scale}, expected a number above 0"
            )
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self.cfg: dict[str, Any] = {"labels": [], **settings}
        head_shim(model).lr_scale = lr_scale
        self.check_settings()

    @abstractmethod
    def check_settings(self) -> None:
        """Refuse values of `cfg` that cannot be meant: it is a dict that anyone may change.

        RAISES (SpanbertError): Naming the key, what is expected, and what came.
        """

    def check_ready(self, docs: Sequence[Doc], *, is_train: bool = False) -> None:
        """Make sure that the model can score Docs.

        docs (Sequence[Doc]): The Docs.
        is_train (bool): Whether to learn from them.
        RAISES (ValueError): Before initialization, if the encoder has not run before, or if a
            setting was changed to what cannot be.
        """
        _ = head_shim(self.model).module
        self.check_settings()
        check_encoded(self.model, docs, self.name, is_train=is_train)

    def sample_docs(self, get_examples: Callable[[], Iterable[Example]]) -> list[Doc]:
        """Take a few Docs from which layers learn their sizes.

        get_examples (Callable[[], Iterable[Example]]): The examples.
        RETURNS (list[Doc]): The first that have words; a Doc of one word if none has.
        RAISES (SpanbertError): If there is no encoder that gives them vectors.
        """
        check_connected(self.model, self.name)
        docs = (example.predicted for example in get_examples())
        sample = list(islice((doc for doc in docs if len(doc)), N_SAMPLE_DOCS))
        return sample or [Doc(self.vocab, words=["word"])]

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Annotate a stream of Docs, in batches of bounded length.

        stream (Iterable[Doc]): Docs that the encoder has seen.
        batch_size (int): The most Docs in a batch.
        YIELDS (Doc): The Docs, in order.
        """
        yield from annotate_stream(self, stream, batch_size)

    def has_something_to_score(self, docs: Sequence[Doc]) -> bool:
        """RETURNS (bool): Whether there is a word; without one a batch teaches nothing."""
        return any(len(doc) for doc in docs)

    @abstractmethod
    def begin_update(self, examples: list[Example]) -> TrainingPass | None:
        """Score a batch in training.

        examples (list[Example]): The batch, with something to score.
        RETURNS (TrainingPass | None): What get_loss reads, and what takes the gradient it gives;
            None if there is nothing to learn from.
        """

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from a batch.

        examples (Iterable[Example]): The batch; what is not annotated in it teaches nothing.
        drop (float): Dropout of layers that spaCy controls; the head's own is in its config.
        sgd (Optimizer | None): If given, the weights change at once.
        losses (dict[str, float] | None): Gets the summed loss under this component's name, in nats.
        RETURNS (dict[str, float]): The losses.
        RAISES (ValueError): Before initialization, without an encoder, or on gold that cannot be
            meant.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.update")
        docs = [example.predicted for example in examples]
        if not self.has_something_to_score(docs):
            return losses
        self.check_ready(docs, is_train=True)
        set_dropout_rate(self.model, drop)
        begun = self.begin_update(examples)
        if begun is None:
            return losses
        scores, backprop = begun
        loss, d_scores = self.get_loss(examples, scores)
        backprop(d_scores)
        if sgd is not None:
            self.finish_update(sgd)
        losses[self.name] += loss
        return losses
