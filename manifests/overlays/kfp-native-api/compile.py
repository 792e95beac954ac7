"""Write the pipelines as Kubernetes objects, a Pipeline and its PipelineVersion each: python compile.py [folder].

The image in them is the one that BIASGATE_IMAGE names, by digest; kustomize does not reach it. A version never changes
once applied, so its name carries a digest of what it holds.
"""

import hashlib
import sys
from pathlib import Path

from kfp.compiler import Compiler
from kfp.compiler.compiler_utils import KubernetesManifestOptions

from biasgate.kubeflow.catalogue import PIPELINES, load_pipeline
from biasgate.kubeflow.compile import compile_pipeline


def compile_native(folder: Path) -> None:
    """Writes one file a pipeline into a folder."""
    for name in PIPELINES:
        pipeline, target = load_pipeline(name), compile_pipeline(name, folder)
        digest = hashlib.sha256(target.read_bytes()).hexdigest()
        Compiler().compile(
            pipeline,
            str(target),
            kubernetes_manifest_format=True,
            kubernetes_manifest_options=KubernetesManifestOptions(
                pipeline_name=pipeline.name,
                pipeline_version_name=f"{pipeline.name}-{digest[:8]}",
                namespace="biasgate-runs",
                include_pipeline_manifest=True,
            ),
        )


if __name__ == "__main__":
    compile_native(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
