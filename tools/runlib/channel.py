# SPDX-License-Identifier: Apache-2.0
"""Sockets that never make the session wait: what cannot be sent yet is kept and
sent when there is room. Used by session.py for the machine's console and for
the clients of --socket."""

import os
import selectors
import socket


class Channel:
    """One connection, registered with `selector` under the call `on_data(bytes)`."""

    def __init__(self, selector, connection, on_data):
        self.selector = selector
        self.connection = connection
        self.on_data = on_data
        self.waiting = bytearray()
        connection.setblocking(False)
        selector.register(connection, selectors.EVENT_READ, self.ready)

    @property
    def open(self):
        return self.connection is not None

    def send(self, data):
        if self.open and data:
            self.waiting += data
            self.flush()

    def flush(self):
        try:
            while self.waiting:
                del self.waiting[:self.connection.send(self.waiting)]
        except BlockingIOError:
            pass
        except OSError:
            self.close()
        if self.open:
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self.waiting else 0)
            self.selector.modify(self.connection, wanted, self.ready)

    def ready(self, mask):
        if mask & selectors.EVENT_WRITE:
            self.flush()
        if self.open and mask & selectors.EVENT_READ:
            self.receive()

    def receive(self):
        """Hands on what has come; closes at the end. Returns whether anything came."""
        try:
            data = self.connection.recv(65536)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self.close()
            return False
        self.on_data(data)
        return True

    def close(self):
        if self.open:
            self.selector.unregister(self.connection)
            self.connection.close()
            self.connection = None


class Server:
    """The Unix socket of --socket: every client gets the console from power-on."""

    def __init__(self, selector, path, history, on_data):
        self.selector = selector
        self.path = path
        self.history = history
        self.on_data = on_data
        self.clients = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.listener.setblocking(False)
        selector.register(self.listener, selectors.EVENT_READ, self.accept)

    def accept(self, _mask):
        connection, _ = self.listener.accept()
        client = Channel(self.selector, connection, self.on_data)
        self.clients.append(client)
        client.send(self.history)

    def send(self, data):
        self.clients = [client for client in self.clients if client.open]
        for client in self.clients:
            client.send(data)

    def waiting(self):
        return any(client.open and client.waiting for client in self.clients)

    def close(self):
        self.selector.unregister(self.listener)
        self.listener.close()
        os.unlink(self.path)
        for client in self.clients:
            client.close()
