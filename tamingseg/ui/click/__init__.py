"""The first tab: click on things."""
