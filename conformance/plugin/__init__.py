"""pytest and nothing else: its hooks, the controller, the workers, and the process of the sandbox."""
