"""Pipelines on Kubeflow: the only room that imports kfp."""
