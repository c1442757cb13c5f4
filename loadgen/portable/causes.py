"""A reply that is not what it should be."""


class ReplyError(Exception):
    """Ends the connection; `cause` is what it is counted under: corrupt, excess or malformed."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause
