"""Whether Kubeflow Pipelines answers, to this account, in the version that pipelines are compiled for."""

import re
from collections.abc import Iterator

from biasgate.errors import BiasgateError
from biasgate.kubeflow.client import REFUSES, TOKEN, connect, explained
from biasgate.kubeflow.doctor.finding import Finding, note, ok, unknown, wrong
from biasgate.kubeflow.doctor.site import Site

OLDEST = (2, 17)
API_SERVER = "ml-pipeline"


def pipelines(site: Site) -> Iterator[Finding]:
    """The API answers, and takes this account's token."""
    if site.pipelines is None:
        yield note("not asked", "Kubeflow Pipelines", fix="export KF_PIPELINES_ENDPOINT=http://…")
        return
    where = site.pipelines.endpoint
    try:
        client = connect(site.pipelines)
        with explained(where):
            client.list_runs(page_size=1, namespace=site.pipelines.namespace)
    except BiasgateError as error:
        token = f"kubectl -n {site.namespace} create token submitter --audience pipelines.kubeflow.org"
        others = error.fix or "name a profile with KF_PIPELINES_NAMESPACE where there are several users"
        yield wrong(error.what, where, fix=f"export {TOKEN}=$({token})" if error.what == REFUSES else others)
    else:
        yield ok("answers", where)


def version(site: Site) -> Iterator[Finding]:
    """The API server is no older than what pipelines are compiled for."""
    where = f"Deployment {site.kubeflow}/{API_SERVER}"
    deployment = site.objects.get("apps/v1/deployments", API_SERVER, namespace=site.kubeflow)
    if deployment is None:
        yield wrong("Kubeflow Pipelines is not installed here", where, fix="name its namespace with --kubeflow")
        return
    image = str(deployment["spec"]["template"]["spec"]["containers"][0]["image"])
    if not (numbers := re.search(r":v?(\d+)\.(\d+)\.", image)):
        yield unknown(f"its image {image} bears no version", where)
        return
    found = int(numbers[1]), int(numbers[2])
    said = f"version {found[0]}.{found[1]}"
    if found >= OLDEST:
        yield ok(said, where)
    else:
        yield wrong(said, where, fix=f"upgrade Kubeflow Pipelines to {OLDEST[0]}.{OLDEST[1]}")
