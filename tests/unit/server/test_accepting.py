"""Many clients that come at once are let in together, however long a turn of the event loop takes."""

import asyncio
import socket
from contextlib import ExitStack

import uvicorn
import uvloop
from starlette.types import Receive, Scope, Send

from app.server.accepting import AT_ONCE
from app.server.uvicorn_server import Server

CLIENTS = 4 * AT_ONCE
TURNS = 12  # libuv needs one or two more than the clients over the listeners


async def nothing(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """An application that nobody asks."""


async def turns_until_all_are_in(clients: ExitStack) -> int:
    """How many turns of the loop it takes, while each may take long."""
    config = uvicorn.Config(nothing, host="127.0.0.1", port=0, lifespan="off", log_level="warning")
    config.load()
    server = Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    address = server.servers[0].sockets[0].getsockname()
    for _ in range(CLIENTS):  # the system takes them before anybody accepts
        clients.enter_context(socket.create_connection(address))
    turns = 0
    while len(server.server_state.connections) < CLIENTS and turns < 10 * CLIENTS:
        await asyncio.sleep(0)
        turns += 1
    clients.close()
    await server.shutdown()
    return turns


def test_clients_that_come_together_need_not_wait_for_as_many_turns() -> None:
    with ExitStack() as clients, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        turns = runner.run(turns_until_all_are_in(clients))

    assert turns <= TURNS
