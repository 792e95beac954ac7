#!/usr/bin/env bash
# Every secret of an install whose database and object store lie inside (overlays kind and standalone), with passwords drawn anew:
#   bash manifests/secrets.sh KEYS NAMESPACE-OF-RUNS > secrets.yaml
# Once: the database keeps its first password, and another run draws another. The folder KEYS holds gate/, promoter/, trusted/ and
# policies/. Where database or store lie outside, fill in secrets.template.yaml. No password is an argument of a command, where others
# on this machine could read it.
set -euo pipefail
umask 077
keys=$1 runs=$2 work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
database=postgres.biasgate.svc.cluster.local:5432/mlflow mlflow=http://mlflow.biasgate.svc.cluster.local:5000
store=http://s3.biasgate.svc.cluster.local:8333

draw() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
create() { kubectl -n "$1" create "${@:2}" --dry-run=client -o yaml && echo ---; }
secret() {       # NAMESPACE NAME KEY=VALUE …
  mkdir "$work/$2"
  for held in "${@:3}"; do printf %s "${held#*=}" > "$work/$2/${held%%=*}"; done
  create "$1" secret generic "$2" --from-file "$work/$2"
}
mlflow_as() { echo "MLFLOW_TRACKING_USERNAME=$1" "MLFLOW_TRACKING_PASSWORD=$(draw)"; }
s3_as() { echo "AWS_ACCESS_KEY_ID=$1" "AWS_SECRET_ACCESS_KEY=$2"; }
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

# shellcheck disable=SC2046  # each word is a key and its value
{
  secret biasgate postgres password="$password"
  secret biasgate mlflow-server MLFLOW_BACKEND_STORE_URI="postgresql+psycopg2://mlflow:$password@$database" \
    MLFLOW_FLASK_SERVER_SECRET_KEY="$(draw)" basic_auth.ini="$accounts" \
    MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY="$(head -c 32 /dev/urandom | base64 | tr '+/' '-_')"
  secret biasgate s3-identities identities.json="$identities"
  secret biasgate mlflow-storage $(s3_as mlflow "$mlflow_key")
  secret biasgate promoter-services $(mlflow_as promoter) $(s3_as promoter "$promoter_key")
  secret biasgate reconcile-services $(mlflow_as reconcile) $(s3_as reconcile "$reconcile_key")
  secret biasgate biasgate-sinks sinks.yaml=          # nobody is told yet: docs/how-to/messages.md
  secret biasgate receiver-webhook secret="$(draw)"
  create biasgate secret generic promoter-signing-key --from-file=key.pem="$keys/promoter/signing-key.pem"
  create biasgate configmap trusted-keys --from-file "$keys/trusted"
  create biasgate configmap allowed-policies --from-file "$keys/policies"
  secret "$runs" biasgate-mlflow MLFLOW_TRACKING_URI="$mlflow" $(mlflow_as runner)
  secret "$runs" biasgate-s3 $(s3_as runner "$runner_key") AWS_ENDPOINT_URL="$store" \
    AWS_DEFAULT_REGION=us-east-1
  create "$runs" secret generic biasgate-signing-key --from-file=BIASGATE_SIGNING_KEY="$keys/gate/signing-key.pem"
  create "$runs" configmap trusted-keys --from-file "$keys/trusted"
}
