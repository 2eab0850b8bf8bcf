"""Engine, fit, evaluate, predict, recipes."""
