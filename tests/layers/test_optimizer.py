"""The optimizer against torch's own AdamW, set up by hand."""

import pytest
import torch
from thinc.api import Optimizer, warmup_linear
from torch import nn

from spacy_spanbert.layers.encoder import encoder_shim
from spacy_spanbert.layers.optimizer import ModuleOptimizer
from tests.tiny_pipeline import make_encoder_model, make_optimizer

N_STEPS = 5


class Small(nn.Module):
    """One of each kind of parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(5, 3)
        self.linear = nn.Linear(3, 3)
        self.norm = nn.LayerNorm(3)
        self.bias = nn.Parameter(torch.ones(2, 3))  # a bias by its name, though of two axes
        self.unused = nn.Linear(3, 3)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.norm(self.linear(self.embedding(ids))) + self.bias.sum(0)


def make_pair() -> tuple[Small, Small]:
    ours, theirs = Small(), Small()
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def everything(module: nn.Module, factor: float = 1.0) -> ModuleOptimizer:
    return ModuleOptimizer((name, p, factor) for name, p in module.named_parameters())


def backward(*modules: nn.Module, scale: float = 1.0) -> None:
    ids, weights = torch.randint(0, 5, (4,)), torch.randn(4, 3) * scale
    for module in modules:
        (module(ids) * weights).sum().backward()


def reference(module: Small, decay: float, **settings: float) -> torch.optim.AdamW:
    decayed = [module.embedding.weight, module.linear.weight, module.unused.weight]
    rest = [module.linear.bias, *module.norm.parameters(), module.bias, module.unused.bias]
    groups = [{"params": decayed, "weight_decay": decay}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, **settings)


def assert_same(ours: nn.Module, theirs: nn.Module) -> None:
    for name, parameter in theirs.named_parameters():
        torch.testing.assert_close(ours.get_parameter(name), parameter, msg=name)


@pytest.mark.parametrize("clip", [0.0, 0.5])
def test_steps_are_adamws_with_clipping_by_the_global_norm(clip):
    ours, theirs = make_pair()
    optimizer = everything(ours)
    thinc = Optimizer(
        0.02, beta1=0.8, beta2=0.95, eps=1e-6, L2=0.1, grad_clip=clip, use_averages=False
    )
    adamw = reference(theirs, 0.1, lr=0.02, betas=(0.8, 0.95), eps=1e-6)
    for step in range(N_STEPS):
        backward(ours, theirs, scale=10.0 if step % 2 else 0.01)
        optimizer.step(thinc)
        if clip:
            norm = nn.utils.clip_grad_norm_(theirs.parameters(), clip)
            assert (norm > clip) == bool(step % 2)
        adamw.step()
        adamw.zero_grad()
        assert_same(ours, theirs)


def test_biases_and_norms_are_not_decayed():
    """With a gradient of zero only decay moves a weight."""
    module = Small()
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    for parameter in module.parameters():
        parameter.grad = torch.zeros_like(parameter)
    everything(module).step(Optimizer(0.1, L2=0.5, use_averages=False))
    moved = {name for name, p in module.named_parameters() if not torch.equal(p, before[name])}
    assert moved == {"embedding.weight", "linear.weight", "unused.weight"}
    torch.testing.assert_close(module.linear.weight.detach(), before["linear.weight"] * 0.95)


def test_the_learning_rate_follows_the_schedule_of_the_config():
    ours, theirs = make_pair()
    optimizer = everything(ours)
    thinc = make_optimizer(warmup_linear(0.1, 2, 6), grad_clip=0.0)
    adamw = reference(theirs, 0.0, lr=0.0, betas=(0.9, 0.999), eps=1e-8)
    rates = []
    for _ in range(N_STEPS):
        backward(ours, theirs)
        optimizer.step(thinc)
        rates.append(float(thinc.learn_rate))
        for group in adamw.param_groups:
            group["lr"] = rates[-1]
        adamw.step()
        adamw.zero_grad()
        thinc.step_schedules()
        assert_same(ours, theirs)
    assert len(set(rates)) > 3


def test_each_parameter_has_its_factor_and_the_scale_is_for_all():
    ours, theirs = make_pair()
    factors = {"embedding": 0.25, "linear": 0.5}
    optimizer = ModuleOptimizer(
        (name, p, factors.get(name.split(".")[0], 1.0)) for name, p in ours.named_parameters()
    )
    parts = {0.25: theirs.embedding, 0.5: theirs.linear, 1.0: theirs.norm}
    groups = [{"params": part.parameters(), "lr": 0.2 * 0.1 * f} for f, part in parts.items()]
    groups[-1]["params"] = [*parts[1.0].parameters(), theirs.bias]
    adamw = torch.optim.AdamW(groups, weight_decay=0.0)
    for _ in range(N_STEPS):
        backward(ours, theirs)
        optimizer.step(make_optimizer(0.2, grad_clip=0.0), lr_scale=0.1)
        adamw.step()
        adamw.zero_grad()
    assert_same(ours, theirs)


def test_a_step_clears_the_gradients():
    module = Small()
    optimizer = everything(module)
    backward(module)
    optimizer.step(make_optimizer())
    assert all(p.grad is None for p in module.parameters())


def test_without_a_gradient_nothing_moves():
    """Not even by decay, or by what earlier steps left in motion."""
    module = Small()
    optimizer = everything(module)
    thinc = make_optimizer(0.1, L2=0.5)
    backward(module)
    optimizer.step(thinc)
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    optimizer.step(thinc)
    assert all(torch.equal(p, before[name]) for name, p in module.named_parameters())


def test_a_parameter_that_is_fixed_or_has_the_factor_zero_never_moves():
    module = Small()
    module.embedding.requires_grad_(False)
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    factors = {"linear.weight": 0.0}
    optimizer = ModuleOptimizer((n, p, factors.get(n, 1.0)) for n, p in module.named_parameters())
    for _ in range(N_STEPS):
        backward(module)
        optimizer.step(make_optimizer(0.1, L2=0.5))
    still = {name for name, p in module.named_parameters() if torch.equal(p, before[name])}
    assert still == {"embedding.weight", "linear.weight", "unused.weight", "unused.bias"}


def test_without_any_parameter_that_learns_a_step_changes_nothing():
    module = Small().requires_grad_(False)
    before = {name: p.clone() for name, p in module.named_parameters()}
    for parameters in ([], [(n, p, 1.0) for n, p in module.named_parameters()]):
        ModuleOptimizer(parameters).step(make_optimizer(0.1, L2=0.5))
    assert all(torch.equal(p, before[name]) for name, p in module.named_parameters())


def step_encoder(model, n_steps: int = 3) -> dict[str, bool]:
    """Take steps with gradients of one everywhere; tell which parameters moved."""
    module = encoder_shim(model).module
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    for _ in range(n_steps):
        for parameter in module.parameters():
            if parameter.requires_grad:
                parameter.grad = torch.ones_like(parameter)
        model.finish_update(make_optimizer(0.01, L2=0.1))
    return {name: not torch.equal(p, before[name]) for name, p in module.named_parameters()}


@pytest.mark.parametrize("n_fixed", [0, 1, 2])
def test_fixed_layers_keep_every_bit_and_the_others_move(checkpoint, n_fixed):
    model = make_encoder_model(checkpoint)
    encoder_shim(model).freeze(n_fixed)
    for name, has_moved in step_encoder(model).items():
        is_fixed = n_fixed > 0 and name.startswith(
            ("embeddings.", *(f"encoder.layer.{i}." for i in range(n_fixed)))
        )
        assert has_moved != is_fixed, name


def test_layers_can_be_freed_again(tiny_bert):
    model = make_encoder_model(tiny_bert)
    encoder_shim(model).freeze(2)
    encoder_shim(model).freeze(0)
    assert all(step_encoder(model).values())


def test_the_learning_rate_falls_from_the_top_layer_to_the_embeddings(checkpoint):
    model = make_encoder_model(checkpoint)
    shim = encoder_shim(model)
    shim.layer_lr_decay = 0.5
    shim.lr_scale = 0.1
    before = {name: p.detach().clone() for name, p in shim.module.named_parameters()}
    for parameter in shim.module.parameters():
        parameter.grad = torch.ones_like(parameter)
    model.finish_update(make_optimizer(0.01, grad_clip=0.0))
    # Adam's first step is the learning rate
    expected = {"embeddings": 0.25, "encoder.layer.0": 0.5, "encoder.layer.1": 1.0, "pooler": 1.0}
    for name, parameter in shim.module.named_parameters():
        factor = next(f for start, f in expected.items() if name.startswith(start))
        step = (before[name] - parameter.detach()).max().item()
        assert step == pytest.approx(0.001 * factor, rel=1e-3), name
