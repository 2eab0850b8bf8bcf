"""What a run's record shows of how it went: run directories only, no Keras, no JAX."""
