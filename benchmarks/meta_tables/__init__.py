"""The tables of the pages about reading weights, made from the benchmark's results: a subject a file."""
