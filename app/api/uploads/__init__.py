"""Files on their way in: received into a file without a name, then handed to a process that reads them."""
