"""The best tag sequence of a chain."""

import torch
from torch import Tensor

from .chain import Chain


def best_path(chain: Chain) -> Tensor:
    """Find the tags whose summed score is highest (Viterbi, 1967), of all sequences at once.

    On the way back, the best predecessor of one tag is looked up: cheaper than to keep that of
    every tag on the way there.

    chain (Chain): Every sequence has a path that is allowed.
    RETURNS (Tensor): Long [n_words].
    """
    chain = chain.doubled
    layout, n_tags = chain.layout, chain.n_tags
    if not layout.n_words:
        return torch.zeros(0, dtype=torch.long, device=chain.emissions.device)
    emissions = layout.by_steps(chain.emissions, layout.from_front).split(layout.sizes)
    scores = torch.empty_like(chain.emissions)
    parts = scores.split(layout.sizes)
    torch.add(emissions[0], chain.start, out=parts[0])
    room = scores.new_empty(layout.sizes[0], n_tags, n_tags)
    for step in range(1, len(parts)):
        n_active = layout.sizes[step]
        # shape (n_active, previous tag, tag)
        joint = torch.add(parts[step - 1][:n_active, :, None], chain.steps, out=room[:n_active])
        torch.amax(joint, 1, out=parts[step])
        parts[step].add_(emissions[step])
    return _trace_back(chain, scores)[layout.from_front]


def _trace_back(chain: Chain, scores: Tensor) -> Tensor:
    """Follow the best path of each sequence from its end. RETURNS: Tags, ordered by steps."""
    layout = chain.layout
    # the last word of each sequence is in the step before it is left out, at its own rank
    last = torch.empty(layout.sizes[0], chain.n_tags, dtype=scores.dtype, device=scores.device)
    has_words = layout.lengths > 0
    last[layout.ranks[has_words]] = scores[layout.from_front[layout.is_last]]
    current = (last + chain.end).argmax(1)
    path = torch.empty(layout.n_words, dtype=torch.long, device=scores.device)
    parts, tags = scores.split(layout.sizes), path.split(layout.sizes)
    arriving = chain.steps.T.contiguous()
    for step in range(len(parts) - 1, 0, -1):
        n_active = layout.sizes[step]
        tags[step].copy_(current[:n_active])
        previous = parts[step - 1][:n_active] + arriving[tags[step]]
        torch.argmax(previous, 1, out=current[:n_active])
    tags[0].copy_(current)
    return path
