"""The HTTP server: uvicorn's side of the API, from the bytes of a connection to the application's call and back.

What a request passes, from the outside in:

uvicorn_server    uvicorn's server: ticks, and how it stops; this and the next are all that know uvicorn
uvicorn_adapter   uvicorn's protocol under names of our own
accepting         many clients that come at once are let in together; before the end nobody else
connection        a client's connection: timeouts, rejections, the closing
pipelining        input is parsed one request at a time, in turns with other connections, within size limits
inline            small requests are answered without an ASGI cycle ("inline")
gate              the middleware: keys, hosts, body limits; for `/predict` one that goes past FastAPI ("direct")
application       the ASGI application: FastAPI, and what is answered directly
serving           the process: sockets, file limits, uvicorn's configuration

`direct` says what a direct handler is; `batcher` answers the inline requests of one turn of the event loop together.
"""
