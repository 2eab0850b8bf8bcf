"""The live page's server: follows run directories, answers a browser. docs/reference/live.md."""
