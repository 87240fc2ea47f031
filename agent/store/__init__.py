"""Where the agent service keeps what must survive: one encrypted vault, and a folder of public objects."""
