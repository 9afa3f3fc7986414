"""Words and labels that hold white space, in a format where white space parts the columns."""

import re

SPECIAL = re.compile(r"[\\\s]|^-(?=DOCSTART-$)")
ESCAPE = re.compile(r"\\u\{([0-9a-f]+)\}")


def needs_escape(text: str) -> bool:
    r"""Tell whether a word or label would be misread as it is.

    text (str): The word or label.
    RETURNS (bool): Whether it holds white space. A backslash alone is no reason.
    """
    return SPECIAL.search(text.replace("\\", "")) is not None


def escape(text: str) -> str:
    r"""Write white space, backslashes and the like as `\u{a}`, their code points.

    text (str): A word or label.
    RETURNS (str): The same without white space.
    """
    return SPECIAL.sub(lambda match: f"\\u{{{ord(match.group()):x}}}", text)


def unescape(text: str) -> str:
    """Undo `escape`.

    text (str): What `escape` made.
    RETURNS (str): The word or label.
    """
    return ESCAPE.sub(lambda match: chr(int(match.group(1), 16)), text)
