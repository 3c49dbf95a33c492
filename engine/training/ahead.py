"""Reading ahead: threads prepare the next items while the device computes; a bounded number waits."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Order = TypeVar("Order")
Item = TypeVar("Item")


def ahead(read: Callable[[Order], Item], orders: Iterable[Order], threads: int = 1, waiting: int = 3) -> Iterator[Item]:
    """Yield `read(order)` for each order, in their order, read by threads.

    Threads and not processes, because GDAL and numpy let go of the interpreter while they work. Leaving the iterator
    early waits for what is being read and drops the rest; an error while reading is raised here.

    Args:
        read: called in a thread.
        orders: what to read.
        threads: how many read at once.
        waiting: how many items may be read or waiting to be taken; bounds the memory.
    """
    with ThreadPoolExecutor(threads, thread_name_prefix="ahead") as pool:
        pending: deque[Future[Item]] = deque()
        try:
            for order in orders:
                if len(pending) >= waiting:
                    yield pending.popleft().result()
                pending.append(pool.submit(read, order))
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
