"""Confidence that means something: fitted on held-out answers, in plain numpy and scipy."""
