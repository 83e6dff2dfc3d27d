"""The second tab: masks without a click, as an ordered list."""
