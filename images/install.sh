#!/bin/sh
# Install biasgate's dependencies into /opt/biasgate: install.sh cpu|gpu|serving [index that serves the torch build]
# The variable EXTRAS names extras beside those that every image of the flavour has.
set -eu
flavour=$1
torch_index=${2:-}
python=/opt/biasgate/bin/python

install() { python3 -m pip --python "$python" install "$@"; }

# The named index is asked for torch alone, so that it cannot stand in for any other package.
if [ -n "$torch_index" ]; then
    install --no-deps --index-url "$torch_index" torch
fi
# shellcheck disable=SC2086  # a word an extra
"$python" images/dependencies.py "$flavour" ${EXTRAS:-} >/tmp/dependencies.txt
if [ "$flavour" = serving ]; then
    install --requirement /tmp/dependencies.txt
    exit
fi
install --requirement /tmp/dependencies.txt --requirement images/mlflow-server.txt --constraint images/gpu.txt
# A component needs kfp's executor, not its client.
install --no-deps kfp kfp-kubernetes kfp-pipeline-spec

"$python" - "$flavour" <<'CHECK'
import sys

import torch

built_for = "gpu" if torch.version.cuda else "cpu"
if built_for != sys.argv[1]:
    sys.exit(f"torch {torch.__version__} is a {built_for} build; name the index of {sys.argv[1]} builds with --build-arg TORCH_INDEX_URL")
CHECK

# Neither headers, test suites nor build tools are used at run time; torch itself starts its shared-memory manager.
find /opt/biasgate/lib -type d \
    \( -path '*/torch/include' -o -path '*/torch/test' -o -path '*/pyarrow/include' -o -name tests \) -prune -exec rm -r {} +
find /opt/biasgate/lib -path '*/torch/bin/*' ! -name torch_shm_manager -delete
