"""The error that every reader of archives raises."""

from polyglot.core.errors import WrongInput
from polyglot.core.text import printable


class ArchiveError(WrongInput):
    """A mismatch in an archive; the message starts with the file. What an archive says is shown without control characters."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))
