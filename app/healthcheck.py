"""Whether the API of this container is ready, as its exit status; nothing but the standard library, so at once.

The database is not asked for: without it predictions go on, and another container would have it no sooner.
"""

import http.client
import os
import sys

TIMEOUT = 3.0  # seconds


def ready(port: int) -> bool:
    """What `GET /health/ready` says on loopback; no proxy of the environment is asked."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.request("GET", "/health/ready?database=false")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if ready(int(os.environ.get("DENSELY_PORT") or 8000)) else 1)
