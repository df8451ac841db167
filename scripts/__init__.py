"""Commands for those who work on the project; the logic is in `scripts.stack`."""
