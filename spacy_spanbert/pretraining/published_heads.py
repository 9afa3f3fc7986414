"""Pretraining heads under the names that Hugging Face's models give them."""

import re
from collections.abc import Mapping

from torch import Tensor

# Those of BERT; RoBERTa, XLM-R, CamemBERT, MPNet; DistilBERT; ELECTRA's generator.
PUBLISHED = {
    "cls.predictions.transform.dense.weight": "heads.mlm.dense.weight",
    "cls.predictions.transform.dense.bias": "heads.mlm.dense.bias",
    "cls.predictions.transform.LayerNorm.weight": "heads.mlm.norm.weight",
    "cls.predictions.transform.LayerNorm.bias": "heads.mlm.norm.bias",
    "cls.predictions.decoder.bias": "output_bias",
    "cls.predictions.bias": "output_bias",
    "cls.seq_relationship.weight": "heads.nsp.output.weight",
    "cls.seq_relationship.bias": "heads.nsp.output.bias",
    "lm_head.dense.weight": "heads.mlm.dense.weight",
    "lm_head.dense.bias": "heads.mlm.dense.bias",
    "lm_head.layer_norm.weight": "heads.mlm.norm.weight",
    "lm_head.layer_norm.bias": "heads.mlm.norm.bias",
    "lm_head.decoder.bias": "output_bias",
    "lm_head.bias": "output_bias",
    "vocab_transform.weight": "heads.mlm.dense.weight",
    "vocab_transform.bias": "heads.mlm.dense.bias",
    "vocab_layer_norm.weight": "heads.mlm.norm.weight",
    "vocab_layer_norm.bias": "heads.mlm.norm.bias",
    "vocab_projector.bias": "output_bias",
    "generator_predictions.dense.weight": "heads.mlm.dense.weight",
    "generator_predictions.dense.bias": "heads.mlm.dense.bias",
    "generator_predictions.LayerNorm.weight": "heads.mlm.norm.weight",
    "generator_predictions.LayerNorm.bias": "heads.mlm.norm.bias",
    "generator_lm_head.bias": "output_bias",
}
# The dense layer of BERT's NSP head is its pooler; without the output layer it is of no use here.
POOLER = re.compile(r"(?:^|\.)pooler\.dense\.(weight|bias)$")
NSP_OUTPUT = "heads.nsp.output.weight"


def published_heads(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Find the heads of a checkpoint that Hugging Face's pretraining models wrote.

    weights (Mapping[str, Tensor]): Of the whole checkpoint, by its own names.
    RETURNS (dict[str, Tensor]): By the names of `PretrainingModel`; empty if there are none.
    """
    renamed = {
        name.replace(".gamma", ".weight").replace(".beta", ".bias"): tensor
        for name, tensor in weights.items()
    }
    heads = {ours: renamed[theirs] for theirs, ours in PUBLISHED.items() if theirs in renamed}
    if NSP_OUTPUT in heads:
        for name, tensor in renamed.items():
            if found := POOLER.search(name):
                heads[f"heads.nsp.dense.{found[1]}"] = tensor
    return heads
