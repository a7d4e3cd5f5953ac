"""The gate's crowd: clients that scan over HTTP, in a process of its own.

Plain sockets and requests that are made beforehand, so that on a machine with two cores the clients take
as little from the server as they can. Reads its orders as JSON on stdin, answers as JSON on stdout.
"""

import json
import socket
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

_TIMEOUT_SECONDS = 10


@dataclass(slots=True)
class Tally:
    """What happened: the results by name, each latency in seconds, the whole in seconds."""

    results: dict[str, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0


class Client:
    """One connection that is kept open."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=_TIMEOUT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = b""

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; return the answer's status and body."""
        self._socket.sendall(request)
        while (end := self._read.find(b"\r\n\r\n")) < 0:
            self._receive()
        head, self._read = self._read[:end], self._read[end + 4 :]
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = int(headers["content-length"])
        while len(self._read) < length:
            self._receive()
        body, self._read = self._read[:length], self._read[length:]
        return status, body

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _receive(self) -> None:
        more = self._socket.recv(65536)
        if not more:
            raise ConnectionError("the server closed the connection")
        self._read += more


def request(method: str, path: str, body: dict[str, Any] | None, *, host: str, token: str | None = None) -> bytes:
    """Return an HTTP/1.1 request as it goes over the wire."""
    content = json.dumps(body).encode() if body is not None else b""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/json"]
    lines += [f"Content-Length: {len(content)}"] + ([f"Authorization: Bearer {token}"] if token else [])
    return "\r\n".join([*lines, "", ""]).encode() + content


def run(host: str, port: int, requests: list[bytes], *, clients: int) -> Tally:
    """Send each request once, by `clients` connections at a time."""
    tally = Tally()
    ready = threading.Barrier(clients + 1)
    todo = iter(requests)
    lock = threading.Lock()

    def serve() -> None:
        client = Client(host, port)
        results: Counter[str] = Counter()
        latencies: list[float] = []
        ready.wait()
        while True:
            with lock:
                one = next(todo, None)
            if one is None:
                break
            began = time.perf_counter()
            status, body = client.ask(one)
            latencies.append(time.perf_counter() - began)
            results[str(json.loads(body).get("result")) if status == 200 else f"HTTP {status}"] += 1
        with lock:
            tally.results = dict(Counter(tally.results) + results)
            tally.latencies += latencies

    threads = [threading.Thread(target=serve) for _ in range(clients)]
    for thread in threads:
        thread.start()
    ready.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    tally.seconds = time.perf_counter() - began
    return tally


def main() -> None:
    """Carry out one order."""
    order = json.load(sys.stdin)
    requests = [
        request("POST", order["path"], body, host=order["host"], token=order["token"]) for body in order["bodies"]
    ]
    json.dump(asdict(run(order["host"], order["port"], requests, clients=order["clients"])), sys.stdout)


if __name__ == "__main__":
    main()
