"""The tab Proposals: masks without a click, as an ordered list."""
