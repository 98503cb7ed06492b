"""A port for the processes of one test."""

import socket


def free_port() -> str:
    """Return the number of a port of this machine that nothing listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])
