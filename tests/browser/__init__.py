"""The page in a real browser: headless Chromium, against real nodes."""
