"""What of a load was lost, and whether that is more than is allowed."""

from typing import Any, NamedTuple


class Losses(NamedTuple):
    """Connections that were never served or failed, and messages without a correct reply."""

    connections: int
    of_connections: int
    messages: int
    of_messages: int

    def beyond(self, allowed: float) -> str:
        """Of what more than this share was lost; empty where of neither."""
        kinds = (
            (self.connections, self.of_connections, "connections"),
            (self.messages, self.of_messages, "messages"),
        )
        lost = [
            f"{lost:,} of {all_:,} {what}" for lost, all_, what in kinds if lost > allowed * all_
        ]
        return " and ".join(lost)


def losses(figures: dict[str, Any], failed: int) -> Losses:
    """Of what was measured; `failed` is how many connections had failed at the window's end."""
    return Losses(
        connections=max(failed, figures["connections"] - figures["connected"]),
        of_connections=figures["connections"],
        messages=figures["lost"],
        of_messages=figures["due"],
    )
