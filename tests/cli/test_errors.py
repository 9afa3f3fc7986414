import pytest

from spacy_spanbert.cli.errors import clean_errors
from spacy_spanbert.errors import SpanbertError


def test_what_the_user_can_mend_is_one_message_and_exit_code_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as caught, clean_errors():
        raise SpanbertError("Mend\nthis.")
    assert caught.value.code == 1
    assert "Mend this." in capsys.readouterr().out


def test_an_error_of_the_system_names_its_file(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), clean_errors():
        raise PermissionError(13, "Permission denied", "secret.txt")
    assert "secret.txt: Permission denied" in capsys.readouterr().out
    with pytest.raises(SystemExit), clean_errors():
        raise OSError("No space")
    assert "No space" in capsys.readouterr().out


def test_faults_of_the_program_are_passed_on() -> None:
    with pytest.raises(KeyError), clean_errors():
        raise KeyError("fault")


def test_a_decorated_function_keeps_its_signature_and_value() -> None:
    @clean_errors()
    def double(number: int) -> int:
        """Double."""
        return 2 * number

    assert double(2) == 4
    assert double.__annotations__ == {"number": int, "return": int}
    assert double.__doc__ == "Double."
