"""The tests; a folder mirrors each package, and `services` holds what they run against."""
