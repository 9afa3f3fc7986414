"""Ask a pretrained encoder what stands at a mask."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from spacy_spanbert.checkpoints.checkpoint import Checkpoint
from spacy_spanbert.checkpoints.load import find_folder, load_checkpoint
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.nn.objectives import MAX_SPAN_PIECES
from spacy_spanbert.nn.packed_attention import row_groups
from spacy_spanbert.pretraining.checkpoint import load_heads
from spacy_spanbert.pretraining.model import ModelInput, PretrainingModel


@dataclass(frozen=True)
class Guess:
    """A piece that may stand at a mask.

    piece (str): As the vocabulary spells it.
    probability (float): 0 to 1; what special pieces have of it is left to them.
    """

    piece: str
    probability: float


def fill_masks(
    checkpoint: Checkpoint, model: PretrainingModel, text: str, *, boundary: bool, n_best: int
) -> list[list[Guess]]:
    """Predict the pieces at the masks of a text, each by itself.

    checkpoint (Checkpoint): Its tokenizer cuts the text.
    model (PretrainingModel): With the head that is asked.
    text (str): With the tokenizer's mask piece ("[MASK]" or "<mask>") one or more times.
    boundary (bool): Whether to ask the span boundary objective, which sees only the pieces around
        neighbouring masks, and not masked language modelling.
    n_best (int): How many candidates of each mask; special pieces are none.
    RETURNS (list[list[Guess]]): For each mask in text order, the most probable first.
    RAISES (SpanbertError): If there is no mask, the text is too long, or a span of masks is too
        long or has no piece on one side.
    """
    tokenizer = checkpoint.tokenizer
    ids = np.array(tokenizer(text, verbose=False)["input_ids"], dtype=np.int64)
    places = np.flatnonzero(ids == tokenizer.mask_token_id)
    if len(places) == 0:
        raise SpanbertError(
            f"Expected a text with {tokenizer.mask_token} in it, but there is none in {text!r}."
        )
    if len(ids) > checkpoint.max_pieces:
        raise SpanbertError(
            f"The text has {len(ids)} pieces, but the encoder reads {checkpoint.max_pieces} at "
            "once: shorten it."
        )
    boundaries, positions = _spans(places, len(ids), boundary)
    name = "sbo" if boundary else "mlm"
    batch = ModelInput(
        ids=torch.from_numpy(ids),
        segments=torch.zeros(len(ids), dtype=torch.long),
        groups=row_groups([[len(ids)]]),
        places={name: torch.from_numpy(places)},
        targets={},
        boundaries=boundaries,
        positions=positions,
    )
    probabilities = _probabilities(model.eval(), batch, name)
    # shape (n_text_pieces,): [MASK] and [CLS] are no text; tables may have more rows than pieces
    candidates = torch.tensor(
        sorted(set(tokenizer.get_vocab().values()) - set(tokenizer.all_special_ids))
    )
    best = probabilities[:, candidates].topk(min(n_best, len(candidates)))
    return [
        [
            Guess(str(tokenizer.convert_ids_to_tokens(index)), value)
            for index, value in zip(candidates[indices].tolist(), values, strict=True)
        ]
        for indices, values in zip(best.indices, best.values.tolist(), strict=True)
    ]


def _probabilities(model: PretrainingModel, batch: ModelInput, name: str) -> Tensor:
    """Probability of each piece at each mask, shape (n_masks, n_vocabulary)."""
    with torch.no_grad():
        hidden = model.encode(batch)
        vectors = model.represent(hidden, batch, (name,))[name]
        return model.piece_logits(vectors).softmax(1)


def _spans(places: np.ndarray, n_pieces: int, boundary: bool) -> tuple[Tensor, Tensor]:
    """Boundaries and positions of masks, neighbours being one span."""
    starts = places[np.diff(places, prepend=-2) != 1]
    start = starts[np.searchsorted(starts, places, side="right") - 1]
    ends = places[np.diff(places, append=n_pieces + 2) != 1] + 1
    end = ends[np.searchsorted(ends, places, side="right")]
    positions = places - start
    if boundary:
        if positions.max() >= MAX_SPAN_PIECES:
            raise SpanbertError(
                f"Expected at most {MAX_SPAN_PIECES} masks side by side, but there are "
                f"{positions.max() + 1}."
            )
        if (start < 2).any() or (end > n_pieces - 2).any():
            raise SpanbertError(
                "Expected text on both sides of the masks, for the span boundary objective looks "
                "at nothing else."
            )
    return torch.from_numpy(np.stack([start - 1, end], axis=1)), torch.from_numpy(positions)


def load_for_filling(source: str | Path, objective: str) -> tuple[Checkpoint, PretrainingModel]:
    """Load a checkpoint with the head of one objective.

    source (str | Path): As for `load_checkpoint`; written by pretraining, or published with heads.
    objective (str): "mlm" or "sbo".
    RETURNS (tuple[Checkpoint, PretrainingModel]): In evaluation mode.
    RAISES (SpanbertError): If the checkpoint has no such head, as nearly all that are published.
    """
    checkpoint = load_checkpoint(source)
    model = PretrainingModel(checkpoint.module, {objective: 1.0})
    missing = load_heads(find_folder(source), model)
    if missing:
        raise SpanbertError(
            f"{source} has no head for {objective}: it was not pretrained with this objective, or "
            "was published without the head. One made up at random would guess nonsense."
        )
    return checkpoint, model.eval()
