"""The node: one WebSocket server of the cluster. Nothing imports this package but its own CLI."""
