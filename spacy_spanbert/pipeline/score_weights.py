"""Which scores of a component `spacy train` looks at."""

import sys

from spacy import Language

# Of components that write doc.cats.
CATS_SCORE_WEIGHTS = {
    "cats_score": 1.0,
    "cats_acc": 0.0,
    "cats_micro_f": None,
    "cats_macro_f": 0.0,
    "cats_macro_auc": None,
}


def report_score_weight(nlp: Language, score: str, name: str) -> None:
    """Print that `spacy train` would not see a score, if that is so.

    nlp (Language): The pipeline.
    score (str): Name of the score.
    name (str): The component's name.
    """
    if not nlp.config["training"]["score_weights"].get(score):
        sys.stderr.write(
            f"[{name}] [training.score_weights] does not weigh {score}: `spacy train` would choose "
            f"the best step without it. Add to it {score} = 1.0\n"
        )
