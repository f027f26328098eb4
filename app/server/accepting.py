"""How connections are let in: several in a turn of the event loop, and at the end no more.

libuv accepts one of each listener, and a turn may hold a batch of predictions: of 64 clients that came at once, the
last waited for 64 of them. So a socket has several listeners.

The system makes connections before anybody accepts them, and resets those that wait when their socket is closed: with
the requests that were sent on them. So the first packet of new ones is dropped for a moment before that, in which
everybody who waits is let in. Who sent it sends it again a second later, and is refused: that loses no request.
"""

import asyncio
import ctypes
import os
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

AT_ONCE = 16  # connections in a turn, of each address

SO_ATTACH_FILTER = 26  # of Linux
# Classic BPF on a TCP header: (operation, where to if true, where to if false, operand).
NO_SYN = (
    (0x30, 0, 0, 13),  # load the byte with the flags
    (0x54, 0, 0, 0x12),  # of them SYN and ACK
    (0x15, 0, 1, 0x02),  # SYN alone begins a connection
    (0x06, 0, 0, 0),  # drop it
    (0x06, 0, 0, 0xFFFFFFFF),  # let all else pass
)


async def listen_again(
    servers: Sequence[asyncio.Server], protocol: Callable[[], asyncio.Protocol]
) -> list[asyncio.Server]:
    """Further servers on the same sockets; they end when they are closed, as those do."""
    loop = asyncio.get_running_loop()
    return [
        await loop.create_server(protocol, sock=socket.socket(fileno=os.dup(listening.fileno())))
        for server in servers
        for listening in server.sockets
        for _ in range(AT_ONCE - 1)
    ]


def let_nobody_new_in(servers: Sequence[asyncio.Server]) -> None:
    """From now on no connection is made to their sockets; those that are made are still accepted. Linux only."""
    if sys.platform != "linux":
        return
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in NO_SYN))
    option = struct.pack("HP", len(NO_SYN), ctypes.addressof(program))
    for listening in (each for server in servers for each in server.sockets):
        with socket.socket(fileno=os.dup(listening.fileno())) as same, suppress(OSError):  # where that is forbidden
            same.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, option)
