"""Acts at the same moment, in threads of their own."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence

from chalicelib.errors import Refusal


def at_once(acts: Sequence[Callable[[], object]]) -> Counter[str]:
    """Do all of these at the same moment; return how many were done, and why the others were refused."""
    answers: Counter[str] = Counter()
    faults: list[BaseException] = []
    together = threading.Barrier(len(acts))

    def work(act: Callable[[], object]) -> None:
        together.wait(60)
        try:
            act()
            answers["done"] += 1
        except Refusal as refusal:
            answers[type(refusal).__name__] += 1
        except BaseException as fault:  # noqa: BLE001  # reported to the test, which runs in another thread
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    return answers
