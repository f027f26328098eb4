"""What goes over HTTP, as forms by noun; services answer with them. What a recipe and a run are made of is `domain`."""
