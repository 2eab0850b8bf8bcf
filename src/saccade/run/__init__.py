"""The run directory: append, read, verify, follow. No Keras, no JAX."""
