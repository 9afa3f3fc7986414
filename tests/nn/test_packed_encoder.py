import pytest
import torch
from torch import Tensor
from transformers import (
    BertConfig,
    BertModel,
    CamembertConfig,
    CamembertModel,
    DistilBertConfig,
    DistilBertModel,
    ElectraConfig,
    ElectraModel,
    PreTrainedModel,
    RobertaConfig,
    RobertaModel,
    XLMRobertaConfig,
    XLMRobertaModel,
)

from spacy_spanbert.nn.packed_attention import row_groups
from spacy_spanbert.nn.packed_encoder import can_pack, encode_packed

SIZES = {
    "vocab_size": 50,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 20,
    "type_vocab_size": 2,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "initializer_range": 0.5,
}
MODULES = {
    "bert": lambda: BertModel(BertConfig(**SIZES)),
    "camembert": lambda: CamembertModel(CamembertConfig(**SIZES, pad_token_id=1)),
    "electra": lambda: ElectraModel(ElectraConfig(**SIZES, embedding_size=16)),
    "electra, projected": lambda: ElectraModel(ElectraConfig(**SIZES, embedding_size=8)),
    "roberta": lambda: RobertaModel(RobertaConfig(**SIZES, pad_token_id=1)),
    "xlm-roberta": lambda: XLMRobertaModel(XLMRobertaConfig(**SIZES, pad_token_id=3)),
}
LENGTHS = [[9, 9], [7, 4, 5], [1]]


@pytest.fixture(params=MODULES, scope="module")
def module(request: pytest.FixtureRequest) -> PreTrainedModel:
    torch.manual_seed(0)
    return MODULES[request.param]().eval()


def hugging_face(module: PreTrainedModel, ids: Tensor, segments: Tensor) -> Tensor:
    """Encode each row by itself."""
    sizes = [size for group in LENGTHS for size in group]
    rows = zip(ids.split(sizes), segments.split(sizes), strict=True)
    return torch.cat(
        [
            module(input_ids=row[None], token_type_ids=kinds[None]).last_hidden_state[0]
            for row, kinds in rows
        ]
    )


def make_input() -> tuple[Tensor, Tensor]:
    n_pieces = sum(map(sum, LENGTHS))
    generator = torch.Generator().manual_seed(1)
    # above all vocabulary indices of padding
    ids = torch.randint(4, 50, (n_pieces,), generator=generator)
    return ids, torch.randint(0, 2, (n_pieces,), generator=generator)


def test_it_is_what_the_module_makes_of_each_row(module):
    ids, segments = make_input()
    assert can_pack(module)
    pieces = module.get_input_embeddings()(ids)
    packed = encode_packed(module, pieces, row_groups(LENGTHS), segments)
    torch.testing.assert_close(packed, hugging_face(module, ids, segments), rtol=1e-5, atol=1e-5)


def test_segments_are_zero_unless_given(module):
    ids, segments = make_input()
    pieces = module.get_input_embeddings()(ids)
    packed = encode_packed(module, pieces, row_groups(LENGTHS))
    expected = hugging_face(module, ids, torch.zeros_like(segments))
    torch.testing.assert_close(packed, expected, rtol=1e-5, atol=1e-5)


def test_every_parameter_has_the_modules_gradient(module):
    ids, segments = make_input()
    weights = torch.randn(len(ids), 16, generator=torch.Generator().manual_seed(2))

    def gradients(output: Tensor) -> dict[str, Tensor]:
        module.zero_grad()
        (output * weights).sum().backward()
        return {
            name: parameter.grad.clone()
            for name, parameter in module.named_parameters()
            if parameter.grad is not None
        }

    pieces = module.get_input_embeddings()(ids)
    packed = gradients(encode_packed(module, pieces, row_groups(LENGTHS), segments))
    expected = gradients(hugging_face(module, ids, segments))
    assert packed.keys() == expected.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(packed[name], gradient, rtol=1e-4, atol=1e-4, msg=name)


def test_dropout_of_the_module_acts_in_training_only(module):
    ids, _ = make_input()
    groups = row_groups(LENGTHS)
    dropouts = [part for part in module.modules() if isinstance(part, torch.nn.Dropout)]
    for part in dropouts:
        part.p = 0.5
    try:
        pieces = module.get_input_embeddings()(ids)
        first, second = (encode_packed(module, pieces, groups) for _ in range(2))
        assert torch.equal(first, second)
        module.train()
        first, second = (encode_packed(module, pieces, groups) for _ in range(2))
        assert not torch.allclose(first, second)
    finally:
        module.eval()
        for part in dropouts:
            part.p = 0.0


def test_what_would_be_computed_otherwise_is_not_packed():
    assert not can_pack(DistilBertModel(DistilBertConfig(dim=16, n_layers=1, n_heads=2)))
    relative = BertConfig(**SIZES, position_embedding_type="relative_key")
    assert not can_pack(BertModel(relative, add_pooling_layer=False))
    assert not can_pack(BertModel(BertConfig(**SIZES, is_decoder=True)))
    attention_dropout = BertModel(BertConfig(**{**SIZES, "attention_probs_dropout_prob": 0.1}))
    assert not can_pack(attention_dropout.train())
    assert can_pack(attention_dropout.eval())
