"""Tag sequences from scores: what is learned from, what is found, and how sure that is."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from .chain import Chain
from .crf import UNKNOWN, sum_paths
from .sequence_layout import SequenceLayout
from .viterbi import best_path

# Below the logarithm of the smallest float64 above 0.
LOG_ZERO = -750.0


def piece_loss(logits: Tensor, n_rows: Tensor, tags: Tensor) -> Tensor:
    """Compute the cross-entropy of rows, each of which should carry the tag of its word.

    logits (Tensor): [n_rows, n_tags].
    n_rows (Tensor): How many rows each word has; long [n_words].
    tags (Tensor): Right tags; UNKNOWN words teach nothing; long [n_words].
    RETURNS (Tensor): Sum over rows, in nats; []. Zero without rows.
    """
    targets = tags.repeat_interleave(n_rows)
    return functional.cross_entropy(logits, targets, ignore_index=UNKNOWN, reduction="sum")


@dataclass(frozen=True)
class TaggedWords:
    """Tags that were chosen, and what else they might have been.

    tags (Tensor): Long [n_words].
    log_marginals (Tensor): Log probability of each tag at each word; [n_words, n_tags].
    log_next (Tensor): The same given the tag chosen for the word before, in the same sequence;
        [n_words, n_tags].
    """

    tags: Tensor
    log_marginals: Tensor
    log_next: Tensor

    def span_scores(
        self, starts: Tensor, ends: Tensor, continues: Tensor, layout: SequenceLayout
    ) -> Tensor:
        """Compute the probability of spans: that the words have just these tags, and that the span
        does not go on behind them. Under a random field it is exact.

        starts (Tensor): First words; long [n_spans].
        ends (Tensor): Words after the last; long [n_spans].
        continues (Tensor): Which tag goes on with the span of which; bool [n_tags, n_tags].
        layout (SequenceLayout): The sequences.
        RETURNS (Tensor): 0 to 1, [n_spans].
        """
        chosen = self.log_next.gather(1, self.tags[:, None])[:, 0]
        # what a span gains up to each word, as differences of sums in float64; where a probability
        # is 0 the sums go on, so that it counts for its own span alone
        sums = functional.pad(chosen.double().clamp(min=LOG_ZERO).cumsum(0), (1, 0))
        first = self.log_marginals[starts, self.tags[starts]]
        inside = sums[ends] - sums[starts + 1]
        goes_on = self.log_next.exp() * continues[self.tags.roll(1)]
        log_ends = torch.log1p(-goes_on.sum(1).clamp(max=1)).masked_fill(layout.is_first, 0.0)
        log_ends = functional.pad(log_ends, (0, 1))[ends]
        return (first + inside + log_ends).exp()


def choose_alone(log_probs: Tensor) -> TaggedWords:
    """Choose the most probable tag of each word by itself.

    log_probs (Tensor): [n_words, n_tags].
    RETURNS (TaggedWords): Also sequences that rules would forbid.
    """
    return TaggedWords(log_probs.argmax(1), log_probs, log_probs)


def choose_together(chain: Chain) -> TaggedWords:
    """Choose the most probable sequence of tags.

    chain (Chain): The scores, with the rules of the tags.
    RETURNS (TaggedWords): Only sequences that are allowed.
    """
    tags, sums = best_path(chain), sum_paths(chain)
    before = tags.roll(1).masked_fill(chain.layout.is_first, chain.n_tags)
    following = chain.emissions.double() + sums.log_following
    log_next = (chain.links.double()[before] + following).log_softmax(1)
    return TaggedWords(tags, sums.tag_marginals.log(), log_next)
