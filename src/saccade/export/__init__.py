"""A run becomes a bundle: the network as one file, proved to answer as the run does."""
