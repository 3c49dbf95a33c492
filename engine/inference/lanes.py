"""Two ways to do work on another thread, in order, with back-pressure: `ahead` of its consumer, or `behind` its producer.

Threads and not processes: GDAL, torch and the runtimes let go of Python's lock while they work. An error on a thread is
raised, as itself, where its results are used.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")

POLL_SECONDS = 0.05
LEAVE_SECONDS = 0.5
"""How long a thread that was told to stop is waited for; it ends with its current step or with the process."""


def ahead(items: Iterable[T], depth: int, check: Callable[[], None]) -> Generator[T]:
    """Yield the items, made up to `depth` in advance on a thread of their own.

    Args:
        items: consumed on the thread, and closed there.
        depth: items that may wait.
        check: called while waiting; what it raises is raised here.
    """
    waiting: queue.Queue[tuple[bool, Any]] = queue.Queue(depth)
    stopped = threading.Event()

    def put(entry: tuple[bool, Any]) -> bool:
        while not stopped.is_set():
            with contextlib.suppress(queue.Full):
                waiting.put(entry, timeout=POLL_SECONDS)
                return True
        return False

    def work() -> None:
        try:
            with contextlib.ExitStack() as stack:
                if isinstance(items, Generator):
                    stack.callback(items.close)
                for item in items:
                    if not put((True, item)):
                        return
                    del item
            put((False, None))
        except BaseException as error:
            put((False, error))

    thread = threading.Thread(target=work, daemon=True, name="ahead")
    thread.start()
    try:
        while True:
            check()
            try:
                is_item, value = waiting.get(timeout=POLL_SECONDS)
            except queue.Empty:
                continue
            if is_item:
                yield value
                del value
            elif value is None:
                return
            else:
                raise value
    finally:
        stopped.set()
        thread.join(LEAVE_SECONDS)


@contextlib.contextmanager
def behind(act: Callable[[T], object], depth: int, check: Callable[[], None]) -> Iterator[Callable[[T], None]]:
    """Yield a function that hands items to `act`, which runs on a thread of its own, in order.

    On leaving without an error all items have been acted on; an error of `act` is raised at the next item or on leaving.

    Args:
        act: called with each item.
        depth: items that may wait.
        check: called while waiting; what it raises is raised here.
    """
    waiting: queue.Queue[Any] = queue.Queue(depth)
    stopped = threading.Event()
    errors: list[BaseException] = []
    end = object()

    def work() -> None:
        try:
            while not stopped.is_set():
                try:
                    item = waiting.get(timeout=POLL_SECONDS)
                except queue.Empty:
                    continue
                if item is end:
                    return
                act(item)
                del item
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True, name="behind")

    def put(item: Any) -> None:
        while True:
            if errors:
                raise errors[0]
            check()
            try:
                return waiting.put(item, timeout=POLL_SECONDS)
            except queue.Full:
                continue

    thread.start()
    try:
        yield put
        put(end)
        while thread.is_alive():
            check()
            thread.join(POLL_SECONDS)
        if errors:
            raise errors[0]
    finally:
        stopped.set()
        thread.join(LEAVE_SECONDS)
