import pytest
import torch

from spacy_spanbert.nn.dropout import byte_dropout


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_asked_share_is_zero_and_the_mean_stays(rate, dtype):
    dropped = byte_dropout(torch.ones(1000, 1001, dtype=dtype), rate)
    assert dropped.dtype == dtype
    # standard deviation of the share 0.0005, rounding of the rate 0.002
    assert (dropped == 0).float().mean().item() == pytest.approx(rate, abs=0.005)
    assert dropped.float().mean().item() == pytest.approx(1, abs=0.02)
    assert len(dropped.unique()) == 2


def test_the_scale_is_not_rounded_to_bfloat16():
    x = torch.linspace(1, 2, 20_000).to(torch.bfloat16)
    dropped = byte_dropout(x, 0.1)
    is_kept = dropped != 0
    # each product is rounded by itself, up or down, so that the sum is not off in one direction
    ratio = dropped[is_kept].double().sum() / x[is_kept].double().sum()
    assert ratio.item() == pytest.approx(256 / 230, rel=2e-4)


def test_each_byte_of_the_draws_is_used_alike():
    dropped = byte_dropout(torch.ones(100_000, 8), 0.25)
    shares = (dropped == 0).float().mean(0)
    torch.testing.assert_close(shares, torch.full((8,), 0.25), rtol=0, atol=0.01)


def test_the_gradient_passes_where_the_value_did():
    x = torch.randn(50, 7, requires_grad=True)
    dropped = byte_dropout(x, 0.3)
    dropped.backward(torch.full_like(x, 2.0))
    scale = 256 / (256 - round(0.3 * 256))
    torch.testing.assert_close(x.grad, (dropped != 0) * scale * 2)


def test_rates_of_nothing_and_everything():
    x = torch.randn(5, requires_grad=True)
    assert byte_dropout(x, 0.0) is x
    assert byte_dropout(x, 1.0).tolist() == [0.0] * 5


def test_no_elements_stay_no_elements():
    assert byte_dropout(torch.zeros(0, 4), 0.5).shape == (0, 4)


def test_it_follows_torchs_seed():
    torch.manual_seed(7)
    first = byte_dropout(torch.ones(100), 0.5)
    assert not torch.equal(first, byte_dropout(torch.ones(100), 0.5))
    torch.manual_seed(7)
    assert torch.equal(first, byte_dropout(torch.ones(100), 0.5))
