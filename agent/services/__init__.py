"""What the agent does for each role, without HTTP and without a terminal."""
