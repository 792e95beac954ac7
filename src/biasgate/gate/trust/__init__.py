"""Trust: keys, signatures, identities, waivers."""
