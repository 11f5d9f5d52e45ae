"""A server of the Model Context Protocol for agents: builds scenes, measures in them, shows them (``recon mcp``)."""
