"""The load generator: clients that scan over HTTP, in a process of its own.

It uses plain sockets and requests that are built beforehand, so that on a machine with two cores the clients take
little CPU from the server. It reads its order as JSON on stdin and writes its result as JSON on stdout.
"""

import json
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field

from tests.support.connection import Client, request

_OK = 200


@dataclass(slots=True)
class Tally:
    """What happened: the results by name, each latency in seconds, the whole in seconds."""

    results: dict[str, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0


def run(host: str, port: int, requests: list[bytes], *, clients: int, per_second: float | None = None) -> Tally:
    """Send each request once, by `clients` connections at a time; at most `per_second` begin in a second."""
    tally = Tally()
    ready = threading.Barrier(clients + 1)
    todo = iter(enumerate(requests))
    lock = threading.Lock()

    def serve() -> None:
        client = Client(host, port)
        results: Counter[str] = Counter()
        latencies: list[float] = []
        ready.wait()
        while True:
            with lock:
                place, one = next(todo, (0, None))
            if one is None:
                break
            if per_second is not None:
                time.sleep(max(0.0, started[0] + place / per_second - time.perf_counter()))
            began = time.perf_counter()
            status, body = client.ask(one)
            latencies.append(time.perf_counter() - began)
            result = json.loads(body).get("result") if status == _OK else None
            results[str(result) if result else f"HTTP {status}"] += 1
        with lock:
            tally.results = dict(Counter(tally.results) + results)
            tally.latencies += latencies

    started: list[float] = []
    threads = [threading.Thread(target=serve) for _ in range(clients)]
    for thread in threads:
        thread.start()
    began = time.perf_counter()
    started.append(began)
    ready.wait()
    for thread in threads:
        thread.join()
    tally.seconds = time.perf_counter() - began
    return tally


def main() -> None:
    """Carry out one order."""
    order = json.load(sys.stdin)
    bodies = order["bodies"]
    # One caller, or one for each request.
    tokens = order.get("tokens") or [order["token"]] * len(bodies)
    requests = [
        request("POST", order["path"], body, host=order["host"], token=token)
        for body, token in zip(bodies, tokens, strict=True)
    ]
    tally = run(order["host"], order["port"], requests, clients=order["clients"], per_second=order.get("per_second"))
    json.dump(asdict(tally), sys.stdout)


if __name__ == "__main__":
    main()
