"""What of a cluster does not fit, said before a run waits for it: ``biasgate kfp doctor``."""
