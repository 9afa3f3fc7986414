"""What the scorer sees of a span, by name: its endpoints and its inside."""

from typing import Literal, get_args

from torch import nn

from .activation import ActivationName
from .content import AttentionContent, MeanContent, NoContent, SpanContent
from .endpoints import FeedForwardEndpoints, LinearEndpoints
from .self_attention import SelfAttentionContent

RepresentationName = Literal[
    "endpoints_mean",
    "ffn_endpoints",
    "ffn_endpoints_mean",
    "ffn_endpoints_attention",
    "span_self_attention",
]
REPRESENTATIONS: tuple[RepresentationName, ...] = get_args(RepresentationName)

_CONTENTS: dict[RepresentationName, type[SpanContent]] = {
    "endpoints_mean": MeanContent,
    "ffn_endpoints": NoContent,
    "ffn_endpoints_mean": MeanContent,
    "ffn_endpoints_attention": AttentionContent,
    "span_self_attention": SelfAttentionContent,
}


def make_representation(
    name: RepresentationName,
    *,
    input_width: int,
    hidden_width: int,
    activation: ActivationName,
    dropout: float,
) -> tuple[nn.Module, SpanContent]:
    """Make the two modules whose rows add up to the scorer's first layer.

    name (str): One of REPRESENTATIONS. In "endpoints_mean" the words themselves are the
        endpoints; in all others starts and ends have feed-forward layers of their own.
    input_width (int): Width of a word.
    hidden_width (int): Width of the first layer.
    activation (str): Of the feed-forward layers.
    dropout (float): After the feed-forward layers.
    RETURNS (tuple[Module, SpanContent]): Words to rows as start and as end; words and
        candidates to rows of the inside.
    """
    content = _CONTENTS[name](input_width, hidden_width)
    if name == "endpoints_mean":
        return LinearEndpoints(input_width, hidden_width), content
    return FeedForwardEndpoints(input_width, hidden_width, activation, dropout), content
