from types import ModuleType

import pytest

from tests.examples.load_script import load_script


@pytest.fixture(scope="module")
def example() -> ModuleType:
    module = load_script("word_senses.py")
    nlp = module.make_pipeline()
    module.make_pipeline = lambda: nlp
    return module


@pytest.mark.slow
def test_nearly_all_questions_are_answered_by_a_use_of_the_same_sense(
    example: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    example.main([])
    answers = capsys.readouterr().out.splitlines()[1::2]
    senses = ["money", "river", "animal", "stamp", "coil", "season"]
    expected = [
        [f"{word}:", sense] for (_, word), sense in zip(example.QUESTIONS, senses, strict=True)
    ]
    found = [answer.split()[:2] for answer in answers]
    assert len(found) == len(expected)
    assert sum(one == other for one, other in zip(found, expected, strict=True)) >= 5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("word", "message"),
    [("cat", "'cat' is not in 'The dog barked.'"), ("dog", "whose senses are known: .*bank")],
)
def test_a_word_that_cannot_be_asked_is_told(example: ModuleType, word: str, message: str) -> None:
    with pytest.raises(SystemExit, match=message):
        example.main(["The dog barked.", word])
