"""What components that tag words have in common: scores, loss, and the choice of tags."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import cast

import torch
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import torch2xp, xp2torch
from thinc.types import Floats2d
from torch import Tensor

from spacy_spanbert.layers.tag_scorer import TagScores, has_links, set_tag_sizes
from spacy_spanbert.nn.chain import Chain
from spacy_spanbert.nn.crf import negative_log_likelihood
from spacy_spanbert.nn.sequence_layout import SequenceLayout
from spacy_spanbert.nn.tag_sequences import TaggedWords, choose_alone, choose_together, piece_loss
from spacy_spanbert.nn.word_rows import combine_rows
from spacy_spanbert.pipeline.learning_head import LearningHead, TrainingPass
from spacy_spanbert.pipeline.tag_settings import (
    check_trained_settings,
    prediction_rows,
    training_rows,
    warn_of_untrained_pieces,
)
from spacy_spanbert.pipeline.word_sequences import sequence_lengths


class TaggingHead(LearningHead):
    """A component that gives each word a tag.

    A sequence is a sentence where a component before it has set sentence boundaries, else a Doc, or
    one text of a pair.

    vocab, model, name, scorer, lr_scale, settings: See LearningHead; of the settings at least
        `target`, `aggregate` and `decode`.
    """

    @abstractmethod
    def rules(self) -> Tensor:
        """RETURNS (Tensor): 0 for links that are allowed, else -inf; [n_tags + 2, n_tags]."""

    @abstractmethod
    def gold_tags(self, example: Example) -> Tensor:
        """Read the right tags of the predicted words.

        example (Example): Predicted and reference Doc.
        RETURNS (Tensor): UNKNOWN where there is no annotation; long [n_words].
        """

    def make_weights(self, get_examples: Callable[[], Iterable[Example]]) -> None:
        """Make the scorer's weights, when the labels are known.

        get_examples (Callable[[], Iterable[Example]]): A representative set of examples.
        """
        warn_of_untrained_pieces(self.cfg, self.name)
        set_tag_sizes(
            self.model,
            n_outputs=self.n_outputs,
            has_links=self.cfg["decode"] == "crf",
            docs=self.sample_docs(get_examples),
        )

    def check_settings(self) -> None:
        """See LearningHead; if there are weights, settings must be those they were made for."""
        if self.model.has_dim("nO"):
            check_trained_settings(
                self.cfg,
                self.name,
                n_trained=self.model.get_dim("nO"),
                n_outputs=self.n_outputs,
                has_links=has_links(self.model),
            )

    def choose_tags(self, docs: Sequence[Doc]) -> tuple[TaggedWords, SequenceLayout]:
        """Find the tags of all words.

        docs (Sequence[Doc]): With one word or more in all.
        RETURNS (tuple[TaggedWords, SequenceLayout]): The tags, and the sequences they are in.
        RAISES (ValueError): Before initialization, or on settings that cannot be.
        """
        self.check_ready(docs)
        scores = self.model.predict((list(docs), prediction_rows(self.cfg)))
        layout = SequenceLayout.of(sequence_lengths(docs))
        with torch.inference_mode():
            log_probs = combine_rows(
                xp2torch(scores.logits), scores.n_rows, self.cfg["aggregate"]
            ).cpu()
            if self.cfg["decode"] == "greedy":
                return choose_alone(log_probs), layout
            return choose_together(Chain(log_probs, self._links(scores), layout)), layout

    def _links(self, scores: TagScores) -> Tensor:
        """Add what was learned to the rules."""
        rules = self.rules()
        if self.cfg["decode"] != "crf":
            return rules
        assert scores.links is not None
        return rules + xp2torch(scores.links).cpu()

    def begin_update(self, examples: list[Example]) -> TrainingPass:
        """Score the pieces or words of Docs in training; see LearningHead."""
        docs = [example.predicted for example in examples]
        return self.model.begin_update((docs, training_rows(self.cfg)))

    def get_loss(self, examples: Iterable[Example], scores: TagScores) -> tuple[float, TagScores]:
        """Compare scores with gold tags.

        examples (Iterable[Example]): The batch.
        scores (TagScores): Of its predicted words.
        RETURNS (tuple[float, TagScores]): The summed loss, in nats, and its gradient.
        """
        examples = list(examples)
        tags = torch.cat([self.gold_tags(example) for example in examples])
        logits = xp2torch(scores.logits, requires_grad=True)
        links = None if scores.links is None else xp2torch(scores.links, requires_grad=True)
        tags, n_rows = tags.to(logits.device), scores.n_rows
        if self.cfg["decode"] != "crf":
            loss = piece_loss(logits, n_rows, tags)
        else:
            assert links is not None
            lengths = sequence_lengths([example.predicted for example in examples])
            layout = SequenceLayout.of(lengths.to(logits.device))
            log_probs = combine_rows(logits, n_rows, self.cfg["aggregate"])
            chain = Chain(log_probs, links + self.rules().to(links.device), layout)
            loss = negative_log_likelihood(chain, tags)
        loss.backward()
        d_links = None if links is None or links.grad is None else _array(links.grad)
        assert logits.grad is not None
        return float(loss.detach()), TagScores(_array(logits.grad), n_rows, d_links)


def _array(tensor: Tensor) -> Floats2d:
    return cast(Floats2d, torch2xp(tensor))
