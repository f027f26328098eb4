"""One module per noun. Handlers only translate; the services do the work."""
