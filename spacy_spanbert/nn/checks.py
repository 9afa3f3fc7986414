"""What the scorers check of their sizes and of the words they are given."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ..errors import SpanbertError
from .activation import ACTIVATIONS
from .representations import REPRESENTATIONS


def check_sizes(
    sizes: Mapping[str, Any], *, at_least_one: Sequence[str], at_least_zero: Sequence[str]
) -> None:
    """Refuse sizes that cannot be, and a dropout, representation or activation that there is not.

    sizes (Mapping[str, Any]): A scorer's arguments, by name.
    at_least_one (Sequence[str]): Names of those that must be 1 or more.
    at_least_zero (Sequence[str]): Names of those that may be 0, which turns a part off.
    RAISES (SpanbertError): At the first that cannot be.
    """
    for name in at_least_one:
        if sizes[name] < 1:
            raise SpanbertError(f"Expected {name} of 1 or more, but got {sizes[name]}.")
    for name in at_least_zero:
        if sizes[name] < 0:
            raise SpanbertError(f"Expected {name} of 0 (off) or more, but got {sizes[name]}.")
    if not 0.0 <= sizes["dropout"] < 1.0:
        raise SpanbertError(f"Expected dropout from 0 to below 1, but got {sizes['dropout']}.")
    for name, choices in (("representation", REPRESENTATIONS), ("activation", ACTIVATIONS)):
        if sizes[name] not in choices:
            raise SpanbertError(
                f"Unknown {name} {sizes[name]!r}. Choose one of: {', '.join(choices)}."
            )


def fit_words(words: Tensor, n_words: int, input_width: int) -> Tensor:
    """Make sure that words belong to the spans that are to be scored.

    words (Tensor): The words' vectors.
    n_words (int): How many words the spans are over.
    input_width (int): Width of a word.
    RETURNS (Tensor): Float32, unless autocast decides.
    RAISES (ValueError): If they are of another shape.
    """
    if tuple(words.shape) != (n_words, input_width):
        raise ValueError(
            f"Expected words of shape {(n_words, input_width)} (n_words of the spans, "
            f"input_width), but got {tuple(words.shape)}."
        )
    return words if torch.is_autocast_enabled(words.device.type) else words.float()
