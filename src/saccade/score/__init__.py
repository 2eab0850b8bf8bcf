"""Every picture of a set through a network: in constant memory, and gone on with."""
