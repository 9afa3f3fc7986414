"""The best tag sequence of a chain, searched from both ends at once."""

import torch
from torch import Tensor

from .chain import Chain
from .sequence_halves import SequenceHalves


def best_path(chain: Chain) -> Tensor:
    """Find the tags whose summed score is highest (Viterbi, 1967), of all sequences at once.

    The left half of each sequence is searched from its first word on, the right half from its last
    word back, in one loop of half as many steps; then the best pair of tags in the middle is
    followed back to both ends. Only the best predecessor of one tag is looked up on the way back,
    which is cheaper than to keep that of every tag on the way there.

    chain (Chain): Every sequence has a path that is allowed.
    RETURNS (Tensor): Long [n_words].
    """
    chain = chain.doubled
    if not chain.layout.n_words:
        return torch.zeros(0, dtype=torch.long, device=chain.emissions.device)
    halves = SequenceHalves.of(chain.layout)
    # shape (side, previous tag, tag)
    steps = torch.stack([chain.steps, chain.steps.T])
    scores = halves.blocks(chain.emissions)
    scores[0] += chain.links[-2:, :, None]
    for step in range(1, len(scores)):
        # shape (side, tag, n_active)
        arrived = (scores[step - 1][:, :, None, : halves.sizes[step]] + steps[..., None]).amax(1)
        if step == 1:
            _start_odd(arrived[1], halves.is_odd, chain.end)
        scores[step] += arrived
    middle = _join(chain, halves, scores)
    return halves.words_of(_trace_back(middle, halves, steps, scores))


def _start_odd(arrived: Tensor, is_odd: Tensor, end: Tensor) -> None:
    """Let the right halves of odd sequences begin here; [n_tags, n_active]."""
    arrived.copy_(torch.where(is_odd[: arrived.shape[1]], end[:, None], arrived))


def _join(chain: Chain, halves: SequenceHalves, scores: list[Tensor]) -> Tensor:
    """Find the best pair of tags in the middle. RETURNS: By side and rank, [2, n_sequences]."""
    # shape (side, n_tags, n_sequences): of each sequence, its last step
    ends = [block[:, :, after:] for block, after in zip(scores, halves.sizes_after, strict=True)]
    left, right = torch.cat(ends[::-1], dim=2)
    # shape (left tag, n_sequences)
    following = (right + chain.steps[:, :, None]).amax(1)
    left_tags = (left + torch.where(halves.is_single, chain.end[:, None], following)).argmax(0)
    right_tags = (right + chain.steps[left_tags].T).argmax(0)
    return torch.stack([left_tags, right_tags])


def _trace_back(
    tags: Tensor, halves: SequenceHalves, steps: Tensor, scores: list[Tensor]
) -> Tensor:
    """Follow the best paths from the middle to both ends.

    tags (Tensor): In the middle, by side and rank; is overwritten.
    RETURNS (Tensor): Tags by side, ordered by steps; long [2, n_rows].
    """
    path = tags.new_empty(2, sum(halves.sizes))
    columns = path.split(halves.sizes, dim=1)
    n_tags = steps.shape[1]
    for step in range(len(scores) - 1, 0, -1):
        n_active = halves.sizes[step]
        current = tags[:, :n_active]
        columns[step].copy_(current)
        # shape (side, previous tag, n_active)
        leaving = steps.gather(2, current[:, None].expand(2, n_tags, n_active))
        leaving += scores[step - 1][:, :, :n_active]
        current.copy_(leaving.max(1).indices)
    columns[0].copy_(tags)
    return path
