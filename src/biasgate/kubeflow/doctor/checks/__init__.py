"""The checks, a function each: each looks at one thing. ``CHECKS`` is the order that people read."""

from biasgate.kubeflow.doctor.checks.capacity import image, nodes, quota
from biasgate.kubeflow.doctor.checks.mounts import config_maps, secrets
from biasgate.kubeflow.doctor.checks.namespace import account, kubeflows_own_objects, namespace
from biasgate.kubeflow.doctor.checks.network import network_policies
from biasgate.kubeflow.doctor.checks.pipelines import pipelines, version
from biasgate.kubeflow.doctor.checks.platform import argos_sidecar, mlflow_plugin, retries
from biasgate.kubeflow.doctor.checks.registry import mlflows_pages
from biasgate.kubeflow.doctor.finding import Check

CHECKS: tuple[Check, ...] = (
    pipelines,
    version,
    namespace,
    account,
    kubeflows_own_objects,
    secrets,
    config_maps,
    argos_sidecar,
    network_policies,
    image,
    nodes,
    quota,
    retries,
    mlflow_plugin,
    mlflows_pages,
)
