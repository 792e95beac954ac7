"""Meta-classifiers: from weight features to bias level and measured bias, calibrated, able to abstain."""
