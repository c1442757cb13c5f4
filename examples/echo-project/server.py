"""An echo server with a thread per connection: python3 server.py --port 9000."""

import argparse
import socketserver

BUFFER_BYTES = 16 * 1024


class Echo(socketserver.BaseRequestHandler):
    """Sends back whatever a client sends."""

    def handle(self) -> None:
        """Serve a connection until its client closes it."""
        buffer = bytearray(BUFFER_BYTES)
        while size := self.request.recv_into(buffer):
            self.request.sendall(memoryview(buffer)[:size])


class Server(socketserver.ThreadingTCPServer):
    """Listens on loopback."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=9000)
    with Server(("127.0.0.1", parser.parse_args().port), Echo) as server:
        server.serve_forever()
