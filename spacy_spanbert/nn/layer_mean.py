"""The mean of several layers of an encoder, added up while it runs."""

from collections.abc import Collection, Sequence

from torch import Tensor


def choose_layers(layers: str | Sequence[int], n_layers: int) -> tuple[int, ...]:
    """Number the layers that are meant.

    layers (str | Sequence[int]): "last"; "last_four_mean", of which a smaller encoder has fewer; or
        numbers: 0 is the embeddings, 1 the lowest layer, -1 the last one.
    n_layers (int): Layers of the encoder, embeddings not counted.
    RETURNS (tuple[int, ...]): Numbers from 0 to n_layers, ascending, each once.
    RAISES (ValueError): If the encoder has no such layer.
    """
    if layers == "last":
        return (n_layers,)
    if layers == "last_four_mean":
        return tuple(range(max(1, n_layers - 3), n_layers + 1))
    chosen = set()
    for layer in layers:
        if not isinstance(layer, int) or not -n_layers - 1 <= layer <= n_layers:
            raise ValueError(
                f"[components.spanbert.vectors] layers names layer {layer!r}, but this encoder has "
                f"the layers 0 (the embeddings) to {n_layers}, or counted from above -1 to "
                f"{-n_layers - 1}"
            )
        chosen.add(layer if layer >= 0 else layer + n_layers + 1)
    return tuple(sorted(chosen))


class LayerMean:
    """Adds up layers as an encoder computes them; no more than their sum is held.

    layers (Collection[int]): Numbers of the layers, at least one; 0 is the embeddings.
    """

    def __init__(self, layers: Collection[int]) -> None:
        self.layers = frozenset(layers)
        self._total: Tensor | None = None

    def add(self, layer: int, hidden: Tensor) -> None:
        """Take a layer, or let it go by.

        layer (int): Its number.
        hidden (Tensor): Its output, shape (n_pieces, width); added in float32.
        """
        if layer in self.layers:
            self._total = hidden.float() if self._total is None else self._total + hidden

    def mean(self) -> Tensor:
        """RETURNS (Tensor): float32, shape (n_pieces, width), when the encoder is done."""
        assert self._total is not None
        return self._total / len(self.layers)
