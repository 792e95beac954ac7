"""One training loop, used by the zoo, by candidates and by repair."""
