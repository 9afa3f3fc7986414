"""The encoder with its pretraining heads."""

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.nn.objectives import (
    Answers,
    PairHead,
    PlaceHead,
    SpanBoundaryHead,
    TransformHead,
    binary_answers,
    class_answers,
)
from spacy_spanbert.nn.packed_attention import RowGroup
from spacy_spanbert.nn.packed_encoder import encode_rows

OBJECTIVES = ("mlm", "sbo", "nsp", "inserted", "removed")


@dataclass(frozen=True)
class ModelInput:
    """A batch of corrupted windows that lie one after the other, and what is asked of them.

    All places count in pieces of the whole batch.

    ids (Tensor): Vocabulary indices, shape (n_pieces,).
    segments (Tensor): 0 or 1, shape (n_pieces,).
    groups (list[RowGroup]): The windows.
    places (dict[str, Tensor]): Where each objective asks, shape (n_targets,): for "mlm" and "sbo"
        the masked pieces, for "nsp" each [CLS].
    targets (dict[str, Tensor]): The right answers, shape (n_targets,).
    boundaries (Tensor): For "sbo": the piece before the span of each target and the one after it,
        shape (n_targets, 2).
    positions (Tensor): For "sbo": place of each target in its span, shape (n_targets,).
    """

    ids: Tensor
    segments: Tensor
    groups: list[RowGroup]
    places: dict[str, Tensor]
    targets: dict[str, Tensor]
    boundaries: Tensor
    positions: Tensor


class PretrainingModel(nn.Module):
    """An encoder and a head for each objective.

    MLM and SBO share one output layer: the table of piece embeddings and a bias, so its large
    product, and the gradient of the table, are computed once for both.

    `has_segments` tells whether the encoder tells two segments apart. RoBERTa, DistilBERT and MPNet
    do not, and know the texts of a pair by the special pieces between them alone.

    encoder (PreTrainedModel): Of the BERT or RoBERTa family; used, not copied.
    objectives (Mapping[str, float]): Weight of each objective in the loss, by name; those with
        weight 0 get no head.
    RAISES (SpanbertError): If no objective is left, or a name is unknown.
    """

    def __init__(self, encoder: PreTrainedModel, objectives: Mapping[str, float]) -> None:
        super().__init__()
        unknown = sorted(set(objectives) - set(OBJECTIVES))
        if unknown:
            raise SpanbertError(
                f"Expected objectives of {', '.join(OBJECTIVES)}, but got {', '.join(unknown)}."
            )
        self.weights = {name: weight for name, weight in objectives.items() if weight > 0}
        if not self.weights:
            raise SpanbertError("Expected an objective with a weight above 0, but got none.")
        self.encoder = encoder
        config = encoder.config
        table = encoder.get_input_embeddings()
        assert isinstance(table, nn.Embedding)
        width, output_width = config.hidden_size, table.embedding_dim
        eps = getattr(config, "layer_norm_eps", 1e-12)
        heads: dict[str, nn.Module] = {}
        if "mlm" in self.weights:
            heads["mlm"] = TransformHead(width, output_width, eps)
        if "sbo" in self.weights:
            heads["sbo"] = SpanBoundaryHead(width, output_width, eps)
        if "nsp" in self.weights:
            heads["nsp"] = PairHead(width)
        heads |= {
            name: PlaceHead(width) for name in ("inserted", "removed") if name in self.weights
        }
        self.heads = nn.ModuleDict(heads)
        takes_segments = "token_type_ids" in inspect.signature(encoder.forward).parameters
        self.has_segments = takes_segments and getattr(config, "type_vocab_size", 1) > 1
        self.heads.apply(_initialize(getattr(config, "initializer_range", 0.02)))
        predicts_pieces = "mlm" in self.weights or "sbo" in self.weights
        self.output_bias = nn.Parameter(
            torch.zeros(table.num_embeddings), requires_grad=predicts_pieces
        )

    def forward(self, batch: ModelInput) -> dict[str, Answers]:
        """Encode a batch and answer all questions.

        batch (ModelInput): On the model's device.
        RETURNS (dict[str, Answers]): By objective.
        """
        hidden = self.encode(batch)
        answers = self._predict_pieces(hidden, batch)
        for name in ("nsp", "inserted", "removed"):
            if name in self.weights:
                logits = self.heads[name](hidden[batch.places[name]])
                compare = class_answers if name == "nsp" else binary_answers
                answers[name] = compare(logits, batch.targets[name])
        return answers

    def encode(self, batch: ModelInput) -> Tensor:
        """Run the encoder.

        batch (ModelInput): On the model's device.
        RETURNS (Tensor): Hidden vectors of the last layer, shape (n_pieces, width).
        """
        # shape (n_pieces, width)
        pieces = nn.functional.embedding(batch.ids, self._table)
        segments = batch.segments if self.has_segments else None
        return encode_rows(self.encoder, pieces, batch.groups, segments)

    @property
    def _table(self) -> Tensor:
        weight = self.encoder.get_input_embeddings().weight
        assert isinstance(weight, Tensor)
        return weight

    def _predict_pieces(self, hidden: Tensor, batch: ModelInput) -> dict[str, Answers]:
        vectors = self.represent(hidden, batch)
        if not vectors:
            return {}
        # shape (n_targets of all, n_vocabulary)
        logits = self.piece_logits(torch.cat(list(vectors.values())))
        parts = logits.split([len(part) for part in vectors.values()])
        return {
            name: class_answers(part, batch.targets[name])
            for name, part in zip(vectors, parts, strict=True)
        }

    def piece_logits(self, vectors: Tensor) -> Tensor:
        """Compare vectors with every piece of the vocabulary.

        vectors (Tensor): From `represent`, shape (n_targets, embedding width).
        RETURNS (Tensor): shape (n_targets, n_vocabulary).
        """
        return nn.functional.linear(vectors, self._table, self.output_bias)

    def represent(
        self, hidden: Tensor, batch: ModelInput, names: Collection[str] = ("mlm", "sbo")
    ) -> dict[str, Tensor]:
        """Represent the pieces that are asked for, each objective in its way.

        hidden (Tensor): The encoder's output, shape (n_pieces, width).
        batch (ModelInput): Where it asks.
        names (Collection[str]): Of "mlm" and "sbo"; those that the model has are answered.
        RETURNS (dict[str, Tensor]): By objective, shape (n_targets, embedding width).
        """
        vectors = {}
        if "mlm" in self.weights and "mlm" in names:
            vectors["mlm"] = self.heads["mlm"](hidden[batch.places["mlm"]])
        if "sbo" in self.weights and "sbo" in names:
            left, right = hidden[batch.boundaries].unbind(1)
            vectors["sbo"] = self.heads["sbo"](left, right, batch.positions)
        return vectors


def _initialize(deviation: float) -> Callable[[nn.Module], None]:
    def initialize(part: nn.Module) -> None:
        if isinstance(part, nn.Linear):
            nn.init.normal_(part.weight, std=deviation)
            nn.init.zeros_(part.bias)
        elif isinstance(part, nn.Embedding):
            nn.init.normal_(part.weight, std=deviation)

    return initialize
