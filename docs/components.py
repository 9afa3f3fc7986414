"""Write `components.md`: every setting of the components, as their docstrings have it.

`python -m docs.components`, after a change of settings or docstrings.
"""

import inspect
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from spacy import Language, registry

from docs.docstrings import described
from spacy_spanbert.nn.losses import span_loss
from spacy_spanbert.pipeline.encoder import make_encoder
from spacy_spanbert.pipeline.encoder_vectors import VectorSettings
from spacy_spanbert.pipeline.entity_recognizer import SpanbertEntityRecognizer
from spacy_spanbert.pipeline.finder import make_span_finder
from spacy_spanbert.pipeline.ner import make_ner
from spacy_spanbert.pipeline.paircat import make_paircat
from spacy_spanbert.pipeline.relations import make_relations
from spacy_spanbert.pipeline.spancat import make_spancat
from spacy_spanbert.pipeline.tagger import make_tagger
from spacy_spanbert.pipeline.textcat import make_textcat

PAGE = Path(__file__).with_suffix(".md")
FACTORIES: dict[str, Callable[..., Any]] = {
    "spanbert": make_encoder,
    "spanbert_spancat": make_spancat,
    "spanbert_span_finder": make_span_finder,
    "spanbert_ner": make_ner,
    "spanbert_tagger": make_tagger,
    "spanbert_textcat": make_textcat,
    "spanbert_paircat": make_paircat,
    "spanbert_relations": make_relations,
}
HEAD = """# The settings of the components

Written by `python -m docs.components` from docstrings and default configs: not to be edited.
[`configs/`](../configs) has whole configs, with the values that measured best."""
# (registry, name): the section of a config
FUNCTIONS = {
    ("misc", "spacy-spanbert.relation_candidates.v1"): (
        "[components.spanbert_relations.candidates]"
    ),
    ("misc", "spacy-spanbert.candidates_suggester.v1"): "[components.spanbert_spancat.suggester]",
    ("readers", "spacy-spanbert.Corpus.v1"): "[corpora.NAME]",
    ("readers", "spacy-spanbert.PairCorpus.v1"): "[corpora.NAME] of pairs",
}
LOSSES = ("boundary_smoothing", "positive_weight", "none_weight", "focal_gamma", "negatives")
OURS = "spacy_spanbert."
REFERRED = {"SpanbertEntityRecognizer": SpanbertEntityRecognizer}
REFERENCE = re.compile(r"^See (\w+)(?:\. ?|$)(.*)$")


def render() -> str:
    """RETURNS (str): The page."""
    parts = [HEAD, *(part for name in FACTORIES for part in _component(name)), _losses()]
    parts += [*_functions()]
    return "\n\n".join(parts) + "\n"


def _functions() -> Iterator[str]:
    """Describe the registered functions that configs name."""
    for (registered, name), key in FUNCTIONS.items():
        make = getattr(registry, registered).get(name)
        about, meanings = described(make)
        kept = inspect.signature(make, eval_str=True).return_annotation
        if inspect.isclass(kept) and kept.__module__.startswith(OURS):
            meanings = described(kept)[1] | meanings
        yield f"## `{key}`, `{name}`\n\n{about}\n\n{_call(make, {}, meanings)}"


def _component(name: str) -> Iterator[str]:
    """Describe a component, what it is initialized with, and its model."""
    config = dict(Language.get_factory_meta(name).default_config)
    model = config.pop("model")
    make = FACTORIES[name]
    component = inspect.signature(make, eval_str=True).return_annotation
    about, _ = described(component)
    kinds = [kind for kind in reversed(component.__mro__) if kind.__module__.startswith(OURS)]
    meanings = _joined([*kinds, make])
    yield f"## `[components.{name}]`\n\n{about}\n\n{_table(config, meanings)}"
    if name == "spanbert":
        _, of_vectors = described(VectorSettings)
        values = {key: getattr(VectorSettings(), key) for key in of_vectors}
        yield f"### `[components.{name}.vectors]`\n\n{_table(values, of_vectors)}"
    initialize = [kind.initialize for kind in kinds if "initialize" in vars(kind)]
    if table := _call(component.initialize, {}, _joined(initialize)):
        yield f"### `[initialize.components.{name}]`\n\n{table}"
    build = registry.architectures.get(model["@architectures"])
    about, meanings = described(build)
    title = f"### `[components.{name}.model]`, `{model['@architectures']}`"
    yield f"{title}\n\n{about}\n\n{_call(build, model, meanings)}"


def _losses() -> str:
    _, meanings = described(span_loss)
    parameters = inspect.signature(span_loss).parameters
    values = {key: parameters[key].default for key in LOSSES}
    about = "`[components.NAME.loss]` of span categorizer and finder; relations have some of them."
    return f"## Losses\n\n{about}\n\n{_table(values, meanings)}"


def _call(
    function: Callable[..., Any], given: Mapping[str, Any], meanings: Mapping[str, str]
) -> str:
    """Describe what a function takes from the config; empty if that is nothing."""
    parameters = inspect.signature(function).parameters
    values = {
        key: given.get(key, parameter.default)
        for key, parameter in parameters.items()
        if key not in ("self", "get_examples", "nlp", "tok2vec")
    }
    return _table(values, meanings) if values else ""


def _joined(items: Iterable[Any]) -> dict[str, str]:
    """What parameters mean, those of the last item first; "See X." is what X says of it."""
    meanings: dict[str, str] = {}
    for item in items:
        for key, text in described(item)[1].items():
            found = REFERENCE.match(text)
            known = meanings.get(key, "")
            if found and not known:
                known = described(REFERRED[found.group(1)])[1][key]
            meanings[key] = f"{known} {found.group(2)}".strip() if found else text
    return meanings


def _table(values: Mapping[str, Any], meanings: Mapping[str, str]) -> str:
    lines = ["| key | default | meaning |", "| --- | --- | --- |"]
    for key, value in values.items():
        if value is inspect.Parameter.empty:
            default = "needed"
        else:
            default = f"`{json.dumps(value, ensure_ascii=False)}`"
        lines.append(
            f"| `{key}` | {default} | {meanings.get(key, '').replace('|', chr(92) + '|')} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf8")
