"""The one error type that stands for something the user can mend."""


class SpanbertError(ValueError):
    """Say what was expected, what came, where, and how to mend it.

    Commands print its text without a traceback. In Python it is an ordinary ValueError.
    """
