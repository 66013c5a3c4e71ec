"""The error that every reader of archives raises."""

from polyglot.core.errors import WrongInput


class ArchiveError(WrongInput):
    """A mismatch in an archive; the message starts with the file."""
