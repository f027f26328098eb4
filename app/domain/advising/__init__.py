"""The rules behind the advice about a run: what is known of it, its curves, what they say, what can be changed."""
