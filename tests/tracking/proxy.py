"""A TCP proxy between MLflow's client and a real server, that can be slow or go away."""

import socket
import threading
import time
from contextlib import suppress


class Proxy:
    """Forwards loopback connections.

    Attributes:
        delay: each request waits so many seconds.
        requests_left: after so many requests every connection is refused; None: never.
    """

    def __init__(self, port: int) -> None:
        self.delay = 0.0
        self.requests_left: int | None = None
        self._upstream = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.uri = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                if self.requests_left == 0:
                    client.close()
                    continue
                server = socket.create_connection(("127.0.0.1", self._upstream))
                for forward in (self._requests, self._answers):
                    threading.Thread(target=forward, args=(client, server), daemon=True).start()

    def _requests(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                if self.requests_left is not None:
                    if self.requests_left == 0:
                        break
                    self.requests_left -= 1
                time.sleep(self.delay)
                server.sendall(data)
        for end in (client, server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _answers(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                client.sendall(data)
