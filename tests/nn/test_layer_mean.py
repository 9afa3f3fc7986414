import pytest
import torch
from transformers import DistilBertConfig, DistilBertModel

from spacy_spanbert.nn.layer_mean import LayerMean, choose_layers
from spacy_spanbert.nn.packed_attention import row_groups
from spacy_spanbert.nn.packed_encoder import encode_packed, encode_padded, encode_rows
from tests.nn.test_packed_encoder import LENGTHS, make_input, module

__all__ = ["module"]  # the fixture


@pytest.mark.parametrize(
    ("layers", "n_layers", "expected"),
    [
        ("last", 6, (6,)),
        ("last_four_mean", 6, (3, 4, 5, 6)),
        ("last_four_mean", 4, (1, 2, 3, 4)),
        ("last_four_mean", 2, (1, 2)),
        ([0], 2, (0,)),
        ([-1, 0, 2], 2, (0, 2)),
        ([-3], 2, (0,)),
    ],
)
def test_layers_are_numbered_from_the_embeddings_up(layers, n_layers, expected):
    assert choose_layers(layers, n_layers) == expected


@pytest.mark.parametrize("layer", [3, -4, "1"])
def test_a_layer_that_is_not_there_is_named(layer):
    with pytest.raises(ValueError, match=rf"names layer {layer!r}, but .* 0 .* to 2, .* -1 to -3"):
        choose_layers([0, layer], 2)


@pytest.mark.parametrize("layers", [(0,), (1,), (2,), (1, 2), (0, 1, 2)])
@pytest.mark.parametrize("encode", [encode_packed, encode_padded, encode_rows])
def test_it_is_the_mean_of_hugging_faces_hidden_states(module, encode, layers):
    ids, _ = make_input()
    pieces = module.get_input_embeddings()(ids)
    mean = LayerMean(layers)
    last = encode(module, pieces, row_groups(LENGTHS), layer_mean=mean)
    sizes = [size for group in LENGTHS for size in group]
    rows = [
        module(input_ids=row[None], output_hidden_states=True).hidden_states
        for row in ids.split(sizes)
    ]
    stacked = [torch.stack([row[layer][0] for layer in layers]).mean(dim=0) for row in rows]
    torch.testing.assert_close(mean.mean(), torch.cat(stacked), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(last, torch.cat([row[-1][0] for row in rows]), rtol=1e-5, atol=1e-5)


def test_other_architectures_give_their_layers_too():
    torch.manual_seed(0)
    config = DistilBertConfig(
        vocab_size=50, dim=16, hidden_dim=24, n_layers=2, n_heads=2, max_position_embeddings=20
    )
    module = DistilBertModel(config).eval()
    ids = torch.arange(4, 11)
    mean = LayerMean((0, 2))
    encode_rows(module, module.get_input_embeddings()(ids), row_groups([[7]]), layer_mean=mean)
    hidden = module(input_ids=ids[None], output_hidden_states=True).hidden_states
    expected = (hidden[0][0] + hidden[2][0]) / 2
    torch.testing.assert_close(mean.mean(), expected, rtol=1e-5, atol=1e-5)


def test_low_precision_is_added_up_in_float32():
    mean = LayerMean((0, 1))
    mean.add(0, torch.full((1, 1), 256.0, dtype=torch.bfloat16))
    mean.add(1, torch.full((1, 1), 1.0, dtype=torch.bfloat16))
    assert mean.mean().item() == 128.5
