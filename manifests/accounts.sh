#!/usr/bin/env bash
# MLflow's accounts with the rights that docs/how-to/kubeflow.md lists; run it again for another model or person:
#   kubectl -n biasgate port-forward service/mlflow 5000 &
#   bash manifests/accounts.sh NAMESPACE-OF-RUNS MODEL [PERSON …]
# Passwords are those of the secrets; a new person's is drawn and printed. The admin's is asked of the secret, or of ADMIN_PASSWORD once
# it is out of there. It needs curl, which gets passwords by a pipe, where others on this machine cannot read them.
set -euo pipefail
runs=$1 model=$2 server=${MLFLOW:-http://localhost:5000}
for name in "$@"; do
  [[ $name =~ ^[A-Za-z0-9][A-Za-z0-9@._+-]*$ ]] || { echo "no name of an account or a model: $name" >&2; exit 2; }
done

held() { kubectl -n "$1" get secret "$2" -o "jsonpath={.data.$3}" | base64 -d; }
ask() {          # USER:PASSWORD PATH [OPTION …]
  local user=${1//\\/\\\\}
  curl -sS --fail-with-body -K <(printf 'user = "%s"\n' "${user//\"/\\\"}") -H 'Content-Type: application/json' "${@:3}" "$server/api/$2"
}
made() {         # USER:PASSWORD PATH BODY; says in `new` whether it was not there yet
  local answer
  new=yes
  answer=$(ask "$1" "$2" -d @- <<<"$3") && return
  [[ $answer == *RESOURCE_ALREADY_EXISTS* ]] || { echo "$2: $answer" >&2; exit 1; }
  new='' && echo "there already: ${3%%, \"password*}" >&2
}
account() { made "$admin" 2.0/mlflow/users/create "{\"username\": \"$1\", \"password\": \"$2\"}"; }
experiment() {
  # Of another kind MLflow would show traces and prompts, and no metrics.
  made "$admin" 2.0/mlflow/experiments/create \
    "{\"name\": \"$1\", \"tags\": [{\"key\": \"mlflow.experimentKind\", \"value\": \"custom_model_development\"}]}"
  ask "$admin" "2.0/mlflow/experiments/get-by-name?experiment_name=$1" | tr -d ' \n' | sed 's/.*"experiment_id":"\([0-9]*\)".*/\1/'
}
edit() {
  made "$admin" 3.0/mlflow/users/permissions/grant \
    "{\"username\": \"$1\", \"resource_type\": \"$2\", \"resource_id\": \"$3\", \"permission\": \"EDIT\"}"
}

admin=admin:${ADMIN_PASSWORD:-$(held biasgate mlflow-server 'basic_auth\.ini' | sed -n 's/^admin_password = //p')}
runner=$(held "$runs" biasgate-mlflow MLFLOW_TRACKING_PASSWORD)
ask "$admin" "2.0/mlflow/users/get?username=admin" >/dev/null
account promoter "$(held biasgate promoter-services MLFLOW_TRACKING_PASSWORD)"
account reconcile "$(held biasgate reconcile-services MLFLOW_TRACKING_PASSWORD)"
account runner "$runner"
of_runs=$(experiment biasgate)
of_promotions=$(experiment biasgate-promotions)
edit runner experiment "$of_runs"
edit promoter experiment "$of_promotions"
edit reconcile registered_model_version '*'      # tags and descriptions of versions, no alias
made "runner:$runner" 2.0/mlflow/registered-models/create "{\"name\": \"$model-candidates\"}"      # whoever makes it owns it
edit promoter registered_model "$model-candidates"
for person in "${@:3}"; do
  password=$(head -c 12 /dev/urandom | od -An -tx1 | tr -d ' \n')
  account "$person" "$password" && drawn=$new
  edit "$person" experiment "$of_runs"
  edit "$person" registered_model "$model-candidates"
  [ -z "$drawn" ] || echo "$person $password"
done
