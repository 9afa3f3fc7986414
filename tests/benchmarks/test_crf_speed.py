"""All contenders of crf_speed.py are given the same work: they agree on loss and best path."""

import pytest
import torch

from benchmarks.crf_speed import TASKS, Batch, contenders, our_tasks


@pytest.mark.parametrize("name", ["pytorch-crf", "flair"])
def test_a_contender_finds_the_same_loss_and_best_paths(name):
    made = contenders()
    if name not in made:
        pytest.skip(f"{name} is not installed")
    batch = Batch.random(5, 4, 7)
    ours, others = our_tasks(batch), made[name](batch)
    torch.testing.assert_close(others[TASKS[0]](), ours[TASKS[0]](), rtol=1e-4, atol=1e-3)
    found = others[TASKS[1]]()
    if name == "flair":
        found = [[int(tag) for tag, _ in row] for row in found[0]]
    assert found == ours[TASKS[1]]()
