"""How long spans are: a geometric distribution that ends."""

import numpy as np

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.corruption.share import check_count
from spacy_spanbert.pretraining.windows import Ints


class SpanLengths:
    """Draws lengths of spans, short ones more often than long ones.

    A length of n words has a probability proportional to p · (1 - p)^(n - 1), up to the longest.
    What would be beyond is spread over all lengths (renormalised), not heaped on the longest: with
    the published values, 0.2 and 10 words, the mean is 3.80, and would be 4.46 otherwise
    (Joshi et al. 2020, SpanBERT, section 3.1, https://arxiv.org/abs/1907.10529).

    owner (str): The registered function, for messages.
    p (float): Probability to end after a word, above 0, at most 1.
    max_words (int): The longest, in words, 1 or more.
    RAISES (SpanbertError): If a value is outside.
    """

    def __init__(self, owner: str, p: float, max_words: int) -> None:
        if not 0.0 < p <= 1.0:
            raise SpanbertError(
                f"{owner}: expected p above 0 and at most 1, the probability of a span to end "
                f"after a word (0.2 as published), but got {p}."
            )
        check_count(owner, "max_words", max_words, 1)
        weights = p * (1.0 - p) ** np.arange(max_words)
        # shape (max_words,)
        self.probabilities = weights / weights.sum()
        self._cumulative = np.cumsum(self.probabilities)[:-1]

    @property
    def mean(self) -> float:
        """RETURNS (float): Mean length, in words."""
        return float(self.probabilities @ np.arange(1, len(self.probabilities) + 1))

    def draw(self, n_spans: int, rng: np.random.Generator) -> Ints:
        """Draw lengths.

        n_spans (int): How many.
        rng (Generator): Source of randomness.
        RETURNS (Ints): In words, from 1 to `max_words`, shape (n_spans,).
        """
        draws = rng.random(n_spans)
        return (np.searchsorted(self._cumulative, draws, side="right") + 1).astype(np.int32)
