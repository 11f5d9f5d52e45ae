"""Background work of the window: threads and the worker process."""
