"""What a run looks like: its report and its card. Reads run directories only; no Keras, no JAX."""
