"""One pool of threads: order, errors, batches and buffers."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from functools import partial
from typing import Self

import pytest

from zarrlift.pool import Pool, Task, Turn

HEAVY = 2**30
LIGHT = 1
PATIENCE = 20


def numbers(count: int, weight: int) -> Iterator[Task[int]]:
    """Give tasks that return their number."""
    return (Task(weight, partial(int, n)) for n in range(count))


@pytest.mark.parametrize("weight", [LIGHT, 2**20, HEAVY])
@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("count", [0, 1, 31, 32, 33, 200])
def test_every_task_is_done_once(count: int, workers: int, weight: int) -> None:
    """Whatever their number and weight, each task gives its one result."""
    with Pool(workers) as pool:
        done = list(pool.each(numbers(count, weight)))

    assert sorted(done) == list(range(count))


@pytest.mark.parametrize("weight", [LIGHT, HEAVY])
def test_tasks_are_begun_in_order(weight: int) -> None:
    """Tasks begin in the order they are given: one thread does them just so."""
    begun: list[int] = []

    with Pool(1) as pool:
        list(pool.each(Task(weight, partial(begun.append, n)) for n in range(100)))

    assert begun == list(range(100))


def test_tasks_that_wait_go_to_threads_apart() -> None:
    """Light tasks that wait for one another to be begun are all begun, where each goes alone."""
    begun = threading.Barrier(8)

    with Pool(8) as pool:
        pool.apart = True
        done = list(pool.each(Task(LIGHT, partial(begun.wait, PATIENCE)) for _ in range(8)))

    assert sorted(done) == list(range(8))


@pytest.mark.parametrize(
    ("weight", "together"), [(LIGHT, 32), (2**20, 16), (7 * 2**20, 3), (HEAVY, 1)]
)
def test_light_tasks_go_to_a_thread_together(weight: int, together: int) -> None:
    """Up to 32 tasks, or 16 MiB, are one errand; heavy ones go alone."""
    taken = 0

    def tasks() -> Iterator[Task[int]]:
        nonlocal taken
        for n in range(1000):
            taken += 1
            yield Task(weight, partial(int, n))

    with Pool(3) as pool:
        results = pool.each(tasks())
        next(results)
        ahead = taken
        rest = sum(1 for _ in results)

    assert rest == 999
    assert ahead == 3 * 2 * together


def test_tasks_are_taken_as_threads_come_free() -> None:
    """An endless stream of tasks can be begun, and given up."""

    def endless() -> Iterator[Task[int]]:
        n = 0
        while True:
            n += 1
            yield Task(HEAVY, partial(int, n))

    with Pool(2) as pool:
        results = pool.each(endless())
        assert {next(results), next(results)} <= set(range(6))
        results.close()  # type: ignore[attr-defined]


def test_threads_work_at_once() -> None:
    """As many tasks run at a time as there are workers."""
    together = threading.Barrier(3)

    with Pool(3) as pool:
        done = list(pool.each(Task(HEAVY, partial(together.wait, PATIENCE)) for _ in range(3)))

    assert sorted(done) == [0, 1, 2]


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("weight", [LIGHT, HEAVY])
def test_first_error_stops_the_rest(workers: int, weight: int) -> None:
    """An error is raised to the caller, tasks not begun are left, and all threads are told."""
    begun: list[int] = []

    def work(n: int) -> None:
        begun.append(n)
        if n == 5:
            raise ValueError(n)

    with pytest.raises(ValueError, match="5"), Pool(workers) as pool:
        list(pool.each(Task(weight, partial(work, n)) for n in range(10_000)))

    assert pool.stopping.is_set()
    assert len(begun) < 1000


def test_error_of_the_stream_itself_stops_the_rest() -> None:
    """Where listing what to do fails, what was begun ends, and the error is raised."""
    done: list[int] = []
    begun = threading.Event()

    def work() -> None:
        begun.set()
        done.append(1)

    def failing() -> Iterator[Task[None]]:
        yield Task(HEAVY, work)
        assert begun.wait(PATIENCE)
        raise OSError("listing failed")

    with pytest.raises(OSError, match="listing failed"), Pool(2) as pool:
        list(pool.each(failing()))

    assert done == [1]
    assert pool.stopping.is_set()


def test_leaving_ends_with_the_tasks_in_flight() -> None:
    """Leaving with an error waits for what runs, begins nothing more, and ends."""
    release, ended = threading.Event(), threading.Event()

    def slow() -> None:
        release.wait(2)
        ended.set()

    def job() -> None:
        with pytest.raises(KeyError), Pool(2) as pool:
            fail_after_first(pool.each([Task(HEAVY, w) for w in (int, slow, slow, slow)]))

    def fail_after_first(results: Iterator[object]) -> None:
        next(results)
        release.set()
        raise KeyError(results)

    running = threading.Thread(target=job, daemon=True)
    running.start()
    running.join(3)

    assert not running.is_alive()
    assert ended.is_set()


def test_error_in_the_block_tells_the_threads() -> None:
    """An error beside the tasks gives the job up as well."""
    with pytest.raises(KeyError), Pool(1) as pool:
        raise KeyError

    assert pool.stopping.is_set()


def test_job_at_work_is_not_given_up() -> None:
    """While all goes well, no thread is told to stop."""
    with Pool(2) as pool:
        done = list(pool.each(Task(LIGHT, pool.stopping.is_set) for _ in range(100)))
        assert not pool.stopping.is_set()

    assert not any(done)


def test_turn_is_one_threads_at_a_time() -> None:
    """Two threads never have it together, but for what is done aside."""
    turn, inside, most = Turn(), 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(200):
            with turn:
                inside += 1
                most = max(most, inside)
                inside -= 1
                with turn.aside():
                    pass
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert most == 1


@pytest.mark.parametrize(
    ("held", "worked", "worth"),
    [(0.001, 0.001, True), (0.001, 0.0005, True), (0.005, 0.001, False)],
)
def test_turns_are_worth_what_is_worked_in_them(
    held: float, worked: float, worth: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that works keeps turns worth taking; one that waits for storage ends them."""
    wall, own = [0.0], [0.0]
    monkeypatch.setattr("zarrlift.pool.time.perf_counter", lambda: wall[0])
    monkeypatch.setattr("zarrlift.pool.time.thread_time", lambda: own[0])
    turn = Turn()
    for _ in range(100):
        with turn:
            wall[0] += held
            own[0] += worked

    assert turn.worth is worth


