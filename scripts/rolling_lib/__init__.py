"""What `scripts/rolling-restart` consists of: nodes that restart in turn, watched clients."""
