"""Data sets x segmentors -> rows -> tables."""
