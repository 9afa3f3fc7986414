"""Scores of tags, of pieces or words, and of one tag after another."""

from typing import Any

import torch
from torch import Tensor, nn

from ..errors import SpanbertError


class TagScorer(nn.Module):
    """One layer, or two, from vectors to tags; with links if a random field learns them.

    input_width (int): Width of a piece or word.
    n_outputs (int): Tags.
    hidden_width (int): Width of a layer between, with GELU; 0 for none.
    dropout (float): Of the vectors, and of the layer between; 0 to below 1.
    has_links (bool): Whether there is a learned score for each tag after another.
    RAISES (SpanbertError): If a size cannot be.
    """

    def __init__(
        self,
        *,
        input_width: int,
        n_outputs: int,
        hidden_width: int = 0,
        dropout: float = 0.0,
        has_links: bool = False,
    ) -> None:
        super().__init__()
        self.sizes: dict[str, Any] = {
            "input_width": input_width,
            "n_outputs": n_outputs,
            "hidden_width": hidden_width,
            "dropout": dropout,
            "has_links": has_links,
        }
        if hidden_width < 0:
            raise SpanbertError(f"hidden_width is 0 (no layer between) or more: {hidden_width}")
        if not 0 <= dropout < 1:
            raise SpanbertError(f"dropout is a share, 0 to below 1, but is {dropout}")
        layers: list[nn.Module] = [nn.Dropout(dropout)]
        if hidden_width:
            layers += [nn.Linear(input_width, hidden_width), nn.GELU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers)
        self.output = nn.Linear(hidden_width or input_width, n_outputs)
        # at first all sequences of tags are as good as their tags
        shape = (n_outputs + 2, n_outputs)
        self.links = nn.Parameter(torch.zeros(shape)) if has_links else None

    def forward(self, vectors: Tensor) -> Tensor:
        """Score tags.

        vectors (Tensor): Float [n_rows, input_width].
        RETURNS (Tensor): Logits, float32 [n_rows, n_outputs].
        """
        return self.output(self.layers(vectors)).float()
