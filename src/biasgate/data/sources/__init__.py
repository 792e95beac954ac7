"""Kinds of data source, one a file: how a data set is declared, and how it is loaded."""
