"""Who gets the next of a few places that many clients want."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from .client import Client
from .rounds import Rounds


class Shares:
    """The clients that have one of `places` places now, and which of those who wait gets the next.

    A free place goes to the address that has the fewest, and there to the user that has the fewest; of those who
    have equally many, to the one that got its last place longest ago. One user has half of the places at the most:
    so whoever comes finds a free one, or at least two at work who take turns. The last place is reserved for an
    address that has none.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._taken: list[Client] = []
        self._rounds = Rounds()

    def __len__(self) -> int:
        return len(self._taken)

    def next(self, waiting: Sequence[Client]) -> int | None:
        """Return the index of the one who gets a place now, or None if nobody may have one."""
        if len(self._taken) >= self._places:
            return None
        addresses = Counter(client.address for client in self._taken)
        clients = Counter(self._taken)
        most, most_of_user = max(self._places - 1, 1), (self._places + 1) // 2
        last = self._rounds.last

        def order(index: int) -> tuple[int, int, int, int]:
            one = waiting[index]
            return addresses[one.address], last(one.address), clients[one], last(one)

        eligible = [
            index
            for index, one in enumerate(waiting)
            if addresses[one.address] < most and clients[one] < most_of_user
        ]
        return min(eligible, key=order, default=None)

    def take(self, client: Client) -> None:
        """Note that a client has a place."""
        self._taken.append(client)
        self._rounds.served(client.address)
        self._rounds.served(client)

    def give(self, client: Client) -> None:
        """Note that a client has one place less."""
        self._taken.remove(client)
