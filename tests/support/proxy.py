"""A TCP proxy that can be cut: what stands between a service and its database when the network fails."""

import selectors
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Proxy:
    """Listens on a port of 127.0.0.1 and passes everything on to another one."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listening: socket.socket | None = None
        self.port = 0
        self._listen()

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Meanwhile all connections are broken and new ones are refused."""
        self.close()
        try:
            yield
        finally:
            self._listen()

    def outage(self, seconds: float) -> None:
        """Cut for so long."""
        with self.cut():
            time.sleep(seconds)

    def close(self) -> None:
        """Break everything."""
        with self._lock:
            ended, self._listening = self._listening, None
            for one in [*([ended] if ended else []), *self._open]:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for it
                one.close()
            self._open.clear()

    def _listen(self) -> None:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self.port))
        listening.listen(64)
        self.port = listening.getsockname()[1]
        self._listening = listening
        threading.Thread(target=self._accept, args=(listening,), daemon=True).start()

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self._target))
                except OSError:  # nobody listens there now
                    client.close()
                    continue
                with self._lock:
                    if self._listening is not listening:  # cut in this moment
                        client.close()
                        server.close()
                        return
                    self._open |= {client, server}
                threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError, ValueError), selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in selector.select():
                    one = key.fileobj
                    assert isinstance(one, socket.socket)
                    data = one.recv(65_536)
                    if not data:
                        return self._end(client, server)
                    key.data.sendall(data)
        return self._end(client, server)

    def _end(self, *ended: socket.socket) -> None:
        with self._lock:
            self._open -= set(ended)
            for one in ended:
                one.close()
