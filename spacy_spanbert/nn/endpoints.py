"""The first and last word of a span as rows of the scorer's first layer."""

from torch import Tensor, nn

from .activation import ActivationName, activate


class LinearEndpoints(nn.Module):
    """Project every word once as a start and once as an end.

    input_width (int): Width of a word.
    hidden_width (int): Width of a row.
    """

    def __init__(self, input_width: int, hidden_width: int) -> None:
        super().__init__()
        self.start = nn.Linear(input_width, hidden_width)
        self.end = nn.Linear(input_width, hidden_width, bias=False)

    def forward(self, words: Tensor) -> tuple[Tensor, Tensor]:
        """Project.

        words (Tensor): Float [n_words, input_width].
        RETURNS (tuple[Tensor, Tensor]): Rows as start and as end, float32
            [n_words, hidden_width] each.
        """
        return self.start(words).float(), self.end(words).float()


class FeedForwardEndpoints(nn.Module):
    """Separate feed-forward layers for starts and ends, then a projection of each.

    input_width (int): Width of a word.
    hidden_width (int): Width of the feed-forward layers and of a row.
    activation (str): Of the feed-forward layers: "relu" or "gelu".
    dropout (float): After the feed-forward layers; 0 to 1.
    """

    def __init__(
        self, input_width: int, hidden_width: int, activation: ActivationName, dropout: float
    ) -> None:
        super().__init__()
        self.hidden_width = hidden_width
        self.activation: ActivationName = activation
        # starts and ends side by side, as one matrix product
        self.feed_forward = nn.Linear(input_width, 2 * hidden_width)
        # Keeps endpoints as large as the inside, which has no layer before its projection.
        nn.init.kaiming_uniform_(self.feed_forward.weight, nonlinearity="relu")
        self.dropout = nn.Dropout(dropout)
        self.start = nn.Linear(hidden_width, hidden_width)
        self.end = nn.Linear(hidden_width, hidden_width, bias=False)

    def forward(self, words: Tensor) -> tuple[Tensor, Tensor]:
        """Project.

        words (Tensor): Float [n_words, input_width].
        RETURNS (tuple[Tensor, Tensor]): Rows as start and as end, float32
            [n_words, hidden_width] each.
        """
        hidden = self.dropout(activate(self.feed_forward(words), self.activation))
        starts, ends = hidden.split(self.hidden_width, dim=1)
        return self.start(starts).float(), self.end(ends).float()
