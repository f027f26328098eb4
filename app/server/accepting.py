"""Several connections are accepted in a turn of the event loop.

libuv accepts one of each listener, and a turn may hold a batch of predictions: of 64 clients that came at once, the
last waited for 64 of them. So a socket has several listeners.
"""

import asyncio
import os
import socket
from collections.abc import Callable, Sequence

AT_ONCE = 16  # connections in a turn, of each address


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
