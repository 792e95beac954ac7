"""KFP pipelines of biasgate: each file reads as one page."""
