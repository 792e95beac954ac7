"""KFP components of biasgate: each body imports one step of the library and calls it."""
