"""The `cairn` command: every role, without a terminal user interface. Also the route for screen readers."""