def test_turns_ended_by_waiting_stay_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads are not sent back and forth."""
    wall, own = [0.0], [0.0]
    monkeypatch.setattr("zarrlift.pool.time.perf_counter", lambda: wall[0])
    monkeypatch.setattr("zarrlift.pool.time.thread_time", lambda: own[0])
    turn = Turn()
    for worked in (0.0, 1.0, 1.0):
        with turn:
            wall[0] += 1
            own[0] += worked

    assert not turn.worth


def test_turn_is_given_up_by_an_error() -> None:
    """An error leaves the turn to others, from within a call aside too."""
    turn = Turn()
    with pytest.raises(KeyError), turn, turn.aside():
        raise KeyError

    waiting = threading.Thread(target=turn.acquire, daemon=True)
    waiting.start()
    waiting.join(PATIENCE)
    assert not waiting.is_alive()


def test_buffer_is_the_threads_own() -> None:
    """A thread gets the same buffer each time, a larger one where it needs it, and no other's."""
    meet = threading.Barrier(2)

    def use(_: int) -> tuple[int, bool, int]:
        first = pool.buffer(10)
        meet.wait(PATIENCE)
        same = pool.buffer(5) is first is pool.buffer(10)
        return id(first), same, len(pool.buffer(100))

    with Pool(2) as pool:
        found = list(pool.each(Task(HEAVY, partial(use, n)) for n in range(2)))

    assert len({number for number, _, _ in found}) == 2
    assert [(same, length) for _, same, length in found] == [(True, 100)] * 2


def test_scratch_is_of_just_the_size_asked_for() -> None:
    """A thread keeps its memory for decoded chunks until it asks for another size."""
    with Pool(1) as pool:
        first = pool.scratch(1000)
        assert pool.scratch(1000) is first
        assert (len(first), len(pool.scratch(10)), len(pool.scratch(0))) == (1000, 10, 1)


def test_buffer_that_is_far_too_large_is_given_back() -> None:
    """A buffer made for huge chunks is not kept while smaller ones are written."""
    with Pool(1) as pool:
        assert len(pool.buffer(8 * 2**20)) == 8 * 2**20
        assert len(pool.buffer(2**20)) == 2**20


class _Caught(Turn):
    """A turn in which a signal catches the listing thread right after it took the lock."""

    def __init__(self) -> None:
        super().__init__()
        self.armed = False

    def __enter__(self) -> Self:
        self.acquire()
        if self.armed and threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt
        return self


def test_turn_that_nobody_gives_up_keeps_no_one_waiting() -> None:
    """A thread that was stopped while it took the turn does not hold up the others for ever."""
    turn, taken = _Caught(), threading.Event()

    def work() -> None:
        taken.wait(PATIENCE)
        with turn:
            pass

    def tasks() -> Iterator[Task[None]]:
        turn.armed = True
        yield Task(HEAVY, work)

    with Pool(1) as pool:
        pool.turn = turn
        results = pool.each(tasks())
        threading.Timer(0.2, taken.set).start()
        with pytest.raises(KeyboardInterrupt):
            list(results)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_every_thread_is_known_from_the_start(workers: int) -> None:
    """All are started together, with signals held back, so that the end waits for each."""
    seen: set[str] = set()

    def work() -> None:
        seen.update(t.name for t in threading.enumerate() if t.name.startswith("zarrlift"))

    with Pool(workers) as pool:
        list(pool.each([Task(1, work)]))

    assert len(seen) == workers
    assert signal.pthread_sigmask(signal.SIG_BLOCK, set()).isdisjoint({signal.SIGINT})


def test_threads_leave_signals_to_the_main_thread() -> None:
    """Where one was delivered to another thread, the main one would go on waiting."""
    with Pool(2) as pool:
        (held,) = pool.each([Task(1, lambda: signal.pthread_sigmask(signal.SIG_BLOCK, set()))])

    assert {signal.SIGINT, signal.SIGTERM} <= held
