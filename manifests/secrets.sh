#!/usr/bin/env bash
# Every secret of an install whose database and object store lie inside (overlays kind and standalone), with passwords drawn anew:
#   bash manifests/secrets.sh KEYS NAMESPACE-OF-RUNS > secrets.yaml
# The folder KEYS holds gate/, promoter/, trusted/ and policies/. Where database or store lie outside, fill in secrets.template.yaml.
set -euo pipefail
keys=$1 runs=$2
database=postgres.biasgate.svc.cluster.local:5432/mlflow mlflow=http://mlflow.biasgate.svc.cluster.local:5000
store=http://s3.biasgate.svc.cluster.local:8333

draw() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
secret() { kubectl -n "$1" create secret generic "$2" "${@:3}" --dry-run=client -o yaml && echo ---; }
files() { kubectl -n "$1" create configmap "$2" --from-file "$3" --dry-run=client -o yaml && echo ---; }
mlflow_as() { echo "--from-literal=MLFLOW_TRACKING_USERNAME=$1" "--from-literal=MLFLOW_TRACKING_PASSWORD=$(draw)"; }
s3_as() { echo "--from-literal=AWS_ACCESS_KEY_ID=$1" "--from-literal=AWS_SECRET_ACCESS_KEY=$2"; }
identity() {
  printf '{"name": "%s", "credentials": [{"accessKey": "%s", "secretKey": "%s"}], "actions": [%s]}' "$1" "$1" "$2" "$3"
}

password=$(draw) admin=$(draw)
mlflow_key=$(draw) promoter_key=$(draw) reconcile_key=$(draw) runner_key=$(draw)
read='"Read:biasgate", "List:biasgate"'
accounts="[mlflow]
default_permission = READ
database_uri = postgresql+psycopg2://mlflow:$password@$database
admin_username = admin
admin_password = $admin
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
"
identities="{\"identities\": [$(identity mlflow "$mlflow_key" '"Admin"'),
$(identity promoter "$promoter_key" "$read, \"Write:biasgate\""),
$(identity reconcile "$reconcile_key" "$read, \"Write:biasgate/messages/*\""),
$(identity runner "$runner_key" "$read, \"Write:biasgate\"")]}"

# shellcheck disable=SC2046  # each word is an option
{
  secret biasgate postgres --from-literal=password="$password"
  secret biasgate mlflow-server --from-literal=MLFLOW_BACKEND_STORE_URI="postgresql+psycopg2://mlflow:$password@$database" \
    --from-literal=MLFLOW_FLASK_SERVER_SECRET_KEY="$(draw)" --from-literal=basic_auth.ini="$accounts" \
    --from-literal=MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY="$(head -c 32 /dev/urandom | base64 | tr '+/' '-_')"
  secret biasgate s3-identities --from-literal=identities.json="$identities"
  secret biasgate mlflow-storage $(s3_as mlflow "$mlflow_key")
  secret biasgate promoter-services $(mlflow_as promoter) $(s3_as promoter "$promoter_key")
  secret biasgate reconcile-services $(mlflow_as reconcile) $(s3_as reconcile "$reconcile_key")
  secret biasgate biasgate-sinks --from-literal=sinks.yaml=          # nobody is told yet: docs/how-to/messages.md
  secret biasgate receiver-webhook --from-literal=secret="$(draw)"
  secret biasgate promoter-signing-key --from-file=key.pem="$keys/promoter/signing-key.pem"
  files biasgate trusted-keys "$keys/trusted"
  files biasgate allowed-policies "$keys/policies"
  secret "$runs" biasgate-mlflow --from-literal=MLFLOW_TRACKING_URI="$mlflow" $(mlflow_as runner)
  secret "$runs" biasgate-s3 $(s3_as runner "$runner_key") --from-literal=AWS_ENDPOINT_URL="$store" \
    --from-literal=AWS_DEFAULT_REGION=us-east-1
  secret "$runs" biasgate-signing-key --from-file=BIASGATE_SIGNING_KEY="$keys/gate/signing-key.pem"
  files "$runs" trusted-keys "$keys/trusted"
}
