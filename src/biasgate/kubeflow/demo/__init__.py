"""The demo: the whole mission on real digits, on one machine."""
