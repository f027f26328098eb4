"""Answering with a trained network in NumPy, without TensorFlow."""
