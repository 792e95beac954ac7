#!/usr/bin/env bash
# A kind cluster with a stock single-user Kubeflow Pipelines and biasgate, installed in the steps of docs/how-to/kubeflow.md.
# Needs docker, kind and kubectl, and biasgate:dev built (make images). Writes what tests/cluster needs into the file that it is given.
set -euo pipefail
variables=$1 version=${KFP_VERSION:-2.17.0} here=$(cd "$(dirname "$0")" && pwd) work=$(mktemp -d) runs=kubeflow
root=$here/../..
PATH=$root/.venv/bin:$PATH

# The image, in a registry that the nodes know by the same name.
docker run -d --restart=always -p 127.0.0.1:5001:5000 --name kind-registry registry:2
kind create cluster --name biasgate --config - <<KIND
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
containerdConfigPatches:
  - |-
    [plugins."io.containerd.grpc.v1.cri".registry]
      config_path = "/etc/containerd/certs.d"
KIND
for node in $(kind get nodes --name biasgate); do
  docker exec "$node" mkdir -p /etc/containerd/certs.d/localhost:5001
  docker exec -i "$node" tee /etc/containerd/certs.d/localhost:5001/hosts.toml <<< '[host."http://kind-registry:5000"]' >/dev/null
done
docker network connect kind kind-registry
docker tag biasgate:dev localhost:5001/biasgate:dev
docker push --quiet localhost:5001/biasgate:dev
image=$(docker inspect --format '{{index .RepoDigests 0}}' localhost:5001/biasgate:dev)

# Kubeflow Pipelines, as its own documentation installs it.
kustomize=https://github.com/kubeflow/pipelines/manifests/kustomize
kubectl apply -k "$kustomize/cluster-scoped-resources?ref=$version"
kubectl wait --for=condition=established --timeout=60s crd/applications.app.k8s.io
kubectl apply -k "$kustomize/env/platform-agnostic?ref=$version"
kubectl -n $runs rollout status deployment/ml-pipeline --timeout=15m

# biasgate.
mkdir "$work/keys" "$work/overlay"
for who in owner gate promoter; do
  biasgate keys generate "$work/keys/$who" --trusted "$work/keys/trusted" --owner "$who" --role "$who"
done
mkdir "$work/keys/policies"
biasgate policy show digits_demo > "$work/keys/policies/policy.yaml"
ln -s "$root/manifests" "$work/manifests"
cat > "$work/overlay/kustomization.yaml" <<OVERLAY
resources: [../manifests/overlays/standalone]
images: [{name: biasgate, newName: localhost:5001/biasgate, digest: "${image#*@}"}]
OVERLAY
kubectl apply -k "$root/manifests/namespaces/registry"
bash "$root/manifests/secrets.sh" "$work/keys" $runs | kubectl apply -f -
kubectl apply -k "$work/overlay"
kubectl -n biasgate rollout status statefulset/s3 statefulset/postgres deployment/mlflow --timeout=10m
for service in "biasgate mlflow 5000" "biasgate s3 8333" "$runs ml-pipeline 8888"; do
  read -r namespace name port <<< "$service"
  (while true; do kubectl -n "$namespace" port-forward "service/$name" "$port" || sleep 1; done) >/dev/null 2>&1 &
done
curl -fsS --retry 30 --retry-all-errors -o /dev/null localhost:5000/health
bash "$root/manifests/accounts.sh" $runs digits
held() { kubectl -n $runs get secret "$1" -o "jsonpath={.data.$2}" | base64 -d; }

cat > "$variables" <<VARIABLES
KFP_ENDPOINT=http://localhost:8888
BIASGATE_IMAGE=$image
BIASGATE_KFP_SETTINGS=$root/manifests/overlays/kind/settings.yaml
BIASGATE_LOG=s3://biasgate/log
BIASGATE_TRUSTED_KEYS=$work/keys/trusted
BIASGATE_OWNER_KEY_FILE=$work/keys/owner/signing-key.pem
MLFLOW_TRACKING_URI=http://localhost:5000
MLFLOW_TRACKING_USERNAME=runner
MLFLOW_TRACKING_PASSWORD=$(held biasgate-mlflow MLFLOW_TRACKING_PASSWORD)
AWS_ENDPOINT_URL=http://localhost:8333
AWS_ACCESS_KEY_ID=runner
AWS_SECRET_ACCESS_KEY=$(held biasgate-s3 AWS_SECRET_ACCESS_KEY)
AWS_DEFAULT_REGION=us-east-1
VARIABLES
