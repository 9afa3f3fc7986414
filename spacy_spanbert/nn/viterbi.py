"""The best tag sequence of a chain, searched from both ends at once."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .chain import Chain
from .sequence_halves import SequenceHalves

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]
# Words of a sequence up to which sums of float32, half as much to move, are exact to about a
# thousandth of a nat.
FLOAT32_WORDS = 512


def best_path(chain: Chain) -> Tensor:
    """Find the tags whose summed score is highest (Viterbi, 1967), of all sequences at once.

    The left half of each sequence is searched from its first word on, the right half from its last
    word back, in one loop of half as many steps; then the best pair of tags in the middle is
    followed back to both ends. Only the best predecessor of one tag is looked up on the way back,
    which is cheaper than to keep that of every tag on the way there.

    The steps are many and small: NumPy does them, on the CPU, because calling it costs a third of
    what calling PyTorch or starting a kernel does.

    chain (Chain): Every sequence has a path that is allowed.
    RETURNS (Tensor): Long [n_words]. Of paths whose scores differ by less than sums are exact, any.
    """
    device = chain.emissions.device
    if not chain.layout.n_words:
        return torch.zeros(0, dtype=torch.long, device=device)
    halves = SequenceHalves.of(chain.layout)
    emissions, links = _to_numpy(chain)
    # shape (side, previous tag, tag)
    steps = np.stack([links[:-2], links[:-2].T])
    end = links[-1][:, None]
    scores = halves.blocks(emissions)
    scores[0] += links[-2:, :, None]
    for step in range(1, len(scores)):
        # shape (side, tag, n_active)
        arrived = (scores[step - 1][:, :, None, : halves.sizes[step]] + steps[..., None]).max(1)
        if step == 1:
            # the right halves of odd sequences begin here
            arrived[1] = np.where(halves.is_odd[: halves.sizes[1]], end, arrived[1])
        scores[step] += arrived
    middle = _join(steps[0], end, halves, scores)
    tags = halves.words_of(_trace_back(middle, halves, steps, scores))
    return torch.from_numpy(tags).to(device)


def _to_numpy(chain: Chain) -> tuple[Floats, Floats]:
    """RETURNS: Emissions and links, in the precision that sums of the longest sequence need."""
    is_long = len(chain.layout.sizes) > FLOAT32_WORDS
    least = torch.float64 if is_long else torch.float32
    dtype = torch.promote_types(chain.emissions.dtype, least)
    return chain.emissions.to(dtype).numpy(force=True), chain.links.to(dtype).numpy(force=True)


def _join(steps: Floats, end: Floats, halves: SequenceHalves, scores: list[Floats]) -> Ints:
    """Find the best pair of tags in the middle. RETURNS: By side and rank, [2, n_sequences]."""
    # shape (side, n_tags, n_sequences): of each sequence, its last step
    ends = [block[:, :, after:] for block, after in zip(scores, halves.sizes_after, strict=True)]
    left, right = np.concatenate(ends[::-1], axis=2)
    # shape (left tag, n_sequences)
    following = (right + steps[:, :, None]).max(1)
    left_tags = (left + np.where(halves.is_single, end, following)).argmax(0)
    right_tags = (right + steps[left_tags].T).argmax(0)
    return np.stack([left_tags, right_tags])


def _trace_back(tags: Ints, halves: SequenceHalves, steps: Floats, scores: list[Floats]) -> Ints:
    """Follow the best paths from the middle to both ends.

    tags (NDArray): In the middle, by side and rank; is overwritten.
    RETURNS (NDArray): Tags by side, ordered by steps; [2, n_rows].
    """
    n_tags = steps.shape[2]
    path = np.empty((2, sum(halves.sizes)), dtype=np.int64)
    # shape (side and tag, previous tag): one index finds a row, which is half the work of two
    before = np.ascontiguousarray(steps.transpose(0, 2, 1)).reshape(2 * n_tags, n_tags)
    first_rows = np.array([[0], [n_tags]])
    tags += first_rows
    place = path.shape[1]
    for step in range(len(scores) - 1, 0, -1):
        n_active = halves.sizes[step]
        place -= n_active
        current = tags[:, :n_active]
        path[:, place : place + n_active] = current
        # shape (side, n_active, previous tag)
        leaving = before.take(current, axis=0)
        leaving += scores[step - 1][:, :, :n_active].transpose(0, 2, 1)
        np.add(leaving.argmax(2), first_rows, out=current)
    path[:, :place] = tags
    return path - first_rows
