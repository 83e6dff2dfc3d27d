"""The tab Click: click on objects."""
