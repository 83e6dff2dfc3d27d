"""The protocols of evaluation, one file each; `table` lists them."""
