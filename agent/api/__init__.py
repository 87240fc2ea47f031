"""HTTP: the public listener, the local admin listener, and what our own ACA-Py calls."""
