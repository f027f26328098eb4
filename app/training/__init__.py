"""Training with Keras. The only package that imports keras or tensorflow; it runs in the trainer process."""
