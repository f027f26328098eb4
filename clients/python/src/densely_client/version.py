"""The release of this client; of the service that it was made for."""

VERSION = "0.1.0"
