"""Object storage through fsspec: objects put, fetched, listed and removed; and what of them is kept on this machine."""
