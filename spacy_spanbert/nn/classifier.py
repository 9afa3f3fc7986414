"""Scores for whole texts, from the [CLS] vectors of their windows."""

from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from ..errors import SpanbertError

Pooling = Literal["mean", "max", "attention"]
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)


class Classifier(nn.Module):
    """Score texts with `output(pool(tanh(hidden(cls))))`.

    The hidden layer is what BERT calls its pooler (Devlin et al., 2019); it works on each [CLS]
    vector by itself, then those of one text are pooled. With "mean" the scores of a text are
    therefore the mean of the scores of its windows.

    input_width (int): Width of a vector.
    n_outputs (int): Scores of a text.
    hidden_width (int): Width of the hidden layer; 0 for none.
    pooling (str): "mean"; "max", of each feature by itself; or "attention", a mean weighted by a
        softmax over one learned score a vector.
    dropout (float): 0 to below 1; before the hidden layer and before the output.
    RAISES (SpanbertError): When a size or a name cannot be.
    """

    def __init__(
        self,
        *,
        input_width: int,
        n_outputs: int,
        hidden_width: int = 0,
        pooling: Pooling = "mean",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.sizes: dict[str, Any] = {
            "input_width": input_width,
            "n_outputs": n_outputs,
            "hidden_width": hidden_width,
            "pooling": pooling,
            "dropout": dropout,
        }
        _check(hidden_width, pooling, dropout)
        width = hidden_width or input_width
        self.pooling = pooling
        self.dropout = nn.Dropout(dropout)
        self.hidden = nn.Linear(input_width, hidden_width) if hidden_width else None
        self.attention = nn.Linear(width, 1) if pooling == "attention" else None
        self.output = nn.Linear(width, n_outputs)
        # small, as in BERT: texts begin with nearly equal scores for all labels
        nn.init.normal_(self.output.weight, std=0.02)
        nn.init.zeros_(self.output.bias)

    def forward(self, vectors: Tensor, counts: Tensor) -> Tensor:
        """Score texts.

        vectors (Tensor): The vectors of all texts, one after the other, shape (n_vectors, width).
        counts (Tensor): How many each text has, 1 or more, integers of shape (n_texts,).
        RETURNS (Tensor): Logits, float32, shape (n_texts, n_outputs); no rows without texts.
        """
        features = self.dropout(vectors)
        if self.hidden is not None:
            features = self.dropout(torch.tanh(self.hidden(features)))
        # shape (n_texts, width)
        pooled = self._pool(features.float(), counts)
        return self.output(pooled).float()

    def _pool(self, features: Tensor, counts: Tensor) -> Tensor:
        n_texts = len(counts)
        if len(features) == n_texts:
            return features  # one vector each: every pooling gives just that
        # shape (n_vectors,): the text that each vector belongs to
        owners = torch.repeat_interleave(torch.arange(n_texts, device=counts.device), counts)
        pooled = features.new_zeros(n_texts, features.shape[1])
        if self.pooling == "max":
            index = owners[:, None].expand_as(features)
            return pooled.scatter_reduce(0, index, features, "amax", include_self=False)
        if self.attention is None:
            return pooled.index_add(0, owners, features) / counts[:, None]
        scores = self.attention(features)[:, 0].float()
        highest = scores.new_zeros(n_texts).scatter_reduce(
            0, owners, scores.detach(), "amax", include_self=False
        )
        weights = torch.exp(scores - highest[owners])
        sums = scores.new_zeros(n_texts).index_add(0, owners, weights)
        return pooled.index_add(0, owners, features * (weights / sums[owners])[:, None])


def _check(hidden_width: int, pooling: str, dropout: float) -> None:
    if hidden_width < 0:
        raise SpanbertError(
            f"Expected a hidden_width of 0 (no hidden layer) or more, but got {hidden_width}"
        )
    if pooling not in POOLINGS:
        raise SpanbertError(f"Expected pooling to be one of {', '.join(POOLINGS)}, not {pooling!r}")
    if not 0 <= dropout < 1:
        raise SpanbertError(f"Expected a dropout of 0 to below 1, but got {dropout}")
