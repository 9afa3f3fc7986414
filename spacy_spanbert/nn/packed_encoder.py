"""The layers of a BERT or RoBERTa run over rows without padding."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from spacy_spanbert.nn.dropout import byte_dropout
from spacy_spanbert.nn.layer_mean import LayerMean
from spacy_spanbert.nn.packed_attention import RowGroup, packed_attention

# Classes of Hugging Face transformers whose layers are the same, and whether their positions are
# counted from the padding's vocabulary index.
_COUNTS_FROM_PADDING = {
    "BertModel": False,
    "ElectraModel": False,
    "CamembertModel": True,
    "RobertaModel": True,
    "XLMRobertaModel": True,
}


def can_pack(module: Any) -> bool:
    """Tell whether `encode_packed` computes what the module itself would.

    module (PreTrainedModel): An encoder, in the mode (training or not) it is to run in.
    RETURNS (bool): False for other architectures, for relative positions, and for dropout inside
        attention in training.
    """
    config = module.config
    return (
        type(module).__name__ in _COUNTS_FROM_PADDING
        and getattr(config, "position_embedding_type", "absolute") == "absolute"
        and not config.is_decoder
        and not (module.training and module.encoder.layer[0].attention.self.dropout.p > 0)
    )


def encode_rows(
    module: Any,
    pieces: Tensor,
    groups: Sequence[RowGroup],
    segments: Tensor | None = None,
    layer_mean: LayerMean | None = None,
) -> Tensor:
    """Encode rows that lie one after the other, without padding if the module allows it.

    module (PreTrainedModel): Any encoder of Hugging Face transformers.
    pieces (Tensor): Piece vectors from the module's input embeddings, shape (n_pieces, width).
    groups (Sequence[RowGroup]): The rows, special pieces included.
    segments (Tensor | None): Segment of each piece, shape (n_pieces,); None for 0 throughout.
    layer_mean (LayerMean | None): Is given all layers in turn, if any but the last are wanted.
    RETURNS (Tensor): Hidden vectors of the last layer, shape (n_pieces, width).
    """
    encode = encode_packed if can_pack(module) else encode_padded
    return encode(module, pieces, groups, segments, layer_mean)


def encode_packed(
    module: Any,
    pieces: Tensor,
    groups: Sequence[RowGroup],
    segments: Tensor | None = None,
    layer_mean: LayerMean | None = None,
) -> Tensor:
    """Encode rows that lie one after the other.

    All but attention works on each piece alone, so nothing is spent on padding there, however
    unlike the rows are.

    module (PreTrainedModel): An encoder for which `can_pack` is true.
    pieces (Tensor): Piece vectors from the module's input embeddings, shape (n_pieces, width).
    groups (Sequence[RowGroup]): The rows, special pieces included.
    segments (Tensor | None): Segment of each piece, shape (n_pieces,); None for 0 throughout.
    layer_mean (LayerMean | None): Is given all layers in turn, if any but the last are wanted.
    RETURNS (Tensor): Hidden vectors of the last layer, shape (n_pieces, width).
    """
    if segments is None:
        segments = torch.zeros(len(pieces), dtype=torch.long, device=pieces.device)
    hidden = _embed(module, pieces, _positions(module, groups).to(pieces.device), segments)
    if layer_mean is not None:
        layer_mean.add(0, hidden)
    for number, layer in enumerate(module.encoder.layer, start=1):
        hidden = _run_layer(layer, hidden, groups)
        if layer_mean is not None:
            layer_mean.add(number, hidden)
    return hidden


def encode_padded(
    module: Any,
    pieces: Tensor,
    groups: Sequence[RowGroup],
    segments: Tensor | None = None,
    layer_mean: LayerMean | None = None,
) -> Tensor:
    """Encode rows by the module's own forward pass, group by group; see encode_rows."""
    outputs = []
    layers: dict[int, list[Tensor]] = {}
    for group in groups:
        # shape (n_rows, row_len, width); what fills a row up may be any piece, for it is masked
        rows = group.split(pieces, 1)[:, 0]
        filled = group.filled(pieces.device)
        mask = rows.new_ones(rows.shape[:2], dtype=torch.long)
        options: dict[str, Any] = {
            "attention_mask": mask if filled is None else filled[:, 0, 0].long()
        }
        if segments is not None:
            options["token_type_ids"] = group.split(segments[:, None], 1)[:, 0, :, 0]
        if layer_mean is not None:
            options["output_hidden_states"] = True
        output = module(inputs_embeds=rows, **options)
        outputs.append(group.join(output.last_hidden_state[:, None]))
        if layer_mean is not None:
            for number in layer_mean.layers:
                hidden = output.hidden_states[number]
                layers.setdefault(number, []).append(group.join(hidden[:, None]))
    if layer_mean is not None:
        for number, parts in layers.items():
            layer_mean.add(number, torch.cat(parts))
    return torch.cat(outputs)


def _positions(module: Any, groups: Sequence[RowGroup]) -> Tensor:
    """Number the pieces of each row, shape (n_pieces,)."""
    first = 0
    if _COUNTS_FROM_PADDING[type(module).__name__]:
        first = module.embeddings.padding_idx + 1
    numbers = []
    for group in groups:
        grid = torch.arange(first, first + group.row_len).repeat(group.n_rows)
        numbers.append(grid if group.kept is None else grid[group.kept.cpu()])
    return torch.cat(numbers)


def _embed(module: Any, pieces: Tensor, positions: Tensor, segments: Tensor) -> Tensor:
    embeddings = module.embeddings
    summed = pieces + embeddings.token_type_embeddings(segments)
    summed = summed + embeddings.position_embeddings(positions)
    hidden = _dropped(embeddings.LayerNorm(summed), embeddings.dropout)
    projection = getattr(module, "embeddings_project", None)
    return hidden if projection is None else projection(hidden)


def _run_layer(layer: Any, hidden: Tensor, groups: Sequence[RowGroup]) -> Tensor:
    heads = layer.attention.self
    attended = packed_attention(
        heads.query(hidden),
        heads.key(hidden),
        heads.value(hidden),
        groups,
        heads.num_attention_heads,
    )
    hidden = _add_and_norm(layer.attention.output, attended, hidden)
    return _add_and_norm(layer.output, layer.intermediate(hidden), hidden)


def _add_and_norm(block: Any, x: Tensor, residual: Tensor) -> Tensor:
    return block.LayerNorm(_dropped(block.dense(x), block.dropout) + residual)


def _dropped(x: Tensor, dropout: Any) -> Tensor:
    return byte_dropout(x, dropout.p) if dropout.training else x
