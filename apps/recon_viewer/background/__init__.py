"""What runs beside the window: threads and the worker process."""
